"""The ledger of runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from sqlalchemy import Connection, func, select

from schemas.case import CANONICAL_VERSION
from schemas.crash import point
from tasks.warehouse.tables import run, window

RULES_VERSION = 1
"""Version of the comparison and scoring rules, kept with every run."""


def code_version() -> str:
    """The installed version of this project."""
    try:
        return version("hoso-sync")
    except PackageNotFoundError:
        return "uninstalled"


def open_run(connection: Connection, run_id: str, flow: str, as_of: datetime, days: tuple[date, date]) -> None:
    """Record that a run's data are in the warehouse; committed together with them."""
    connection.execute(
        run.insert().values(
            run_id=run_id,
            flow=flow,
            as_of=as_of,
            range_start=days[0],
            range_end=days[1],
            state="loaded",
            code_version=code_version(),
            canonical_version=CANONICAL_VERSION,
            rules_version=RULES_VERSION,
        )
    )


def close_run(connection: Connection, run_id: str, state: str, as_of: datetime | None = None) -> None:
    """Record how a run ended; with `as_of`, also the clock reading that its last part had."""
    point("warehouse.runs.before_close")
    said: dict[str, str | datetime] = {"state": state} | ({"as_of": as_of} if as_of else {})
    connection.execute(run.update().values(said).where(run.c.run_id == run_id))
    point("warehouse.runs.after_close")


def unfinished_run(connection: Connection, flow: str, days: tuple[date, date], state: str) -> str | None:
    """The latest run of `flow` over these days that was left in `state`."""
    asked = (run.c.flow == flow, run.c.range_start == days[0], run.c.range_end == days[1], run.c.state == state)
    return connection.execute(select(run.c.run_id).where(*asked).order_by(run.c.as_of.desc()).limit(1)).scalar()


def windows_done(connection: Connection, run_id: str) -> list[tuple[str, date, date]]:
    """The windows that a run has loaded: side, start, end."""
    w = window.c
    rows = select(w.side, w.window_start, w.window_end).where(w.run_id == run_id).order_by(w.window_start, w.side)
    return [(side, start, end) for side, start, end in connection.execute(rows)]


def rows_a_day(connection: Connection) -> dict[str, float]:
    """Rows that a day of each side had, over the latest read of every window in the ledger."""
    w = window.c
    newest = func.row_number().over(partition_by=(w.side, w.window_start, w.window_end), order_by=w.read_at.desc())
    reads = select(w.side, w.window_start, w.window_end, w.extracted, newest.label("place")).subquery()
    rows: dict[str, int] = {}
    days: dict[str, int] = {}
    latest = select(reads.c.side, reads.c.window_start, reads.c.window_end, reads.c.extracted)
    for side, start, end, extracted in connection.execute(latest.where(reads.c.place == 1)):
        rows[side] = rows.get(side, 0) + extracted
        days[side] = days.get(side, 0) + (end - start).days
    return {side: rows[side] / days[side] for side in rows}


def watermarks(connection: Connection) -> dict[str, datetime]:
    """The latest time up to which the changes of each side's source are in the warehouse."""
    w = window.c
    rows = select(w.side, func.max(func.coalesce(w.watermark, w.read_at))).group_by(w.side)
    return dict(connection.execute(rows).tuples().all())


def last_loads(connection: Connection, side: str, start: date, end: date, most: int = 1_000) -> list[Mapping[str, Any]]:
    """The ledger's entries of a window, newest first, with the versions of code and rules that judged them."""
    w, r = window.c, run.c
    judged = (r.code_version, r.canonical_version, r.rules_version)
    rows = select(window, *judged).join(run, r.run_id == w.run_id)
    same = (w.side == side, w.window_start == start, w.window_end == end)
    found = connection.execute(rows.where(*same).order_by(w.read_at.desc()).limit(most)).mappings()
    return [dict(entry) for entry in found]


def enter_unchanged(
    connection: Connection, run_id: str, before: Mapping[str, Any], read_at: datetime, watermark: datetime | None
) -> None:
    """Enter a read that gave exactly the rows of the entry `before`: its rows have the fates that they had."""
    entry = {column.name: before[column.name] for column in window.columns}
    entry |= {"run_id": run_id, "read_at": read_at, "watermark": watermark, "loaded": 0, "gone": 0}
    connection.execute(window.insert(), [entry | {"unchanged": before["loaded"] + before["unchanged"]}])
