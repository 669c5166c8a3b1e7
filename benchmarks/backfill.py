"""Thirty-six months window by window, killed three times, beside one load of the same days.

`one_shot` is the daily flow over the whole range, `by_month` a backfill of it, `killed` a backfill whose process is
killed (SIGKILL) three times on its way and started again. All leave the same cases, mismatches and quarantine, or this
ends with an error. Each runs in processes of its own; starting one (imports, Prefect) is timed apart and taken off.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT, ratios
from flows.demo import sandbox

DAYS = 1_095
KILLS = 3

_CHILD = """
import json, sys, time
from datetime import date, datetime
import great_expectations
from prefect.testing.utilities import prefect_test_harness
from flows.asked import Days
from flows.backfill import backfill
from flows.daily import daily
from flows.stopwatch import peak_mb
from schemas.window import Step
how, start, end, now = sys.argv[1:]
start, end, now = date.fromisoformat(start), date.fromisoformat(end), datetime.fromisoformat(now)
with prefect_test_harness(server_startup_timeout=180):
    print("ready", flush=True)
    begun = time.perf_counter()
    if how == "one_shot":
        daily(start, end, now)
    else:
        backfill(Days(start=start, end=end), by=Step.MONTH, as_of=now)
    print(json.dumps({"seconds": time.perf_counter() - begun, "peak_mb": peak_mb()}), flush=True)
"""


def run(cases: int, seed: int, folder: Path) -> dict[str, Any]:
    """`cases` cases of the city in 36 months."""
    truth = folder / "truth.json"
    with sandbox(cases, seed, truth, "--days", str(DAYS)) as ready:
        planted = json.loads(truth.read_text(encoding="utf-8"))
        end = date.fromisoformat(planted["period"]["end"]) + timedelta(days=1)
        asked = [str(end - timedelta(days=DAYS + 1)), str(end), planted["now"]]
        results: list[dict[str, Any]] = []
        states: dict[str, Any] = {}
        for name, kills in (("one_shot", 0), ("by_month", 0), ("killed", KILLS)):
            environment = _environment(ready, folder, name)
            taken = _run(name, asked, environment, kills, results)
            states[name] = _state(folder / name / "warehouse.duckdb")
            results.append({"name": name, **taken, "extra": states[name]})
            print(results[-1], file=sys.stderr, flush=True)
    if len({state["digest"] for state in states.values()}) != 1:
        raise SystemExit(f"the warehouses differ: {states}")
    return {"results": results, "ratios": ratios(results, [("by_month", "one_shot"), ("killed", "one_shot")])}


def _environment(ready: dict[str, Any], folder: Path, name: str) -> dict[str, str]:
    return os.environ | {
        "HOSO_CITY_URL": ready["city"],
        "HOSO_PORTAL_URL": ready["portal"],
        "HOSO_PORTAL_PASSWORD": "sandbox",
        "HOSO_FINGERPRINT_KEY": "k" * 32,
        "HOSO_DATA_DIR": str(folder / name),
        "HOSO_REQUESTS_PER_SECOND": "100000",
        "PREFECT_HOME": str(folder / "prefect"),
    }


def _run(
    how: str, asked: list[str], environment: dict[str, str], kills: int, before: list[dict[str, Any]]
) -> dict[str, Any]:
    """Seconds of all processes from "ready" on, and the last one's peak memory."""
    seconds = 0.0
    windows = before[-1]["extra"]["windows"] if before else 0
    for turn in range(kills + 1):
        process = subprocess.Popen(
            [sys.executable, "-c", _CHILD, how, *asked], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        while process.stdout.readline().strip() != "ready":
            if process.poll() is not None:
                raise SystemExit(f"{how} ended with status {process.returncode}")
        begun = time.perf_counter()
        if turn < kills:
            while process.poll() is None and _landed(environment) < windows * (turn + 1) / (kills + 1):
                time.sleep(0.05)
            process.kill()
            process.wait()
            seconds += time.perf_counter() - begun
            continue
        told = json.loads([line for line in process.stdout if line.startswith("{")][-1])
        process.wait()
        seconds += told["seconds"]
    return {"seconds": round(seconds, 2), "peak_mb": round(told["peak_mb"], 1), "rounds": [round(seconds, 2)]}


def _landed(environment: dict[str, str]) -> int:
    """How many windows have landed."""
    return sum(1 for _ in Path(environment["HOSO_DATA_DIR"]).glob("landing/*/*/[!.]*"))


def _state(file: Path) -> dict[str, Any]:
    """What a warehouse holds, without what depends on how it was filled: counts and a digest."""
    import duckdb

    questions = {
        "cases": "SELECT side, case_code, content_hash FROM core_cases__version WHERE recorded_to IS NULL ORDER BY ALL",
        "mismatches": "SELECT case_code, kind, verdict FROM core_sync__mismatch WHERE resolved_at IS NULL ORDER BY ALL",
        "quarantine": "SELECT side, quarantine_id FROM core_cases__quarantine WHERE released_at IS NULL ORDER BY ALL",
    }
    digest, counts = hashlib.sha256(), {}
    with duckdb.connect(str(file), read_only=True) as database:
        for name, question in questions.items():
            rows = database.execute(question).fetchall()
            counts[name] = len(rows)
            digest.update(repr(rows).encode())
        windows = database.execute("SELECT count(*), count(DISTINCT (side, window_start)) FROM ops__window").fetchall()[
            0
        ]
    if windows[0] != windows[1]:
        raise SystemExit(f"{windows[0]} windows loaded, {windows[1]} different ones")
    return {**counts, "windows": windows[0], "digest": digest.hexdigest()[:16]}
