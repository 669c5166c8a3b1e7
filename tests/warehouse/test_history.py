"""The history of cases against a plain-Python oracle, on both engines, whatever the order of loading."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select

from errors import ConservationBroken
from schemas.case import CASE_SCHEMA
from schemas.codes import Side
from schemas.window import Window
from tasks.warehouse import queries, tables
from tasks.warehouse.history import Span, said_at, with_read
from tasks.warehouse.window_ledger import WindowRows
from tasks.warehouse.writer import SideLoad, load_side

WINDOWS = [Window(date(2026, 3, 2), date(2026, 3, 9)), Window(date(2026, 3, 9), date(2026, 3, 16))]
START = datetime(2026, 3, 20, tzinfo=UTC)
COMMIT_LAG = timedelta(minutes=5)

Said = dict[str, int]
"""Case code -> content, as one read of one window lists it."""


def instant(number: int) -> datetime:
    return START + timedelta(hours=number)


def table(window: Window, said: Said) -> pa.Table:
    """Canonical cases with nothing in them but what history looks at."""
    values: dict[str, Any] = {field.name: [None] * len(said) for field in CASE_SCHEMA}
    values |= {
        "case_code": list(said),
        "status_code": [4] * len(said),
        "canonical_version": [1] * len(said),
        "row_hash": list(said.values()),
        "content_hash": list(said.values()),
        "listed_day": [window.start] * len(said),
        "received_day": [window.start] * len(said),
        "window_start": [window.start] * len(said),
    }
    return pa.table(values, schema=CASE_SCHEMA)


def read(connection: Connection, folder: Path, at: datetime, window: Window, said: Said) -> dict[str, int]:
    """Load one read of one window."""
    path = folder / "cases.parquet"
    pq.write_table(table(window, said), path)
    rows = WindowRows(window, len(said), len(said), duplicate=0, quarantined=0, watermark=at - COMMIT_LAG)
    run_id = f"{at:%d%H}-{window.name}-{random.randrange(10**9)}"
    return load_side(connection, run_id, at, SideLoad(Side.CITY, [str(path)], [], [rows]))


def known(connection: Connection, at: datetime) -> Said:
    cases = queries.cases_as_of(connection, Side.CITY, at)
    assert cases["case_code"].is_unique
    return dict(zip(cases["case_code"], cases["content_hash"].tolist(), strict=True))


def oracle(reads: dict[tuple[int, int], Said], number: int) -> Said:
    """What was known after read `number`: of each window, what its latest read until then listed."""
    found: Said = {}
    for window in range(len(WINDOWS)):
        times = [at for at, of in reads if of == window and at <= number]
        if times:
            found |= reads[max(times), window]
    return found


def empty(connection: Connection) -> None:
    for each in (tables.version, tables.window, tables.quarantine):
        connection.execute(delete(each))


def contents(window: int) -> st.SearchStrategy[Said]:
    return st.dictionaries(st.sampled_from([f"{window}-{letter}" for letter in "abc"]), st.integers(1, 3))


@st.composite
def histories(draw: st.DrawFn) -> dict[tuple[int, int], Said]:
    """Up to five reads, each of one window at its own instant; in the order in which they are loaded."""
    keys = draw(st.permutations([(at, at % 2 if at < 4 else 0) for at in range(6)]))
    return {key: draw(contents(key[1])) for key in keys[: draw(st.integers(1, 5))]}


@settings(
    max_examples=settings.default.max_examples // 2,  # each is a whole warehouse
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(reads=histories())
def test_any_order_of_loading_tells_one_history(warehouse: Any, tmp_path: Path, reads: Any) -> None:
    with warehouse.begin() as connection:
        empty(connection)
        for (at, window), said in reads.items():
            read(connection, tmp_path, instant(at), WINDOWS[window], said)
        for number in range(7):
            assert known(connection, instant(number)) == oracle(reads, number)
        found = versions(connection)
        touching = [(a, b) for a, b in itertools.pairwise(found) if a[0] == b[0] and a[2] == b[1]]
        assert all(a[3] != b[3] for a, b in touching)  # as few versions as can tell it


def versions(connection: Connection) -> list[tuple[Any, ...]]:
    v = tables.version.c
    rows = select(v.case_code, v.recorded_from, v.recorded_to, v.content_hash)
    return sorted((tuple(row) for row in connection.execute(rows)), key=str)


def spans(contents: Sequence[tuple[int, int | None, int]]) -> list[Span]:
    return [Span(instant(a), None if b is None else instant(b), content, None) for a, b, content in contents]


def test_a_late_read_decides_the_time_until_the_next_read_and_nothing_else() -> None:
    before = spans([(2, None, 1)])
    assert with_read(before, instant(4), instant(6), 2) == spans([(2, 4, 1), (4, 6, 2), (6, None, 1)])
    assert with_read(before, instant(0), instant(2), 1) == spans([(0, None, 1)])
    assert with_read(before, instant(4), None, None) == spans([(2, 4, 1)])
    assert said_at(before, instant(1)) is None


def test_loading_a_window_again_writes_nothing_and_a_change_writes_one_version(warehouse: Any, tmp_path: Path) -> None:
    with warehouse.begin() as connection:
        first = read(connection, tmp_path, instant(1), WINDOWS[0], {"a": 1, "b": 1})
        again = read(connection, tmp_path, instant(2), WINDOWS[0], {"a": 1, "b": 1})
        changed = read(connection, tmp_path, instant(3), WINDOWS[0], {"a": 2})
        assert [count["loaded"] for count in (first, again, changed)] == [2, 0, 1]
        assert (again["unchanged"], changed["gone"]) == (2, 1)
        assert len(versions(connection)) == 3
        marks = connection.execute(select(tables.window.c.watermark).order_by(tables.window.c.read_at))
        assert [mark for (mark,) in marks] == [instant(number) - COMMIT_LAG for number in (1, 2, 3)]


def test_rows_that_do_not_add_up_are_not_loaded(warehouse: Any, tmp_path: Path) -> None:
    path = tmp_path / "cases.parquet"
    pq.write_table(table(WINDOWS[0], {"a": 1}), path)
    lost = WindowRows(WINDOWS[0], extracted=2, accepted=1, duplicate=0, quarantined=0)
    with pytest.raises(ConservationBroken, match="20260302-20260309"), warehouse.begin() as connection:
        load_side(connection, "r", instant(1), SideLoad(Side.CITY, [str(path)], [], [lost]))
    with warehouse.begin() as connection:
        assert versions(connection) == []


@pytest.fixture(autouse=True)
def clean(warehouse: Any) -> None:
    with warehouse.begin() as connection:
        empty(connection)
