"""Pairs of canonical cases for tests of the rules: an ordinary case, and what is different about it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pandas as pd
import pyarrow as pa

from schemas.case import CASE_SCHEMA, COMPARED
from schemas.codes import Status
from tasks.rules.canonical import row_hash
from tasks.warehouse.bulk import to_frame

VIETNAM = timezone(timedelta(hours=7))
NOW = pd.Timestamp("2025-06-19 20:00", tz=VIETNAM)
Values = dict[str, Any]


def at(text: str) -> datetime:
    """An instant of June 2025 in Vietnam: "10 16:30" or "10 16:30:15"."""
    day, clock = text.split()
    return datetime.fromisoformat(f"2025-06-{int(day):02} {clock}").replace(tzinfo=VIETNAM)


ORDINARY: Values = {
    "case_code": "H26.01-250603-0001",
    "status_code": Status.FINISHED,
    "procedure_code": "1.000001",
    "agency_code": "H26.01",
    "agency_name": "Sở Tư pháp",
    "submission_channel": 2,
    "received_at": at("3 08:00"),
    "received_precision": 0,
    "listed_day": at("3 08:00").date(),
    "due_at": at("10 16:30"),
    "due_precision": 0,
    "finished_at": at("9 10:00"),
    "finished_precision": 0,
    "modified_at": at("9 10:05"),
    "online_payment": 0,
    "has_digitised_component": False,
    "has_reused_component": False,
    "has_stored_component": False,
    "account_verified_vneid": False,
    "has_result": True,
    "clock_stopped_at": at("9 10:00"),
    "deadline_at": at("10 16:30"),
    "applicant_fingerprint": 1,
    "canonical_version": 1,
    "content_hash": 0,
    "window_start": at("2 00:00").date(),
}
OPEN: Values = {
    "status_code": Status.PROCESSING,
    "finished_at": None,
    "finished_precision": None,
    "clock_stopped_at": None,
    "has_result": False,
}
"""A case that is still being handled."""


def canonical(*rows: Values) -> pd.DataFrame:
    """Canonical cases: ORDINARY with each row's values over it, hashed by what they say."""
    full = [dict.fromkeys(CASE_SCHEMA.names) | ORDINARY | row for row in rows]
    hashed = CASE_SCHEMA.get_field_index("row_hash")
    table = pa.Table.from_pylist([row | {"row_hash": 0} for row in full], CASE_SCHEMA)
    return to_frame(table.set_column(hashed, "row_hash", row_hash(table, COMPARED)))


def pairs(*rows: tuple[Values | None, Values | None]) -> pd.DataFrame:
    """What the warehouse gives for each (city, portal): the columns of both sides, null where a side is None."""
    codes = [
        (city or portal or {}).get("case_code", f"H26.01-250603-{number:04}")
        for number, (city, portal) in enumerate(rows)
    ]
    frames = {"city": [city for city, _ in rows], "portal": [portal for _, portal in rows]}
    batch = pd.DataFrame({"case_code": pd.array(codes, "string[pyarrow]")})
    for side, said in frames.items():
        frame = canonical(*({**(values or {}), "case_code": code} for values, code in zip(said, codes, strict=True)))
        frame.loc[[values is None for values in said]] = None
        batch = batch.join(frame.add_prefix(f"{side}_"))
    return batch
