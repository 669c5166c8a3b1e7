"""Orders to set mismatches aside: given, taken back, and applied to what is open now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, and_, insert, literal, select, update

from errors import ConfigError
from schemas.mismatch import SELECTORS, Verdict
from tasks.warehouse.bulk import fetch, to_frame
from tasks.warehouse.tables import mismatch, mismatch_event, suppression

COMMAND = "suppress"
"""What stands for the run of an event that the command itself wrote."""


def orders(connection: Connection) -> pd.DataFrame:
    """Orders that were not taken back, the oldest first: `suppression_id`, SELECTORS, `until`, `reason`, `made_at`."""
    s = suppression.c
    names = ("suppression_id", *SELECTORS, "until", "reason", "made_at")
    rows = select(*(s[name] for name in names)).where(s.lifted_at.is_(None)).order_by(s.made_at, s.suppression_id)
    return to_frame(fetch(connection, rows))


def give(
    connection: Connection, suppression_id: str, selected: Mapping[str, str], until: date, reason: str, at: datetime
) -> int:
    """Enter an order and apply it to the open mismatches that it means, with an event each; returns how many."""
    row = {"suppression_id": suppression_id, "until": until, "reason": reason, "made_at": at}
    connection.execute(insert(suppression).values({**dict.fromkeys(SELECTORS), **selected, **row}))
    meant = and_(
        mismatch.c.resolved_at.is_(None),
        mismatch.c.verdict != Verdict.SUPPRESSED.value,
        *(mismatch.c[name] == value for name, value in selected.items()),
    )
    _tell(connection, meant, suppression_id, at)
    aside = {"verdict": Verdict.SUPPRESSED.value, "suppression_id": suppression_id}
    return connection.execute(update(mismatch).values(aside).where(meant)).rowcount


def _tell(connection: Connection, meant: ColumnElement[bool], suppression_id: str, at: datetime) -> None:
    m = mismatch.c
    told: dict[str, Any] = {
        "event": literal("suppressed"),
        "at": literal(at),
        "verdict": literal(Verdict.SUPPRESSED.value),
        "suppression_id": literal(suppression_id),
        "run_id": literal(COMMAND),
    }
    names = ("case_code", "kind", "city_value", "portal_value")
    rows = select(*(m[name] for name in names), *told.values()).where(meant)
    connection.execute(mismatch_event.insert().from_select([*names, *told], rows))


def lift(connection: Connection, suppression_id: str, at: datetime) -> None:
    """Take an order back: the next run finds its mismatches again. Raises ConfigError when there is no such order."""
    s = suppression.c
    known = and_(s.suppression_id == suppression_id, s.lifted_at.is_(None))
    if not connection.execute(update(suppression).values(lifted_at=at).where(known)).rowcount:
        raise ConfigError(f"no order {suppression_id} is in force")
