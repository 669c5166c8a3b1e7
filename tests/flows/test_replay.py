"""Replay: rows set aside for a status word that nobody had mapped become cases once it is mapped."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select

import settings
from flows.daily import daily
from flows.replay import main
from schemas.codes import CITY_STATUS_WORDS
from tasks.warehouse.engine import open_engine, transaction
from tasks.warehouse.tables import quarantine, run, version

UNMAPPED = ("handover", "xyz")


def read_all(systems: dict[str, Any], later: int = 0) -> dict[str, Any]:
    planted = systems["planted"]
    start = date.fromisoformat(planted["period"]["start"]) - timedelta(days=1)
    end = date.fromisoformat(planted["period"]["end"]) + timedelta(days=2)
    return daily(start, end, datetime.fromisoformat(planted["now"]) + timedelta(minutes=later))


def ask(statement: Any) -> list[tuple[Any, ...]]:
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        return [tuple(row) for row in connection.execute(statement)]


def kept() -> set[tuple[Any, ...]]:
    q = quarantine.c
    return set(ask(select(q.quarantine_id, q.side, q.reason).where(q.released_at.is_(None))))


def test_a_status_word_that_is_mapped_now(
    configured: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    read_all(configured)
    before = kept()
    bad = {row for row in before if row[1:] == ("city", "bad_status")}
    codes = {
        code for (code,) in ask(select(quarantine.c.case_code).where(quarantine.c.quarantine_id.in_(r[0] for r in bad)))
    }
    assert bad
    versions = ask(select(func.count()).select_from(version))[0][0]

    words = {word: int(code) for word, code in CITY_STATUS_WORDS.items()}
    monkeypatch.setenv("HOSO_CITY_STATUS_MAP", json.dumps(words | {UNMAPPED[0]: 4, UNMAPPED[1]: 4}))
    settings.current.cache_clear()
    at = datetime.fromisoformat(configured["planted"]["now"]) + timedelta(minutes=5)
    capfd.readouterr()
    assert main(["--reason", "bad_status,bad_code", "--as-of", at.isoformat()]) == 0
    told = capfd.readouterr()
    result = json.loads(told.out[told.out.index("{") :])

    counts = result["counts"]
    assert counts["city"]["loaded"] == counts["city"]["replayed"] == len(bad)
    assert counts["portal"]["quarantined"] == counts["portal"]["replayed"] > 0
    assert kept() == before - bad
    v = version.c
    new = ask(select(v.case_code, v.status_code, v.recorded_from).where(v.run_id == result["run_id"]))
    assert {(code, status) for code, status, _ in new} == {(code, 4) for code in codes}
    assert all(recorded == at for _, _, recorded in new)
    assert ask(select(func.count()).select_from(version))[0][0] == versions + len(bad)
    assert ask(select(run.c.flow, run.c.state).where(run.c.run_id == result["run_id"])) == [("replay", "replayed")]
    _tells_nobody(told.out + told.err)

    assert main(["--reason", "bad_status", "--as-of", (at + timedelta(minutes=1)).isoformat()]) == 0
    again = read_all(configured, later=10)
    assert again["counts"]["city"]["loaded"] == 0  # the replayed versions are what a read says
    assert kept() == before - bad


def _tells_nobody(told: str) -> None:
    knobs = settings.current()
    for path in knobs.landing_dir.rglob("*.parquet"):
        for column in pq.read_table(path, columns=["applicant_name", "applicant_id_no", "phone"]).columns:
            assert not [text for text in column.to_pylist() if text and len(text) > 5 and text in told]
    assert not list(Path(knobs.runs_dir).rglob("restored/*.parquet"))


def test_words_and_times_that_make_no_sense_are_refused(configured: dict[str, Any]) -> None:
    assert main(["--reason", "bad_weather"]) == 2
    read_all(configured)
    before = datetime.fromisoformat(configured["planted"]["now"])
    assert main(["--reason", "bad_status", "--as-of", before.isoformat()]) == 2
