"""The memory of mismatches: one row for each, events for what happened to it.

A run's findings are compared with what is known in a few set-based statements; the ledger grows with mismatches and
their events, never with runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    case,
    exists,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    union_all,
)

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
    if only is None:  # what a few cases change, the server notices by itself
        analyze(connection, mismatch, mismatch_event)
    point("warehouse.ledger.after_analyze")
    return counts


def _same(found: Table) -> ColumnElement[bool]:
    return and_(mismatch.c.case_code == found.c.case_code, mismatch.c.kind == found.c.kind)


def _events(
    connection: Connection, run_id: str, as_of: datetime, found: Table, unseen: ColumnElement[bool]
) -> dict[str, int]:
    """Write what is about to happen, from the state before and the findings: one join of both serves all events."""
    before = found.outerjoin(mismatch, _same(found))
    columns = [mismatch.c[name].label(f"was_{name}") for name in ("kind", "verdict", "confirmed_at", "resolved_at")]
    differ = or_(
        mismatch.c.city_value.is_distinct_from(found.c.city_value),
        mismatch.c.portal_value.is_distinct_from(found.c.portal_value),
    )
    state = select(*_row(found), *columns, differ.label("differ")).select_from(before).cte("state")
    known, open_now = state.c.was_kind.is_not(None), state.c.was_resolved_at.is_(None)
    confirmed, aside = (state.c.verdict == verdict.value for verdict in (Verdict.CONFIRMED, Verdict.SUPPRESSED))
    was_aside = func.coalesce(state.c.was_verdict, "") == Verdict.SUPPRESSED.value
    happened = {
        "opened": not_(known),
        "reopened": not_(open_now),
        "changed": and_(known, open_now, state.c.differ),
        "confirmed": and_(confirmed, or_(state.c.was_confirmed_at.is_(None), not_(open_now))),
        "suppressed": and_(aside, not_(was_aside)),
        "returned": and_(not_(aside), was_aside),
    }
    names = ["case_code", "kind", "verdict", "city_value", "portal_value", "suppression_id"]
    parts = [
        *(select(*(state.c[name] for name in names), literal(event)).where(where) for event, where in happened.items()),
        select(*_row(mismatch, Verdict.RESOLVED), literal("resolved")).where(unseen),
    ]
    news = union_all(*parts).subquery()
    rows = select(*news.c, literal(as_of), literal(run_id))
    connection.execute(mismatch_event.insert().from_select([*names, "event", "at", "run_id"], rows))
    events = mismatch_event.c
    of_run = and_(events.at == as_of, events.run_id == run_id)
    counted = select(events.event, func.count()).where(of_run).group_by(events.event)
    return dict.fromkeys([*happened, "resolved"], 0) | dict(connection.execute(counted).tuples().all())


def _row(table: Table, verdict: Verdict | None = None) -> list[ColumnElement[Any]]:
    said = literal(verdict.value) if verdict else table.c.verdict
    values = (table.c.city_value, table.c.portal_value, table.c.suppression_id)
    return [table.c.case_code, table.c.kind, said.label("verdict"), *values]


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
