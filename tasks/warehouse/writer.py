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
from sqlalchemy import Boolean, Column, ColumnElement, Connection, Table, and_, exists, func, or_, select

from errors import ConservationBroken
from schemas.case import CASE_SCHEMA
from schemas.codes import Side
from schemas.crash import point
from schemas.window import Window
from tasks.warehouse import tables
from tasks.warehouse.bulk import analyze, append, stage, temporary
from tasks.warehouse.days import inside
from tasks.warehouse.late import is_late, load_late
from tasks.warehouse.published import keep_published
from tasks.warehouse.set_aside import QUARANTINE_SCHEMA, keep_quarantine
from tasks.warehouse.window_ledger import WindowRows, record_windows

KEY_SCHEMA = pa.schema([CASE_SCHEMA.field(name) for name in ("case_code", "content_hash", "window_start")])
"""What is read of every canonical case to see whether it says anything new."""


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
    keep_quarantine(connection, run_id, load.side, bad, as_of, windows)
    record_windows(
        connection, run_id, as_of, load.side, load.windows, _staged_by_window(connection, cases), loaded, gone
    )
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
    news = temporary(connection, f"{keys.name}_news", *columns, Column("known", Boolean))
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
    listed = exists().where(cases.c.case_code == version.c.case_code)
    unreadable = exists().where(bad.c.probable_code == version.c.case_code)
    leaving = and_(_current(side), inside(version.c.listed_day, windows), ~listed, ~unreadable)
    by_day = select(version.c.listed_day, func.count()).where(leaving).group_by(version.c.listed_day)
    closed: dict[date, int] = {}
    for day, count in connection.execute(by_day):
        start = next(window.start for window in windows if window.start <= day < window.end)
        closed[start] = closed.get(start, 0) + count
    if closed:
        connection.execute(version.update().values(recorded_to=as_of).where(leaving))
    return closed


def _staged_by_window(connection: Connection, cases: Table) -> dict[date, int]:
    counted = select(cases.c.window_start, func.count()).group_by(cases.c.window_start)
    return dict(connection.execute(counted).tuples().all())
