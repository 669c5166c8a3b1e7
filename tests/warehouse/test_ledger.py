"""The ledger's memory on both engines: it grows with mismatches and what happens to them, never with runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select

from tasks.warehouse.ledger import FINDING_SCHEMA, remember
from tasks.warehouse.tables import mismatch, mismatch_event

START = datetime(2026, 1, 1, 2, tzinfo=UTC)
ROWS = 50
Run = Callable[[int, list[dict[str, Any]]], dict[str, int]]


def finding(number: int, **said: Any) -> dict[str, Any]:
    row = {
        "case_code": f"H26.01-260101-{number:04}", "kind": "due_differs", "leading": True, "verdict": "late",
        "field": "due_at", "city_value": "a", "portal_value": "b", "agency_code": "H26.01", "cause": "shift +07:00",
        "since": START,
    }  # fmt: skip
    return dict.fromkeys(FINDING_SCHEMA.names) | row | said


@pytest.fixture
def run(warehouse: Any, tmp_path: Path) -> Run:
    """A full run on a day, with its findings; what it did to the ledger."""

    def ran(day: int, rows: list[dict[str, Any]]) -> dict[str, int]:
        path = tmp_path / "findings.parquet"
        pq.write_table(pa.Table.from_pylist(rows, FINDING_SCHEMA), path)
        with warehouse.begin() as connection:
            done = remember(connection, f"run {day}", START + timedelta(days=day), [str(path)])
        return {event: number for event, number in done.items() if number}

    return ran


def sizes(warehouse: Any) -> tuple[int, ...]:
    with warehouse.begin() as connection:
        return tuple(
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (mismatch, mismatch_event)
        )


@pytest.mark.parametrize("days", [5, pytest.param(300, marks=pytest.mark.full)])
def test_runs_over_the_same_sources_leave_its_size_as_it_is(warehouse: Any, run: Run, days: int) -> None:
    rows = [finding(number, verdict="confirmed") for number in range(ROWS)]
    assert run(0, rows) == {"opened": ROWS, "confirmed": ROWS}
    before = sizes(warehouse)
    assert before == (ROWS, 2 * ROWS)
    assert [run(day, rows) for day in range(1, days + 1)] == [{}] * days
    assert sizes(warehouse) == before
    with warehouse.begin() as connection:
        times = connection.execute(select(mismatch.c.first_seen, mismatch.c.last_seen).distinct()).all()
    assert times == [(START, START + timedelta(days=days))]


def test_the_lives_of_a_mismatch(warehouse: Any, run: Run) -> None:
    assert run(0, [finding(1, verdict="in_flight")]) == {"opened": 1}
    assert run(1, [finding(1, verdict="confirmed")]) == {"confirmed": 1}
    assert run(2, [finding(1, verdict="confirmed", portal_value="c")]) == {"changed": 1}
    assert run(3, []) == {"resolved": 1}
    assert run(4, []) == {}
    assert run(5, [finding(1)]) == {"reopened": 1}
    assert run(6, [finding(1, verdict="confirmed")]) == {"confirmed": 1}
    with warehouse.begin() as connection:
        state = connection.execute(select(mismatch)).mappings().one()
        told = connection.execute(select(mismatch_event.c.event).order_by(mismatch_event.c.at)).scalars().all()
    assert told == ["opened", "confirmed", "changed", "resolved", "reopened", "confirmed"]
    assert (state["reopened"], state["portal_value"], state["resolved_at"]) == (1, "b", None)
    days = [(state[name] - START).days for name in ("first_seen", "confirmed_at", "last_seen")]
    assert days == [0, 6, 6]
