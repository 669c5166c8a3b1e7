"""The ledger of repairs: attempts before and after they are sent, and the circuit breaker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, func, insert, select, update

from errors import ConfigError
from schemas.case import CASE_SCHEMA
from schemas.codes import Side
from schemas.repair import UNSETTLED, Outcome
from tasks.warehouse.bulk import fetch, to_frame
from tasks.warehouse.reference_tables import procedure
from tasks.warehouse.repair_tables import attempt, breaker
from tasks.warehouse.tables import version

_UNSETTLED = tuple(outcome.value for outcome in UNSETTLED)


def intend(connection: Connection, row: Mapping[str, Any]) -> None:
    """Enter an attempt that is about to be made: the columns of `core_repair__attempt` but outcome and settlement."""
    connection.execute(insert(attempt).values({**row, "outcome": Outcome.INTENDED.value}))


def settle(
    connection: Connection, attempt_id: str, outcome: Outcome, code: str | None, differing: Sequence[str], at: datetime
) -> None:
    """Enter what became of it; one that stays unknown is not settled. `differing` are kinds or fields, never values."""
    known: dict[str, Any] = {"outcome": outcome.value, "differing": ", ".join(differing) or None}
    known |= {"portal_code": code} if code is not None else {}
    known |= {"settled_at": at} if outcome not in UNSETTLED else {}
    connection.execute(update(attempt).values(known).where(attempt.c.attempt_id == attempt_id))


def unsettled(connection: Connection) -> list[dict[str, Any]]:
    """Attempts of which it is not known what became of them, of whatever run and plan, in order."""
    rows = (
        select(attempt).where(attempt.c.outcome.in_(_UNSETTLED)).order_by(attempt.c.intended_at, attempt.c.attempt_id)
    )
    return [dict(row) for row in connection.execute(rows).mappings()]


def settled_codes(connection: Connection, plan_digest: str) -> set[str]:
    """Cases that a plan need not push again: all with an attempt but those that are known to have come to nothing."""
    a = attempt.c
    rows = select(a.case_code).where(a.plan_digest == plan_digest, a.outcome != Outcome.UNAPPLIED.value)
    return set(connection.execute(rows).scalars())


def outcomes_since_reset(connection: Connection, most: int) -> list[Outcome]:
    """Outcomes of the last attempts, at most so many, since the breaker was last reset, in order."""
    last = connection.execute(select(func.max(breaker.c.reset_at))).scalar_one()
    a = attempt.c
    rows = select(a.outcome).order_by(a.intended_at.desc(), a.attempt_id.desc()).limit(most)
    if last is not None:
        rows = rows.where(a.intended_at > last)
    return [Outcome(value) for value in connection.execute(rows).scalars()][::-1]


def open_breaker(connection: Connection, breaker_id: str, reason: str, run_id: str, at: datetime) -> None:
    """Nothing is sent from now on."""
    row = {"breaker_id": breaker_id, "opened_at": at, "reason": reason, "run_id": run_id}
    connection.execute(insert(breaker).values(row))


def why_open(connection: Connection) -> str | None:
    """Why and since when the breaker is open; None when it is closed."""
    b = breaker.c
    rows = select(b.reason, b.opened_at).where(b.reset_at.is_(None)).order_by(b.opened_at, b.breaker_id).limit(1)
    found = connection.execute(rows).one_or_none()
    return None if found is None else f"{found.reason} ({found.opened_at:%Y-%m-%d %H:%M} UTC)"


def reset_breaker(connection: Connection, reason: str, at: datetime) -> int:
    """Close the breaker; returns how many openings that ends. Raises ConfigError when it is not open."""
    ended = update(breaker).values(reset_at=at, reset_reason=reason).where(breaker.c.reset_at.is_(None))
    count = connection.execute(ended).rowcount
    if not count:
        raise ConfigError("the circuit breaker of repairs is not open")
    return count


def cases_of(connection: Connection, codes: Sequence[str]) -> pd.DataFrame:
    """The city's current cases of some codes, whole, and `portal_code`: the portal's own form of the code."""
    city, portal = version.alias("city"), version.alias("portal")
    own = (
        select(portal.c.case_code, func.coalesce(portal.c.own_code, portal.c.case_code).label("portal_code"))
        .where(portal.c.side == Side.PORTAL.value, portal.c.recorded_to.is_(None))
        .subquery()
    )
    columns = [city.c[name] for name in CASE_SCHEMA.names]
    rows = (
        select(*columns, func.coalesce(own.c.portal_code, city.c.case_code).label("portal_code"))
        .select_from(city.outerjoin(own, own.c.case_code == city.c.case_code))
        .where(city.c.side == Side.CITY.value, city.c.recorded_to.is_(None), city.c.case_code.in_(list(codes)))
    )
    return to_frame(fetch(connection, rows))


def procedure_names(connection: Connection) -> dict[str, dict[str, str]]:
    """Name and field of each procedure, as the portal's catalogue has them: `procedure_name`, `field_code`,
    `field_name`, "" where it says none."""
    names = ("procedure_name", "field_code", "field_name")
    rows = connection.execute(select(procedure.c.procedure_code, *(procedure.c[name] for name in names)))
    return {row["procedure_code"]: {name: row[name] or "" for name in names} for row in rows.mappings()}
