"""The narrow join limited to touched codes and to parts of all codes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, select

from schemas.case import CASE_SCHEMA
from schemas.codes import Side
from schemas.window import Window
from tasks.warehouse.ledger import FINDING_SCHEMA, remember
from tasks.warehouse.queries import Share, disagreeing
from tasks.warehouse.tables import suppression
from tasks.warehouse.touched import last_reconciled, stage_touched
from tasks.warehouse.window_ledger import WindowRows
from tasks.warehouse.writer import SideLoad, load_side

DAY = Window(date(2026, 4, 1), date(2026, 4, 2))
FIRST = datetime(2026, 6, 1, tzinfo=UTC)
LATER = FIRST + timedelta(days=1)
OFFICE = {"procedure_code": "1.000001", "agency_code": "H26.01"}
Said = dict[str, int]
"""What a side says of each case: case code -> its hash."""


def load(connection: Connection, folder: Path, side: Side, said: Said, at: datetime, **columns: list[Any]) -> None:
    rows = len(said)
    hashes, day = pa.array(list(said.values()), pa.int64()), pa.array([DAY.start] * rows, pa.date32())
    given = {
        "case_code": pa.array(list(said)), "status_code": pa.array([4] * rows, pa.int16()),
        "canonical_version": pa.array([1] * rows, pa.int16()), "row_hash": hashes, "content_hash": hashes,
        "received_day": day, "listed_day": day, "window_start": day,
    }  # fmt: skip
    given |= {name: pa.array([value] * rows) for name, value in OFFICE.items()}
    given |= {name: pa.array(values, CASE_SCHEMA.field(name).type) for name, values in columns.items()}
    table = pa.Table.from_arrays([given.get(f.name, pa.nulls(rows, f.type)) for f in CASE_SCHEMA], schema=CASE_SCHEMA)
    pq.write_table(table, folder / "cases.parquet")
    counted = WindowRows(DAY, extracted=rows, accepted=rows, duplicate=0, quarantined=0)
    load_side(connection, f"run-{at:%d}", at, SideLoad(side, [str(folder / "cases.parquet")], [], [counted]))


def note(connection: Connection, folder: Path, verdicts: dict[str, str], at: datetime, kind: str) -> None:
    """Let the ledger know a mismatch of each code."""
    rows = [
        {"case_code": code, "kind": kind, "leading": True, "verdict": verdict, "field": "x", **OFFICE}
        for code, verdict in verdicts.items()
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=FINDING_SCHEMA), folder / "findings.parquet")
    remember(connection, f"run-{at:%d}", at, [str(folder / "findings.parquet")])


def codes(batches: Any) -> list[str]:
    return sorted(code for batch in batches for code in batch["case_code"])


def test_parts_hold_every_differing_case_once(warehouse: Any, tmp_path: Path) -> None:
    city = {f"H26.01-{n:04d}": n for n in range(400)}
    portal = {code: value + (value % 3 == 0) for code, value in city.items() if value % 7}
    with warehouse.begin() as connection:
        load(connection, tmp_path, Side.CITY, city, FIRST)
        load(connection, tmp_path, Side.PORTAL, portal, FIRST)
        parts = [codes(disagreeing(connection, 50, share=Share(number, 4))) for number in range(4)]
        assert all(25 < len(part) < 65 for part in parts)
        assert sorted(code for part in parts for code in part) == codes(disagreeing(connection, 1_000))


def test_touched_codes_are_those_whose_findings_can_change(warehouse: Any, tmp_path: Path) -> None:
    said = dict.fromkeys(("same", "settled", "young", "altered", "gone", "overdue", "alone", "twin", "stranger"), 1)
    persons = [None] * 6 + [1, 1, 2]
    deadlines = [LATER - timedelta(hours=1) if code == "overdue" else None for code in said]
    with warehouse.begin() as connection:
        known = {"applicant_fingerprint": persons, "deadline_at": deadlines}
        load(connection, tmp_path, Side.CITY, dict.fromkeys(said, 2), FIRST, **known)
        load(connection, tmp_path, Side.PORTAL, said, FIRST, **known)
        verdicts = {"settled": "confirmed", "young": "in_flight", "stranger": "confirmed", "twin": "confirmed"}
        note(connection, tmp_path, verdicts, FIRST, "missing_on_portal")
        assert last_reconciled(connection) == FIRST
        now = {code: 3 if code == "altered" else 1 for code in said if code not in ("gone", "alone")}
        others = {
            name: [v for v, code in zip(values, said, strict=True) if code in now] for name, values in known.items()
        }
        load(connection, tmp_path, Side.PORTAL, now, LATER, **others)
        only = stage_touched(connection, LATER, FIRST)
        found = sorted(connection.execute(select(only.codes.c.case_code)).scalars())
        # `alone` lost its partner; `twin` is of the same applicant.
        assert found == ["alone", "altered", "gone", "overdue", "twin", "young"]
        assert codes(disagreeing(connection, 1_000, only)) == found
        again = pd.concat(disagreeing(connection, 2, only))
        assert set(again["case_code"][again["portal_row_hash"].isna()]) == {"alone", "gone"}


def test_what_was_not_looked_at_stays_open(warehouse: Any, tmp_path: Path) -> None:
    with warehouse.begin() as connection:
        load(connection, tmp_path, Side.CITY, {"a": 1, "b": 1}, FIRST)
        note(connection, tmp_path, {"a": "confirmed", "b": "in_flight"}, FIRST, "due_differs")
        only = stage_touched(connection, LATER, FIRST)
        pq.write_table(pa.Table.from_pylist([], schema=FINDING_SCHEMA), tmp_path / "none.parquet")
        counts = remember(connection, "run-2", LATER, [str(tmp_path / "none.parquet")], only.codes)
        assert counts["resolved"] == 1
        pq.write_table(pa.Table.from_pylist([], schema=FINDING_SCHEMA), tmp_path / "none.parquet")
        assert remember(connection, "run-3", LATER, [str(tmp_path / "none.parquet")])["resolved"] == 1


def test_a_new_order_touches_what_is_open(warehouse: Any, tmp_path: Path) -> None:
    with warehouse.begin() as connection:
        load(connection, tmp_path, Side.CITY, {"a": 1}, FIRST)
        note(connection, tmp_path, {"a": "confirmed"}, FIRST, "due_differs")
        order = {"suppression_id": "1", "until": DAY.end, "reason": "a person asked", "made_at": FIRST}
        connection.execute(suppression.insert().values(order))
        before = stage_touched(connection, LATER, FIRST)
        assert connection.execute(select(before.codes.c.case_code)).all() == []
        connection.execute(suppression.update().values(lifted_at=LATER))
        only = stage_touched(connection, LATER, FIRST)
        assert connection.execute(select(only.codes.c.case_code)).scalars().all() == ["a"]
