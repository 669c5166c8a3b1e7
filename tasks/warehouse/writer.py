"""The only writer of cases: staged canonical cases become versions, bad rows become quarantine, in one transaction.

Keys and hashes are compared first and wide rows moved only where they differ, so unchanged rows write nothing. A
changed row closes one version and opens another. A case that its window no longer lists is closed and not replaced. A
read older than one already loaded takes the slow path of `late`. Conservation is checked before the transaction may
commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    MetaData,
    Table,
    and_,
    false,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy import exists as sql_exists
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.schema import DropTable

from errors import ConservationBroken
from schemas.case import CASE_SCHEMA
from schemas.codes import Side
from schemas.crash import point
from schemas.window import Window
from tasks.warehouse import tables
from tasks.warehouse.bulk import analyze, append, stage
from tasks.warehouse.late import is_late, load_late
from tasks.warehouse.published import keep_published

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

SEEN_AGAIN = ("last_seen", "reason", "reasons", "window_start", "landing_file", "run_id")
"""What a bad row that is read once more takes over from the newer read."""

KEY_SCHEMA = pa.schema([CASE_SCHEMA.field(name) for name in ("case_code", "content_hash", "window_start")])
"""What is read of every canonical case to see whether it says anything new."""


@dataclass(frozen=True)
class WindowRows:
    """What the earlier steps counted in one window, in rows; changes that the source took until `watermark` are in."""

    window: Window
    extracted: int
    accepted: int
    duplicate: int
    quarantined: int
    watermark: datetime | None = None
    clock_skew: float | None = None
    """Seconds that the source's clock was ahead of ours."""


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
    bad = stage(connection, "stage_quarantine", QUARANTINE_SCHEMA, load.quarantine_files)
    point("warehouse.load.after_stage_quarantine")
    windows = [rows.window for rows in load.windows]
    cases = stage(connection, "stage_case", KEY_SCHEMA, load.clean_files)
    keep_published(connection, load.side, as_of, cases, windows)
    point("warehouse.load.after_keep_published")
    if is_late(connection, load.side, as_of, windows, cases):
        cases = stage(connection, "stage_case", CASE_SCHEMA, load.clean_files)
        point("warehouse.late.after_stage")
        loaded, gone = load_late(connection, run_id, load.side, cases, bad, as_of, windows)
    else:
        point("warehouse.load.after_stage_keys")
        gone = _close_gone(connection, load.side, cases, bad, as_of, windows)
        point("warehouse.load.after_close_gone")
        loaded = write_versions(connection, run_id, load.side, cases, load.clean_files, as_of)
        point("warehouse.load.after_versions")
    _keep_quarantine(connection, run_id, load.side, bad, as_of, windows)
    _record_windows(connection, run_id, as_of, load, _staged_by_window(connection, cases), loaded, gone)
    point("warehouse.load.after_windows")
    analyze(connection, tables.version, tables.quarantine)
    point("warehouse.load.after_analyze")
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


def write_versions(
    connection: Connection, run_id: str, side: Side, keys: Table, files: Sequence[str], as_of: datetime
) -> dict[date, int]:
    """Bring the current versions of the cases in `files` to what the files say; rows written, by window start.

    `keys` is the staged KEY_SCHEMA of the same files. Not for reads older than what is known (see `late`).
    Raises ConservationBroken when other than the missing rows were written.
    """
    version = tables.version
    news = _stage_news(connection, side, keys)
    point("warehouse.load.after_stage_news")
    counted = select(news.c.window_start, func.count(), func.count().filter(news.c.known)).group_by(news.c.window_start)
    found = connection.execute(counted).tuples().all()
    if not found:
        return {}
    expected = {start: rows for start, rows, _ in found}
    if any(known for *_, known in found):
        changed = and_(version.c.case_code == news.c.case_code, news.c.known)
        connection.execute(version.update().values(recorded_to=as_of).where(_current(side), changed))
    point("warehouse.load.after_close_changed")
    staged = connection.execute(select(func.count()).select_from(keys)).scalar_one()
    only = None if sum(expected.values()) == staged else select(news.c.case_code)
    constants = {"side": side.value, "recorded_from": as_of, "run_id": run_id}
    point("warehouse.load.before_open_new")
    written = append(connection, version, CASE_SCHEMA, files, constants, only)
    point("warehouse.load.after_open_new")
    if written != sum(expected.values()):
        raise ConservationBroken(f"{side}: {written} versions written, {sum(expected.values())} were missing")
    return expected


def _stage_news(connection: Connection, side: Side, keys: Table) -> Table:
    """The cases that say something new, in one join: `case_code`, `window_start`, and whether another version of it is
    `known`. What follows touches these alone."""
    version = tables.version
    columns = (Column(name, keys.c[name].type, nullable=False) for name in ("case_code", "window_start"))
    news = Table(f"{keys.name}_news", MetaData(), *columns, Column("known", Boolean), prefixes=["TEMPORARY"])
    connection.execute(DropTable(news, if_exists=True))
    news.create(connection, checkfirst=False)
    same_case = and_(_current(side), version.c.case_code == keys.c.case_code)
    otherwise = or_(version.c.case_code.is_(None), version.c.content_hash != keys.c.content_hash)
    rows = select(keys.c.case_code, keys.c.window_start, version.c.case_code.is_not(None))
    rows = rows.outerjoin_from(keys, version, same_case).where(otherwise)
    connection.execute(news.insert().from_select(list(news.c.keys()), rows))
    analyze(connection, news)
    return news


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
    again = {name: insert.excluded[name] for name in SEEN_AGAIN}
    connection.execute(
        insert.on_conflict_do_update(index_elements=["quarantine_id"], set_={**again, "released_at": None})
    )
    point("warehouse.load.after_quarantine_kept")
    covered = _inside(kept.c.window_start, windows)
    still = sql_exists().where(bad.c.quarantine_id == kept.c.quarantine_id)
    open_here = and_(kept.c.side == side.value, kept.c.released_at.is_(None), covered)
    connection.execute(kept.update().values(released_at=as_of).where(open_here, ~still))
    point("warehouse.load.after_quarantine_released")


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
                "watermark": rows.watermark,
                "clock_skew_seconds": None if rows.clock_skew is None else round(rows.clock_skew),
                "extracted": rows.extracted,
                "loaded": written,
                "unchanged": unchanged,
                "duplicate": rows.duplicate,
                "quarantined": rows.quarantined,
                "gone": gone.get(start, 0),
            }
        )
    point("warehouse.load.before_windows")
    if records:
        connection.execute(tables.window.insert(), records)
