"""Writes scores, and the price of each open mismatch."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol

from sqlalchemy import Connection, and_, case, literal

from schemas.mismatch import Verdict
from tasks.warehouse.tables import mismatch, score

CITY_UNIT = "H26"
WHOLE = "all"


class Priced(Protocol):
    """A price by kind and values, as the scoring rules give it."""

    @property
    def kind(self) -> Any: ...
    @property
    def points(self) -> Fraction: ...
    @property
    def field(self) -> str: ...
    @property
    def city(self) -> tuple[str, ...]: ...
    @property
    def portal(self) -> tuple[str, ...]: ...


def exact(value: Fraction) -> Decimal:
    """Ten decimals, as the table keeps points."""
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("1e-10"))


def write_scores(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Add a run's score lines (columns of `core_index__score`, points as Fraction)."""
    if rows:
        connection.execute(score.insert(), [row | {"points": exact(row["points"])} for row in rows])


def write_prices(connection: Connection, prices: Sequence[Priced]) -> None:
    """Give every open mismatch its price; what nothing prices, or nobody can be sure of, costs 0."""
    m = mismatch.c
    branches = []
    for price in prices:
        condition = m.kind == price.kind.value
        if price.field:
            condition = and_(condition, m.field == price.field)
        if price.city:
            condition = and_(condition, m.city_value.in_(price.city))
        if price.portal:
            condition = and_(condition, m.portal_value.in_(price.portal))
        branches.append((condition, literal(exact(price.points), mismatch.c.points_lost.type)))
    sure = and_(m.resolved_at.is_(None), m.verdict != Verdict.UNKNOWN.value)
    zero = literal(Decimal(0), m.points_lost.type)
    connection.execute(mismatch.update().values(points_lost=case((~sure, zero), *branches, else_=zero)))
