"""300 daily runs over sources in which nothing changes: `python -m benchmarks soak --cases 1500 --json`.

Every day the same rows are read, loaded and reconciled by the product's own steps, a day later each time. Once every
mismatch has aged, no run may add a row to the ledger or to the history, and neither the process nor the warehouse's
file may grow with the number of runs.
"""

from __future__ import annotations

import sys
import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

from prefect.logging import disable_run_logger
from sqlalchemy import func, select

import settings
from benchmarks.knobs import adopt
from benchmarks.truth import days_of, read_in
from sandbox.world import build
from tasks.load import load
from tasks.reconcile import reconcile_sides
from tasks.warehouse.engine import open_engine, transaction
from tasks.warehouse.tables import mismatch, mismatch_event, quarantine, version

RUNS, AGED = 300, 5
"""`AGED`: after so many days every mismatch that stays is confirmed."""


def run(cases: int, seed: int, folder: Path, runs: int = RUNS) -> dict[str, Any]:
    """Rows of each growing table, resident memory, the warehouse's file and seconds a run, by day.

    `grown`: how many rows the days after AGED added to the ledger, its events, the history and the quarantine.
    """
    adopt(folder, HOSO_FINGERPRINT_KEY=uuid.uuid4().hex)
    world = build(cases, seed)
    days, as_of = days_of(world.truth()), world.now
    validated, cleaned = read_in(world, folder)
    del world
    told: dict[int, dict[str, Any]] = {}
    for day in range(runs):
        started = time.perf_counter()
        with disable_run_logger():
            load.fn(f"run-{day}", as_of + timedelta(days=day), days, validated, cleaned, str(folder))
            events = reconcile_sides.fn(f"run-{day}", as_of + timedelta(days=day), str(folder))
        told[day] = {"seconds": round(time.perf_counter() - started, 3), **_state(folder), "events_of_run": events}
        if day % 25 == 0 or day == runs - 1:
            print(f"day {day}: {told[day]}", file=sys.stderr, flush=True)
    first, last = told[min(AGED, runs - 1)], told[runs - 1]
    kept = {day: state for day, state in told.items() if day in (0, 1, 2, AGED, runs // 2, runs - 1)}
    return {"runs": runs, "grown": {name: last["rows"][name] - n for name, n in first["rows"].items()}, "days": kept}


def _state(folder: Path) -> dict[str, Any]:
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        rows = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (mismatch, mismatch_event, version, quarantine)
        }
    status = Path("/proc/self/status").read_text().splitlines()
    resident = next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmRSS:"))
    return {"rows": rows, "resident_mb": resident, "file_mb": (folder / "warehouse.duckdb").stat().st_size >> 20}
