"""500 scheduled runs over sources in which nothing changes: `python -m benchmarks scheduled --cases 1500 --json`.

Each is the incremental flow itself, orchestrated by a Prefect server of its own, half a minute of the simulated clock
after the one before. They may add to the ledger what each of them is entered with, and nothing else: no row, no file,
no folder, no resident memory. What grew ends the command with exit status 1. Figures after every `EVERY` runs.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from flows.demo import configure, sandbox

RUNS, EVERY = 500, 100
KNOWN_DAYS = 20
STEP = timedelta(seconds=30)
ENTERED = {"ops__run", "ops__window"}
"""A row for each run, and for each window that it reads."""
MEMORY_SHARE = 0.05
"""Resident memory may differ by so much from that after the first `EVERY` runs, when caches are full."""
QUIET = ("TASK_RUN_RECORDER", "EVENT_PERSISTER", "TRIGGERS")
"""Services of the Prefect server that are no part of a run."""


def run(cases: int, seed: int, folder: Path, runs: int = RUNS, every: int = EVERY) -> dict[str, Any]:
    """`cases` cases of the city. `after`: by number of runs, rows of each table, files, folders and megabytes of the
    data folder, resident megabytes, processor seconds of this process; `faults`: what grew, in words."""
    os.environ |= {f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false" for name in QUIET}
    os.environ |= {"PREFECT_HOME": str(folder / "prefect"), "PREFECT_LOGGING_LEVEL": "WARNING"}
    truth = folder / "truth.json"
    with sandbox(cases, seed, truth) as ready:
        configure(ready, folder / "ours")
        after = _runs(json.loads(truth.read_text(encoding="utf-8")), folder / "ours", runs, every)
    return {"runs": runs, "after": after, "faults": grown(after)}


def _runs(truth: dict[str, Any], data: Path, runs: int, every: int) -> dict[int, dict[str, Any]]:
    from prefect.testing.utilities import prefect_test_harness

    from flows.daily import daily
    from flows.incremental import incremental

    now, end = datetime.fromisoformat(truth["now"]), date.fromisoformat(truth["period"]["end"]) + timedelta(days=1)
    after: dict[int, dict[str, Any]] = {}
    with prefect_test_harness(server_startup_timeout=180):
        daily(end - timedelta(days=KNOWN_DAYS), end, now)
        for turn in range(1, runs + 1):
            # All before midnight: the sandbox's clock stands still, and so does what it lists.
            incremental(now + turn * STEP)
            if turn % every == 0:
                after[turn] = state(data) | {"cpu_seconds": round(time.process_time(), 1)}
                print(f"after {turn} runs: {after[turn]}", file=sys.stderr, flush=True)
    return after


def state(data: Path) -> dict[str, Any]:
    """What the runs so far left in the warehouse, in the data folder and in this process."""
    from sqlalchemy import func, select

    import settings
    from tasks.warehouse.engine import open_engine, transaction
    from tasks.warehouse.index_tables import metadata  # with all tables in it

    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        rows = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }
    paths = list(data.rglob("*"))
    gc.collect()
    status = Path("/proc/self/status").read_text().splitlines()
    return {
        "rows": rows,
        "files": sum(path.is_file() for path in paths),
        "folders": sum(path.is_dir() for path in paths),
        "disk_mb": round(sum(path.stat().st_size for path in paths if path.is_file()) / 2**20, 1),
        "resident_mb": next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmRSS:")),
    }


def grown(after: Mapping[int, Mapping[str, Any]]) -> list[str]:
    """What grew with the number of runs, beside the entries of the runs themselves."""
    marks = sorted(after)
    first, last = after[marks[0]], after[marks[-1]]
    faults = []
    for table, before in first["rows"].items():
        steps = {after[b]["rows"][table] - after[a]["rows"][table] for a, b in pairwise(marks)}
        if steps - {0} and (table not in ENTERED or len(steps) > 1):
            faults.append(f"{table}: {before:,} rows after {marks[0]} runs, {last['rows'][table]:,} after {marks[-1]}")
    for what in ("files", "folders"):
        if last[what] != first[what]:
            faults.append(f"{what}: {first[what]:,} after {marks[0]} runs, {last[what]:,} after {marks[-1]}")
    if last["resident_mb"] > first["resident_mb"] * (1 + MEMORY_SHARE):
        faults.append(f"resident memory: {first['resident_mb']} MB, then {last['resident_mb']} MB")
    return faults
