"""Whole windows loaded again and in any order."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, func, select

from schemas.case import CASE_SCHEMA
from schemas.codes import Side
from schemas.window import Window
from tasks.warehouse import queries, tables
from tasks.warehouse.window_ledger import WindowRows
from tasks.warehouse.writer import SideLoad, load_side

FIRST = date(2026, 4, 1)
CLOCK = datetime(2026, 6, 1, tzinfo=UTC)


def window(number: int) -> Window:
    return Window(FIRST + timedelta(days=number), FIRST + timedelta(days=number + 1))


def cases(number: int, rows: int, said: int) -> pa.Table:
    """`rows` cases of one day; every tenth says something new in each reading `said`."""
    hashes = [row + (said << 40 if row % 10 == 0 else 0) for row in range(rows)]
    day = pa.array([window(number).start] * rows, pa.date32())
    given = {
        "case_code": pa.array([f"H26.{number:03d}-260401-{row:06d}" for row in range(rows)]),
        "status_code": pa.array([9] * rows, pa.int16()),
        "canonical_version": pa.array([1] * rows, pa.int16()),
        "row_hash": pa.array(hashes, pa.int64()),
        "content_hash": pa.array(hashes, pa.int64()),
        "received_day": day,
        "listed_day": day,
        "window_start": day,
    }
    columns = [given.get(field.name, pa.nulls(rows, field.type)) for field in CASE_SCHEMA]
    return pa.Table.from_arrays(columns, schema=CASE_SCHEMA)


def read(connection: Connection, folder: Path, number: int, rows: int, said: int) -> dict[str, int]:
    """Load the reading `said` of one day; its clock reading is `said` weeks and `number` minutes after the first."""
    path = folder / "cases.parquet"
    pq.write_table(cases(number, rows, said), path)
    counted = WindowRows(window(number), extracted=rows, accepted=rows, duplicate=0, quarantined=0)
    at = CLOCK + timedelta(weeks=said, minutes=number)
    return load_side(connection, f"{said}-{number}", at, SideLoad(Side.CITY, [str(path)], [], [counted]))


def test_one_window_three_times_makes_one_set_of_versions(warehouse: Any, tmp_path: Path) -> None:
    rows = 100_000
    with warehouse.begin() as connection:
        path = tmp_path / "cases.parquet"
        pq.write_table(cases(0, rows, 0), path)
        for again in range(3):
            counted = WindowRows(window(0), extracted=rows, accepted=rows, duplicate=0, quarantined=0)
            load = SideLoad(Side.CITY, [str(path)], [], [counted])
            count = load_side(connection, f"run {again}", CLOCK + timedelta(days=again), load)
            assert count["loaded"] == (rows if again == 0 else 0)
        assert connection.execute(select(func.count()).select_from(tables.version)).scalar_one() == rows


def test_thirty_daily_windows_in_random_order_are_the_same_history(warehouse: Any, tmp_path: Path) -> None:
    """Thirty days, each read twice a week apart: loaded in order and shuffled."""
    rows, days = 40, 30
    in_order = [(said, number) for said in range(2) for number in range(days)]
    shuffled = random.Random(1).sample(in_order, len(in_order))
    answers = []
    for order in (in_order, shuffled):
        with warehouse.begin() as connection:
            for each in (tables.version, tables.window, tables.quarantine):
                connection.execute(each.delete())
            for said, number in order:
                read(connection, tmp_path, number, rows, said)
            moments = [CLOCK + timedelta(weeks=said, minutes=number) for said, number in in_order[::7]]
            answers.append([_answer(connection, moment) for moment in moments])
    assert answers[0] == answers[1]
    assert len(answers[0][-1]) == rows * days


def _answer(connection: Connection, moment: Any) -> list[tuple[str, int]]:
    known = queries.cases_as_of(connection, Side.CITY, moment)
    return list(zip(known["case_code"], known["content_hash"].tolist(), strict=True))
