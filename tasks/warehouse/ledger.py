"""The memory of mismatches: one row for each, events for what happened to it.

A run's findings are compared with what is known in a few set-based statements; the ledger grows with mismatches and
their events, never with runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import ColumnElement, Connection, Table, and_, case, exists, func, literal, not_, null, or_, select

from schemas.crash import point
from schemas.mismatch import Verdict
from tasks.warehouse.bulk import analyze, stage
from tasks.warehouse.tables import mismatch, mismatch_event

FINDING_SCHEMA = pa.schema(
    [
        pa.field("case_code", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("leading", pa.bool_(), nullable=False),
        pa.field("verdict", pa.string(), nullable=False),
        pa.field("field", pa.string(), nullable=False),
        pa.field("city_value", pa.string()),
        pa.field("portal_value", pa.string()),
        pa.field("agency_code", pa.string()),
        pa.field("procedure_code", pa.string()),
        pa.field("cause", pa.string()),
        pa.field("since", pa.timestamp("us", tz="UTC")),
        pa.field("suppression_id", pa.string()),
    ]
)
"""One run's findings, as the reconcile step writes them to Parquet."""

_STATE = (
    *("leading", "verdict", "field", "city_value", "portal_value", "agency_code", "procedure_code", "cause", "since"),
    "suppression_id",
)


def remember(
    connection: Connection, run_id: str, as_of: datetime, files: Sequence[str], only: Table | None = None
) -> dict[str, int]:
    """Bring the ledger up to a run's findings; returns how many were opened, confirmed, changed, resolved, reopened,
    suppressed, returned (no longer suppressed, and still there).

    Findings not seen again are resolved: all of them after a full run, else those of the codes that were looked at
    (`only`: a table with `case_code`). `confirmed` counts a mismatch once in each of its lives.
    """
    found = stage(connection, "stage_finding", FINDING_SCHEMA, files)
    point("warehouse.ledger.after_stage")
    unseen = and_(mismatch.c.resolved_at.is_(None), ~exists().where(_same(found)))
    if only is not None:
        unseen = and_(unseen, mismatch.c.case_code.in_(select(only.c.case_code)))
    counts = _events(connection, run_id, as_of, found, unseen)
    point("warehouse.ledger.after_events")
    resolved = {"resolved_at": as_of, "verdict": Verdict.RESOLVED.value}
    connection.execute(mismatch.update().values(resolved).where(unseen))
    point("warehouse.ledger.after_resolve")
    _update(connection, run_id, as_of, found)
    point("warehouse.ledger.after_update")
    _insert(connection, run_id, as_of, found)
    point("warehouse.ledger.after_insert")
    analyze(connection, mismatch, mismatch_event)
    point("warehouse.ledger.after_analyze")
    return counts


def _same(found: Table) -> ColumnElement[bool]:
    return and_(mismatch.c.case_code == found.c.case_code, mismatch.c.kind == found.c.kind)


def _events(
    connection: Connection, run_id: str, as_of: datetime, found: Table, unseen: ColumnElement[bool]
) -> dict[str, int]:
    """Write what is about to happen, from the state before and the findings."""
    known = exists().where(_same(found))
    confirmed, aside = (found.c.verdict == verdict.value for verdict in (Verdict.CONFIRMED, Verdict.SUPPRESSED))
    open_now = mismatch.c.resolved_at.is_(None)
    values_differ = or_(
        mismatch.c.city_value.is_distinct_from(found.c.city_value),
        mismatch.c.portal_value.is_distinct_from(found.c.portal_value),
    )
    joined = found.join(mismatch, _same(found))
    happened = {
        "opened": select(*_row(found)).where(~known),
        "reopened": select(*_row(found)).select_from(joined).where(~open_now),
        "changed": select(*_row(found)).select_from(joined).where(open_now, values_differ),
        "confirmed": select(*_row(found))
        .select_from(found.outerjoin(mismatch, _same(found)))
        .where(confirmed, or_(mismatch.c.confirmed_at.is_(None), not_(open_now))),
        "suppressed": select(*_row(found))
        .select_from(found.outerjoin(mismatch, _same(found)))
        .where(aside, or_(mismatch.c.verdict.is_(None), mismatch.c.verdict != Verdict.SUPPRESSED.value)),
        "returned": select(*_row(found))
        .select_from(joined)
        .where(~aside, mismatch.c.verdict == Verdict.SUPPRESSED.value),
        "resolved": select(*_row(mismatch, Verdict.RESOLVED)).where(unseen),
    }
    names = ["case_code", "kind", "verdict", "city_value", "portal_value", "suppression_id", "event", "at", "run_id"]
    counts = {}
    for event, rows in happened.items():
        stamped = rows.add_columns(literal(event), literal(as_of), literal(run_id))
        connection.execute(mismatch_event.insert().from_select(names, stamped))
        point("warehouse.ledger.after_event")
        counts[event] = _count(connection, event, run_id)
    return counts


def _row(table: Table, verdict: Verdict | None = None) -> list[ColumnElement[Any]]:
    said = literal(verdict.value) if verdict else table.c.verdict
    values = (table.c.city_value, table.c.portal_value, table.c.suppression_id)
    return [table.c.case_code, table.c.kind, said.label("verdict"), *values]


def _count(connection: Connection, event: str, run_id: str) -> int:
    events = mismatch_event
    return connection.execute(
        select(func.count()).select_from(events).where(events.c.event == event, events.c.run_id == run_id)
    ).scalar_one()


def _update(connection: Connection, run_id: str, as_of: datetime, found: Table) -> None:
    """Known mismatches take the new state; a resolved one that is back counts a reopening."""
    reopened = mismatch.c.resolved_at.is_not(None)
    is_confirmed = found.c.verdict == Verdict.CONFIRMED.value
    kept = case((reopened, null()), else_=mismatch.c.confirmed_at)
    connection.execute(
        mismatch.update()
        .values(
            {name: found.c[name] for name in _STATE}
            | {
                "last_seen": as_of,
                "confirmed_at": case((is_confirmed, func.coalesce(kept, literal(as_of))), else_=kept),
                "reopened": mismatch.c.reopened + case((reopened, 1), else_=0),
                "resolved_at": None,
                "run_id": run_id,
            }
        )
        .where(_same(found))
    )


def _insert(connection: Connection, run_id: str, as_of: datetime, found: Table) -> None:
    names = ["case_code", "kind", *_STATE]
    stamps = {
        "first_seen": literal(as_of),
        "last_seen": literal(as_of),
        "confirmed_at": case((found.c.verdict == Verdict.CONFIRMED.value, literal(as_of)), else_=null()),
        "reopened": literal(0),
        "points_lost": literal(0),
        "run_id": literal(run_id),
    }
    rows = select(*(found.c[name] for name in names), *stamps.values()).where(~exists().where(_same(found)))
    connection.execute(mismatch.insert().from_select([*names, *stamps], rows))
