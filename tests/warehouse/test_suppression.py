"""A mismatch that is set aside: at once, in the runs until its day, and back by itself, on both engines."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from errors import ConfigError
from schemas.period import day_of
from tasks.rules.suppress import set_aside
from tasks.suppress import set_aside as give_order
from tasks.warehouse import suppression
from tasks.warehouse.ledger import FINDING_SCHEMA, remember
from tasks.warehouse.reading import fingerprints
from tasks.warehouse.tables import mismatch, mismatch_event

START = datetime(2026, 3, 2, 2, tzinfo=UTC)
FOUND = {
    "case_code": "H26.01-260301-0001", "kind": "due_differs", "leading": True, "verdict": "confirmed",
    "field": "due_at", "agency_code": "H26.01", "procedure_code": "1.000001", "cause": "shift +07:00", "since": START,
}  # fmt: skip
OTHER = FOUND | {"case_code": "H26.02-260301-0001", "agency_code": "H26.02"}


def run(warehouse: Any, folder: Path, day: int, *rows: dict[str, Any]) -> dict[str, int]:
    """A full run, `day` days later, that finds the rows."""
    as_of = START + timedelta(days=day)
    frame = pd.DataFrame([dict.fromkeys(FINDING_SCHEMA.names) | row for row in rows], columns=FINDING_SCHEMA.names)
    with warehouse.begin() as connection:
        findings = set_aside(frame, suppression.orders(connection), day_of(as_of))
        path = folder / f"{day}.parquet"
        pq.write_table(pa.Table.from_pandas(findings, schema=FINDING_SCHEMA, preserve_index=False), path)
        return {event: rows for event, rows in remember(connection, f"run {day}", as_of, [str(path)]).items() if rows}


def verdicts(warehouse: Any) -> list[str]:
    with warehouse.begin() as connection:
        return list(connection.execute(select(mismatch.c.verdict).order_by(mismatch.c.case_code)).scalars())


def test_set_aside_and_back(warehouse: Any, tmp_path: Path) -> None:
    assert run(warehouse, tmp_path, 0, FOUND, OTHER) == {"opened": 2, "confirmed": 2}
    with warehouse.begin() as connection:
        at = START + timedelta(hours=1)
        meant = {"kind": "due_differs", "agency_code": "H26.01"}
        assert suppression.give(connection, "order", meant, date(2026, 3, 4), "the vendor mends it", at) == 1
        assert fingerprints(connection)["rows"].tolist() == [1], "what is set aside is no fault to be shown"
    assert verdicts(warehouse) == ["suppressed", "confirmed"]
    assert run(warehouse, tmp_path, 1, FOUND, OTHER) == {}, "told once"
    assert run(warehouse, tmp_path, 2, FOUND, OTHER) == {}
    assert verdicts(warehouse) == ["suppressed", "confirmed"]
    assert run(warehouse, tmp_path, 3, FOUND, OTHER) == {"returned": 1}
    assert verdicts(warehouse) == ["confirmed", "confirmed"]
    with warehouse.begin() as connection:
        e = mismatch_event.c
        rows = select(e.event, e.verdict, e.suppression_id, e.run_id).where(e.case_code == FOUND["case_code"])
        assert connection.execute(rows.order_by(e.at, e.event.desc())).all() == [
            ("opened", "confirmed", None, "run 0"),
            ("confirmed", "confirmed", None, "run 0"),
            ("suppressed", "suppressed", "order", "suppress"),
            ("returned", "confirmed", None, "run 3"),
        ]
        assert connection.execute(select(mismatch.c.confirmed_at).distinct()).scalars().all() == [START]


def test_found_later_taken_back_and_mended_meanwhile(warehouse: Any, tmp_path: Path) -> None:
    with warehouse.begin() as connection:
        suppression.give(connection, "order", {"cause": "shift +07:00"}, date(2026, 3, 30), "known", START)
    assert run(warehouse, tmp_path, 0, FOUND, OTHER) == {"opened": 2, "suppressed": 2}
    assert run(warehouse, tmp_path, 1, FOUND) == {"resolved": 1}
    assert verdicts(warehouse) == ["suppressed", "resolved"]
    with warehouse.begin() as connection:
        suppression.lift(connection, "order", START + timedelta(days=1))
        with pytest.raises(ConfigError, match="order"):
            suppression.lift(connection, "order", START + timedelta(days=1))
    assert run(warehouse, tmp_path, 2, FOUND, OTHER) == {"returned": 1, "reopened": 1, "confirmed": 2}


@pytest.mark.parametrize(
    ("selected", "until", "reason", "wrong"),
    [
        ({}, 1, "why", "which"),
        ({"kind": "due_differ"}, 1, "why", "due_differ"),
        ({"kind": "due_differs"}, 1, " ", "reason"),
        ({"kind": "due_differs"}, -1, "why", "from"),
        ({"kind": "due_differs"}, 400, "why", "from"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(selected: dict[str, str], until: int, reason: str, wrong: str) -> None:
    with pytest.raises(ConfigError, match=wrong):
        give_order.fn(selected, day_of(START) + timedelta(days=until), reason, START)
