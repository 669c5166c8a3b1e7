"""Purge: old reads go, the latest read of a window and the files of rows in quarantine stay."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import settings
from flows.purge import purge
from schemas.window import Window
from tasks.warehouse.engine import create_tables, open_engine, transaction
from tasks.warehouse.tables import quarantine, window

NOW = datetime(2026, 9, 1, tzinfo=UTC)
WEEK = Window(date(2026, 1, 5), date(2026, 1, 12))
OTHER = Window(date(2026, 1, 12), date(2026, 1, 19))
AGES = {"new": 5, "middle": 120, "old": 200, "oldest": 300}
"""Runs and how many days before NOW they read."""


def land(side: str, of: Window, run: str, name: str = "00000.parquet", days: int = 0) -> Path:
    knobs = settings.current()
    far = knobs.landing_url.partition("file://")[2]
    root = Path(far) / "zone" if far else knobs.landing_dir
    path = root / side / of.name / run / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"0123456789")
    at = (NOW - timedelta(days=days)).timestamp()
    for each in (path, path.parent):
        os.utime(each, (at, at))
    return path


def read(side: str, of: Window, run: str) -> dict[str, Any]:
    counts = dict.fromkeys(("extracted", "loaded", "unchanged", "duplicate", "quarantined", "gone"), 0)
    at = NOW - timedelta(days=AGES[run])
    return {"run_id": run, "side": side, "window_start": of.start, "window_end": of.end, "read_at": at, **counts}


def bad(number: int, file: Path, released: datetime | None) -> dict[str, Any]:
    texts = {"case_code": None, "probable_code": None, "reason": "null_key", "reasons": "null_key", "payload": "{}"}
    seen = {"first_seen": NOW, "last_seen": NOW, "released_at": released, "window_start": WEEK.start}
    return {"quarantine_id": str(number), "side": "city", **texts, **seen, "landing_file": str(file), "run_id": "old"}


@pytest.fixture(params=["near", "far"])
def files(
    configured: dict[str, Any], request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Path]:
    """City: three reads of a week and one of the next; portal: a read that was never loaded, alone; one unfinished."""
    if request.param == "far":
        (tmp_path / "far").mkdir()
        monkeypatch.setenv("HOSO_LANDING_URL", f"dir://zone::file://{tmp_path / 'far'}")
        settings.current.cache_clear()
    made = {run: land("city", WEEK, run) for run in ("new", "middle", "old", "oldest")}
    made |= {"old bad": land("city", WEEK, "old", "00001.parquet"), "only": land("city", OTHER, "oldest")}
    made["unloaded"] = land("portal", WEEK, "lost", days=400)
    made["older unloaded"] = land("portal", WEEK, "lost0", days=500)
    made["unfinished"] = land("city", WEEK, ".crashed.part", "received.0000.arrow", days=100)
    made["running"] = land("city", WEEK, ".running.part", "received.0000.arrow", days=1)
    reads = [read("city", WEEK, run) for run in AGES] + [read("city", OTHER, "oldest")]
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        create_tables(connection)
        connection.execute(window.insert(), reads)
        connection.execute(quarantine.insert(), [bad(1, made["old bad"], None), bad(2, made["oldest"], NOW)])
    folder = knobs.runs_dir / "oldest" / "city"
    folder.mkdir(parents=True)
    for name in ("city/quarantine-0000.parquet", "findings.parquet", "report.html"):
        made[name] = knobs.runs_dir / "oldest" / name
        made[name].write_text("-")
    for each in (folder, folder.parent, *folder.parent.rglob("*")):
        os.utime(each, (0, 0))
    return made


def test_only_what_nobody_needs_is_deleted(files: dict[str, Path]) -> None:
    every = set(files)
    planned = purge(NOW, dry_run=True)
    assert {name for name, path in files.items() if path.exists()} == every
    counts = purge(NOW)
    assert counts == planned
    gone = {"middle", "old", "oldest", "older unloaded", "unfinished"}
    gone |= {"city/quarantine-0000.parquet", "findings.parquet"}
    assert {name for name, path in files.items() if path.exists()} == every - gone
    assert (counts["reads"], counts["landed_files"], counts["unfinished"], counts["run_files"]) == (3, 4, 1, 2)
    assert (counts["kept_latest"], counts["kept_for_quarantine"], counts["bytes"]) == (2, 1, 52)
    assert not files["middle"].parent.exists()
    again = purge(NOW)
    assert [again[name] for name in ("reads", "landed_files", "unfinished", "run_files", "bytes")] == [0] * 5
