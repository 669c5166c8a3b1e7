"""The only writer of cases: staged canonical cases become versions, bad rows become quarantine, in one transaction.

Unchanged rows write nothing. A changed row closes one version and opens another. A case that its window no longer lists
is closed and not replaced. A read older than one already loaded takes the slow path of `late`. Conservation is checked
before the transaction may commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa
from sqlalchemy import ColumnElement, Connection, Table, and_, false, func, literal, or_, select
from sqlalchemy import exists as sql_exists
from sqlalchemy.dialects.postgresql import insert as upsert

from errors import ConservationBroken
from schemas.case import CASE_SCHEMA
from schemas.codes import Side
from schemas.window import Window
from tasks.warehouse import tables
from tasks.warehouse.bulk import analyze, stage
from tasks.warehouse.late import is_late, load_late

QUARANTINE_SCHEMA = pa.schema(
    [
        pa.field("quarantine_id", pa.string(), nullable=False),
        pa.field("case_code", pa.string()),
        pa.field("probable_code", pa.string()),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("reasons", pa.string(), nullable=False),
        pa.field("window_start", pa.date32(), nullable=False),
        pa.field("payload", pa.string(), nullable=False),
        pa.field("landing_file", pa.string()),
    ]
)
"""Rows set aside, as the validate step writes them to Parquet."""


@dataclass(frozen=True)
class WindowRows:
    """What the earlier steps counted in one window: rows."""

    window: Window
    extracted: int
    accepted: int
    duplicate: int
    quarantined: int


@dataclass(frozen=True)
class SideLoad:
    """What one side brings into the warehouse: files of the clean and the validate step, and the windows they cover."""

    side: Side
    clean_files: Sequence[str]
    quarantine_files: Sequence[str]
    windows: Sequence[WindowRows]


def load_side(connection: Connection, run_id: str, as_of: datetime, load: SideLoad) -> dict[str, int]:
    """Write one side's read; returns rows `extracted, loaded, unchanged, duplicate, quarantined, gone`.

    Raises ConservationBroken when a window's rows do not add up; the caller's transaction then rolls back.
    """
    cases = stage(connection, "stage_case", CASE_SCHEMA, load.clean_files)
    bad = stage(connection, "stage_quarantine", QUARANTINE_SCHEMA, load.quarantine_files)
    windows = [rows.window for rows in load.windows]
    if is_late(connection, load.side, as_of):
        loaded, gone = load_late(connection, run_id, load.side, cases, bad, as_of, windows)
    else:
        _close_changed(connection, load.side, cases, as_of)
        loaded = _open_new(connection, run_id, load.side, cases, as_of)
        gone = _close_gone(connection, load.side, cases, bad, as_of, windows)
    _keep_quarantine(connection, run_id, load.side, bad, as_of, windows)
    _record_windows(connection, run_id, as_of, load, _staged_by_window(connection, cases), loaded, gone)
    analyze(connection, tables.version, tables.quarantine)
    totals = {"extracted": 0, "duplicate": 0, "quarantined": 0}
    for rows in load.windows:
        for name in totals:
            totals[name] += getattr(rows, name)
    written = sum(loaded.values())
    accepted = sum(rows.accepted for rows in load.windows)
    return {**totals, "loaded": written, "unchanged": accepted - written, "gone": sum(gone.values())}


def _current(side: Side) -> ColumnElement[bool]:
    version = tables.version
    return and_(version.c.side == side.value, version.c.recorded_to.is_(None))


def _close_changed(connection: Connection, side: Side, cases: Table, as_of: datetime) -> None:
    version = tables.version
    changed = and_(version.c.case_code == cases.c.case_code, version.c.content_hash != cases.c.content_hash)
    connection.execute(version.update().values(recorded_to=as_of).where(_current(side), changed))


def _open_new(connection: Connection, run_id: str, side: Side, cases: Table, as_of: datetime) -> dict[date, int]:
    """Open a version of every staged case that has none open; rows by window."""
    version = tables.version
    names = ["side", *CASE_SCHEMA.names, "recorded_from", "run_id"]
    missing = ~sql_exists().where(_current(side), version.c.case_code == cases.c.case_code)
    values = [literal(side.value), *(cases.c[name] for name in CASE_SCHEMA.names), literal(as_of), literal(run_id)]
    connection.execute(version.insert().from_select(names, select(*values).where(missing)))
    opened = (
        select(version.c.window_start, func.count())
        .where(version.c.side == side.value, version.c.run_id == run_id)
        .group_by(version.c.window_start)
    )
    return dict(connection.execute(opened).tuples().all())


def _close_gone(
    connection: Connection, side: Side, cases: Table, bad: Table, as_of: datetime, windows: Sequence[Window]
) -> dict[date, int]:
    """Close what the windows no longer list; a case whose row is in quarantine is not gone, only unreadable."""
    version = tables.version
    listed = sql_exists().where(cases.c.case_code == version.c.case_code)
    unreadable = sql_exists().where(bad.c.probable_code == version.c.case_code)
    inside = _inside(version.c.listed_day, windows)
    leaving = and_(_current(side), inside, ~listed, ~unreadable)
    by_day = select(version.c.listed_day, func.count()).where(leaving).group_by(version.c.listed_day)
    closed: dict[date, int] = {}
    for day, count in connection.execute(by_day):
        start = next(window.start for window in windows if window.start <= day < window.end)
        closed[start] = closed.get(start, 0) + count
    if closed:
        connection.execute(version.update().values(recorded_to=as_of).where(leaving))
    return closed


def _inside(day: ColumnElement[date], windows: Sequence[Window]) -> ColumnElement[bool]:
    """Whether a day lies in one of the windows; adjoining windows become one condition."""
    spans: list[list[date]] = []
    for window in sorted(windows):
        if spans and spans[-1][1] == window.start:
            spans[-1][1] = window.end
        else:
            spans.append([window.start, window.end])
    return or_(false(), *(and_(day >= start, day < end) for start, end in spans))


def _keep_quarantine(
    connection: Connection, run_id: str, side: Side, bad: Table, as_of: datetime, windows: Sequence[Window]
) -> None:
    """Keep bad rows, each once; release those that their window no longer shows as bad."""
    kept = tables.quarantine
    once = func.row_number().over(partition_by=bad.c.quarantine_id).label("copy")
    rows = select(bad, once).subquery()
    names = ["side", *QUARANTINE_SCHEMA.names, "first_seen", "last_seen", "run_id"]
    values = [
        literal(side.value),
        *(rows.c[name] for name in QUARANTINE_SCHEMA.names),
        literal(as_of),
        literal(as_of),
        literal(run_id),
    ]
    insert = upsert(kept).from_select(names, select(*values).where(rows.c.copy == 1))
    again = {name: insert.excluded[name] for name in ("last_seen", "reason", "reasons", "window_start", "run_id")}
    connection.execute(
        insert.on_conflict_do_update(index_elements=["quarantine_id"], set_={**again, "released_at": None})
    )
    covered = _inside(kept.c.window_start, windows)
    still = sql_exists().where(bad.c.quarantine_id == kept.c.quarantine_id)
    open_here = and_(kept.c.side == side.value, kept.c.released_at.is_(None), covered)
    connection.execute(kept.update().values(released_at=as_of).where(open_here, ~still))


def _staged_by_window(connection: Connection, cases: Table) -> dict[date, int]:
    counted = select(cases.c.window_start, func.count()).group_by(cases.c.window_start)
    return dict(connection.execute(counted).tuples().all())


def _record_windows(
    connection: Connection,
    run_id: str,
    as_of: datetime,
    load: SideLoad,
    staged: dict[date, int],
    loaded: dict[date, int],
    gone: dict[date, int],
) -> None:
    """Write the window ledger, if every window's rows add up."""
    records = []
    for rows in load.windows:
        start = rows.window.start
        written = loaded.get(start, 0)
        unchanged = staged.get(start, 0) - written
        if rows.extracted != written + unchanged + rows.duplicate + rows.quarantined:
            raise ConservationBroken(
                f"{load.side} {rows.window.name}: {rows.extracted} rows in, but {written} loaded + {unchanged} "
                f"unchanged + {rows.duplicate} duplicate + {rows.quarantined} quarantined"
            )
        records.append(
            {
                "run_id": run_id,
                "side": load.side.value,
                "window_start": start,
                "window_end": rows.window.end,
                "read_at": as_of,
                "extracted": rows.extracted,
                "loaded": written,
                "unchanged": unchanged,
                "duplicate": rows.duplicate,
                "quarantined": rows.quarantined,
                "gone": gone.get(start, 0),
            }
        )
    if records:
        connection.execute(tables.window.insert(), records)
