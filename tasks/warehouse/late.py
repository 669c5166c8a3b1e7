"""Loads a read that is older than one already loaded: the right versions change, none is appended twice.

This is the rare path. Only cases whose state at the read's time differs from what it said are touched; their histories
are rebuilt by the pure rules of `history` and written back.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Table,
    and_,
    delete,
    exists,
    false,
    insert,
    or_,
    select,
)

from schemas.case import CASE_SCHEMA
from schemas.codes import Side
from schemas.crash import point
from schemas.window import Window
from tasks.warehouse import tables
from tasks.warehouse.days import inside
from tasks.warehouse.history import Span, next_read, with_read
from tasks.warehouse.published import known

Reads = dict[Window, list[datetime]]

REPLAY = "replay"
"""Name, in the ledger of runs, of the flow that writes versions without reading a window."""

CHUNK = 1_000
"""Case codes of one statement."""


def known_after(connection: Connection, side: Side, as_of: datetime) -> bool:
    """Whether a read of this side, or a replay of kept rows, at or after `as_of` is in the warehouse already."""
    w = tables.window.c
    read = select(w.read_at).where(w.side == side.value, w.read_at >= as_of)
    return _finds(connection, read, _replayed(as_of))


def _replayed(as_of: datetime) -> Select[Any]:
    r = tables.run.c
    return select(r.as_of).where(r.flow == REPLAY, r.as_of >= as_of)


def _finds(connection: Connection, *queries: Select[Any]) -> bool:
    return any(connection.execute(query.limit(1)).first() is not None for query in queries)


def is_late(connection: Connection, side: Side, as_of: datetime, windows: Sequence[Window], cases: Table) -> bool:
    """Whether something of these windows or of the staged `cases` is known from a read of this side at or after
    `as_of`, or a replay of kept rows came after it.

    Windows that were read side by side may be loaded in any order: they share no case, so none of them is late.
    """
    if not known_after(connection, side, as_of):
        return False
    w, v = tables.window.c, tables.version.c
    overlapping = or_(false(), *(and_(w.window_start < window.end, w.window_end > window.start) for window in windows))
    again = select(w.read_at).where(w.side == side.value, w.read_at >= as_of, overlapping)
    met = select(v.case_code).where(
        v.side == side.value,
        or_(v.recorded_from >= as_of, v.recorded_to >= as_of),
        exists().where(cases.c.case_code == v.case_code),
    )
    return _finds(connection, _replayed(as_of), again, met)


def load_late(
    connection: Connection,
    run_id: str,
    side: Side,
    cases: Table,
    bad: Table,
    as_of: datetime,
    windows: Sequence[Window],
) -> tuple[dict[date, int], dict[date, int]]:
    """Write the staged cases of a late read; returns rows that changed what was known at `as_of`, and rows that were
    then known but not listed, both by window start.

    A read in which a case was quarantined counts as a read of it, so a later state of that case may begin one read
    early.
    """
    reads = _reads(connection, side)
    changed = {row["case_code"]: row for row in connection.execute(_changed(side, cases, as_of)).mappings()}
    absent = {row["case_code"]: row for row in connection.execute(_absent(side, cases, bad, as_of, windows)).mappings()}
    histories = _histories(connection, side, sorted(changed.keys() | absent.keys()))
    point("warehouse.late.after_known")
    loaded = Counter(row["window_start"] for row in changed.values())
    gone = Counter(_start(row["listed_day"], windows) for row in absent.values())
    rebuilt = {}
    for code, row in (absent | changed).items():
        until = next_read(_covering(reads, row), as_of)
        if code in changed:
            rebuilt[code] = with_read(histories[code], as_of, until, row["content_hash"], {**row, "run_id": run_id})
        else:
            rebuilt[code] = with_read(histories[code], as_of, until, None)
    point("warehouse.late.before_write")
    _write(connection, side, rebuilt)
    point("warehouse.late.after_write")
    return loaded, gone


def _known_at(side: Side, as_of: datetime) -> ColumnElement[bool]:
    v = tables.version.c
    return and_(v.side == side.value, known(tables.version, as_of))


def _changed(side: Side, cases: Table, as_of: datetime) -> Select[Any]:
    """Staged cases that were not known, or known otherwise, at `as_of`."""
    v = tables.version.c
    same = and_(v.case_code == cases.c.case_code, v.content_hash == cases.c.content_hash)
    return select(cases).where(~exists().where(_known_at(side, as_of), same))


def _absent(side: Side, cases: Table, bad: Table, as_of: datetime, windows: Sequence[Window]) -> Select[Any]:
    """Cases known at `as_of` in the windows' days that the read does not list; unreadable ones are not absent."""
    v = tables.version.c
    listed = exists().where(cases.c.case_code == v.case_code)
    unreadable = exists().where(bad.c.probable_code == v.case_code)
    return select(v.case_code, v.listed_day).where(
        _known_at(side, as_of), inside(v.listed_day, windows), ~listed, ~unreadable
    )


def _reads(connection: Connection, side: Side) -> Reads:
    w = tables.window.c
    reads: Reads = defaultdict(list)
    rows = select(w.window_start, w.window_end, w.read_at).where(w.side == side.value)
    for start, end, read_at in connection.execute(rows):
        reads[Window(start, end)].append(read_at)
    return reads


def _covering(reads: Reads, row: Any) -> list[datetime]:
    day = row["listed_day"]
    return [at for window, times in reads.items() if window.start <= day < window.end for at in times]


def _start(day: date, windows: Sequence[Window]) -> date:
    return next(window.start for window in windows if window.start <= day < window.end)


def _histories(connection: Connection, side: Side, codes: Sequence[str]) -> dict[str, list[Span]]:
    """Every version, of any time, of these cases."""
    v = tables.version.c
    found: dict[str, list[Span]] = defaultdict(list)
    for part in _chunks(codes):
        rows = select(tables.version).where(v.side == side.value, v.case_code.in_(part))
        for row in connection.execute(rows).mappings():
            found[row["case_code"]].append(_span(row))
    return found


def _span(row: RowMapping) -> Span:
    return Span(row["recorded_from"], row["recorded_to"], row["content_hash"], dict(row))


def _chunks(codes: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(codes), CHUNK):
        yield codes[start : start + CHUNK]


def _write(connection: Connection, side: Side, rebuilt: dict[str, list[Span]]) -> None:
    """Put the rebuilt histories in place of the old ones."""
    version = tables.version
    names = [*CASE_SCHEMA.names, "run_id"]
    for codes in _chunks(sorted(rebuilt)):
        connection.execute(delete(version).where(version.c.side == side.value, version.c.case_code.in_(codes)))
        point("warehouse.late.after_delete")
        rows = [
            {name: span.row[name] for name in names}
            | {"side": side.value, "recorded_from": span.start, "recorded_to": span.end}
            for code in codes
            for span in rebuilt[code]
        ]
        if rows:
            connection.execute(insert(version), rows)
            point("warehouse.late.after_insert")
