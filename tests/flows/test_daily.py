"""The daily flow, whole, on real HTTP input: it finds exactly what was planted, and nothing twice."""

from __future__ import annotations

import json
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from prefect.client.orchestration import get_client
from sqlalchemy import func, select

import settings
from errors import ConfigError, CountMismatch, MalformedPage, MissingField
from flows.daily import daily
from flows.demo import summary
from tasks.warehouse import reading
from tasks.warehouse.engine import open_engine, transaction
from tasks.warehouse.tables import version


def run(systems: dict[str, Any], later: timedelta = timedelta(0)) -> dict[str, Any]:
    planted = systems["planted"]
    start = date.fromisoformat(planted["period"]["start"]) - timedelta(days=1)
    end = date.fromisoformat(planted["period"]["end"]) + timedelta(days=2)
    return daily(start, end, datetime.fromisoformat(planted["now"]) + later)


def found() -> set[tuple[str, str]]:
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        mismatches = reading.open_mismatches(connection)
    believed = mismatches[mismatches["verdict"].isin(["late", "confirmed"])]
    return set(zip(believed["case_code"], believed["kind"], strict=True))


def versions() -> int:
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        return connection.execute(select(func.count()).select_from(version)).scalar_one()


def artifacts() -> list[dict[str, Any]]:
    """The newest artifacts. By a plain call: Prefect 3.8's own sync `read_artifacts` sends nulls that its server
    refuses."""
    with get_client(sync_client=True) as client:
        asked = {"sort": "CREATED_DESC", "limit": 50, "offset": 0}
        return client.request("POST", "/artifacts/filter", json=asked).json()


def test_daily_finds_what_was_planted_and_a_second_run_writes_nothing(configured: dict[str, Any]) -> None:
    result = run(configured)
    told = summary(configured["planted"], result | {"found": found()})
    assert (told["missed"], told["false_alarms"], told["wrong_kind"]) == (0, 0, 0)
    assert told["found"] == told["planted"] > 0
    assert told["quarantined"] == told["planted_bad_rows"] > 0
    for count in result["counts"].values():
        parts = ("loaded", "unchanged", "duplicate", "quarantined")
        assert count["extracted"] == sum(count[part] for part in parts)

    before, mismatches = versions(), found()
    again = run(configured, later=timedelta(minutes=1))
    assert versions() == before
    assert [count["loaded"] for count in again["counts"].values()] == [0, 0]
    assert found() == mismatches
    assert again["ledger"]["opened"] == again["ledger"]["resolved"] == again["ledger"]["changed"] == 0

    _tells_its_story(result)
    _keeps_personal_data_in_the_landing_zone(result)


def _tells_its_story(result: dict[str, Any]) -> None:
    keys = {artifact["key"] for artifact in artifacts()}
    assert {"summary", "mismatches", "agencies", "report", "extraction"} <= keys
    frozen = json.loads(Path(result["reports"]["json"]).read_text(encoding="utf-8"))
    assert [step["step"] for step in frozen["steps"]] == ["extract", "validate", "clean", "load", "reconcile", "score"]
    plan = json.loads(Path(result["plan"]).read_text(encoding="utf-8"))
    assert plan["pushes"]
    assert all(push["closes"] for push in plan["pushes"])


def _keeps_personal_data_in_the_landing_zone(result: dict[str, Any]) -> None:
    """No name, identity number or phone of any landed case in report, workbook, plan, artifacts or files of the run."""
    knobs = settings.current()
    personal: set[str] = set()
    for path in knobs.landing_dir.rglob("*.parquet"):
        assert path.stat().st_mode & 0o077 == 0
        table = pq.read_table(path, columns=["applicant_name", "applicant_id_no", "phone", "email"])
        personal |= {text for column in table.columns for text in column.to_pylist() if text and len(text) > 5}
    assert len(personal) > 1_000
    told = [Path(result["reports"][kind]).read_text(encoding="utf-8") for kind in ("json", "html")]
    with zipfile.ZipFile(result["reports"]["xlsx"]) as book:
        told += [book.read(name).decode() for name in book.namelist() if name.endswith(".xml")]
    told += [Path(result["plan"]).read_text(encoding="utf-8"), *(str(artifact["data"]) for artifact in artifacts())]
    leaked = [text for text in personal for page in told if text in page]
    assert leaked == []
    assert not list((knobs.runs_dir / result["run_id"]).rglob("accepted-*"))


@pytest.mark.parametrize(
    ("system", "mood", "times", "failure"),
    [
        ("city", "wrong_total", 99, CountMismatch),
        ("portal", "malformed_page", 99, MalformedPage),
        ("city", "missing_field", 99, MissingField),
    ],
)
def test_a_source_at_fault_stops_the_run(
    configured: dict[str, Any], system: str, mood: str, times: int, failure: type[Exception]
) -> None:
    try:
        httpx.post(f"{configured[system]}/_sandbox/mood", json={"name": mood, "times": times}).raise_for_status()
        with pytest.raises(failure):
            run(configured)
        assert not (settings.current().data_dir / "warehouse.duckdb").exists()
    finally:
        httpx.post(f"{configured[system]}/_sandbox/mood", json={"name": mood, "times": 0}).raise_for_status()


def test_a_range_that_cannot_be_read_is_refused(configured: dict[str, Any]) -> None:
    as_of = datetime.fromisoformat("2026-11-20T09:00:00+00:00")
    with pytest.raises(ConfigError, match="empty"):
        daily(date(2026, 2, 1), date(2026, 1, 1), as_of)
    with pytest.raises(ConfigError, match="future"):
        daily(date(2027, 1, 1), date(2027, 2, 1), as_of)
