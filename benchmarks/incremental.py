"""An incremental run that finds nothing new, over a warehouse of many cases: seconds of the steps, share of Prefect.

The warehouse is filled with synthetic cases on both sides (`benchmarks.load`); the last days are those of a sandbox
that receives as many cases a day. A first run takes these days in; `RUNS` further ones find what they know.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from benchmarks import load
from flows.demo import configure, sandbox
from flows.stopwatch import peak_mb
from schemas.codes import Side
from schemas.window import split

RUNS = 5
SANDBOX_DAYS = 30
LAST_KNOWN = date(2026, 11, 17)


def run(cases: int, seed: int, folder: Path) -> dict[str, Any]:
    """`cases` cases on each side."""
    recent = max(1_000, cases * SANDBOX_DAYS // 365)
    truth = folder / "truth.json"
    with sandbox(recent, seed, truth, "--days", str(SANDBOX_DAYS)) as ready:
        os.environ["PREFECT_HOME"] = str(folder / "prefect")
        configure(ready, folder / "ours")
        _fill(cases, seed, folder)
        taken = _measure(datetime.fromisoformat(json.loads(truth.read_text(encoding="utf-8"))["now"]))
    steps = [once["overhead"]["step_seconds"] for once in taken]
    whole = [once["overhead"]["seconds"] for once in taken]
    rows = sum(side["extracted"] for side in taken[-1]["counts"].values())
    result = {"name": "ours", "seconds": statistics.median(steps), "peak_mb": round(peak_mb(), 1), "rounds": steps}
    share = statistics.median(once["overhead"]["share"] for once in taken)
    cpu = statistics.median(once["cpu_seconds"] for once in taken)
    extra = {
        "cpu_seconds": cpu,
        "rows_listed": rows,
        "run_seconds": statistics.median(whole),
        "orchestration_share": share,
    }
    return {
        "results": [result | {"extra": extra}],
        "ratios": {"run/ours": round(extra["run_seconds"] / result["seconds"], 3)},
    }


def _fill(cases: int, seed: int, folder: Path) -> None:
    """Load the synthetic cases of both sides, which agree."""
    import settings
    from tasks.warehouse.engine import create_tables, open_engine, transaction
    from tasks.warehouse.runs import open_run
    from tasks.warehouse.window_ledger import WindowRows
    from tasks.warehouse.writer import SideLoad, load_side

    load.LAST = LAST_KNOWN
    table = load.synthetic(cases, np.random.default_rng(seed))
    path = folder / "cases.parquet"
    pq.write_table(table, path, compression="zstd", compression_level=1)
    starts, counts = np.unique(table["window_start"].to_numpy(), return_counts=True)
    rows = dict(zip(starts.astype("datetime64[D]").tolist(), counts.tolist(), strict=True))
    at = datetime(2026, 11, 19, tzinfo=load.NOW.tzinfo)
    windows = [w for w in split(load.FIRST, LAST_KNOWN + timedelta(days=7), 7) if w.start in rows]
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        create_tables(connection)
        open_run(connection, "synthetic", "daily", at, (load.FIRST, LAST_KNOWN))
        for side in Side:
            counted = [WindowRows(w, rows[w.start], rows[w.start], 0, 0, at) for w in windows]
            load_side(connection, "synthetic", at, SideLoad(side, [str(path)], [], counted))


def _measure(now: datetime) -> list[dict[str, Any]]:
    from prefect.testing.utilities import prefect_test_harness

    from flows.daily import daily
    from flows.incremental import incremental

    with prefect_test_harness(server_startup_timeout=180):
        day = now.date()
        daily(day - timedelta(days=1), day + timedelta(days=1), now)
        incremental(now + timedelta(minutes=15))
        return [_timed(incremental, now + timedelta(minutes=30 + 15 * turn)) for turn in range(RUNS)]


def _timed(flow: Any, as_of: datetime) -> dict[str, Any]:
    """The result of one run, with the processor seconds of this process: steps and Prefect's client together."""
    begun = time.process_time()
    result: dict[str, Any] = flow(as_of)
    return result | {"cpu_seconds": round(time.process_time() - begun, 3)}
