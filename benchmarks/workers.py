"""A backfill over one and over two Dask worker processes, from a source that takes 50 ms for every answer.

The warehouse is PostgreSQL, empty before each run; each worker reads, judges and loads its own windows. `one_worker`
and `two_workers` are the same code on the same cluster but for the number of processes; a worker has one thread, so
that it waits for one answer at a time. `seconds` are those of the windows, without the judging of the whole.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT, ratios
from benchmarks.postgres import recreate, server, url_of
from flows.demo import sandbox

LATENCY_MS = 50
RUNS = 2
NAMES = {1: "one_worker", 2: "two_workers"}

_CHILD = """
import json, sys
from datetime import date, datetime
from prefect.testing.utilities import prefect_test_harness
from prefect_dask.task_runners import DaskTaskRunner
from flows.asked import Days
from flows.backfill import _begin, _carry_all, backfill
from flows.carry import together
from schemas.window import Step, divide
from schemas.codes import Side
import flows.backfill as module, time

address, start, end, now = sys.argv[1:]
taken = {}
carry_all = module._carry_all
def timed(*arguments):
    begun = time.perf_counter()
    done = carry_all(*arguments)
    taken["seconds"] = time.perf_counter() - begun
    return done
module._carry_all = timed
days = Days(start=date.fromisoformat(start), end=date.fromisoformat(end))
with prefect_test_harness(server_startup_timeout=180):
    result = backfill.with_options(task_runner=DaskTaskRunner(address=address))(
        days, by=Step.DAY, as_of=datetime.fromisoformat(now))
rows = sum(side["extracted"] for side in result["counts"].values())
print("\\n" + json.dumps({**taken, "rows": rows, "workers": len(result["windows"]["workers"])}))
"""


def run(cases: int, seed: int, folder: Path) -> dict[str, Any]:
    """`cases` cases of a month in the city."""
    truth = folder / "truth.json"
    rounds: dict[int, list[dict[str, Any]]] = {workers: [] for workers in NAMES}
    with server(folder), sandbox(cases, seed, truth, "--latency-ms", str(LATENCY_MS), "--days", "30") as ready:
        planted = json.loads(truth.read_text(encoding="utf-8"))
        for turn in range(RUNS):
            for workers, taken in rounds.items():
                taken.append(_once(workers, turn, ready, planted, folder))
                print(f"{NAMES[workers]}: {taken[-1]}", file=sys.stderr, flush=True)
    results = [
        {
            "name": NAMES[workers],
            "seconds": round(statistics.median(once["seconds"] for once in taken), 2),
            "peak_mb": 0,
            "rounds": [round(once["seconds"], 2) for once in taken],
            "extra": taken[-1],
        }
        for workers, taken in rounds.items()
    ]
    return {"results": results, "ratios": ratios(results, [("one_worker", "two_workers")])}


def _once(workers: int, turn: int, ready: dict[str, Any], planted: dict[str, Any], folder: Path) -> Any:
    name = f"run_{workers}_{turn}"
    recreate(folder, **{name: "template1"})
    environment = os.environ | {
        "HOSO_CITY_URL": ready["city"],
        "HOSO_PORTAL_URL": ready["portal"],
        "HOSO_PORTAL_PASSWORD": "sandbox",
        "HOSO_FINGERPRINT_KEY": "k" * 32,
        "HOSO_DATA_DIR": str(folder / name),
        "HOSO_WAREHOUSE_URL": url_of(folder, name),
        "HOSO_CITY_PAGE_ROWS": "10",
        "HOSO_PORTAL_PAGE_ROWS": "10",
        "PREFECT_HOME": str(folder / "prefect"),
    }
    end = date.fromisoformat(planted["period"]["end"]) + timedelta(days=1)
    with cluster(workers, environment) as address:
        environment["HOSO_DASK_ADDRESS"] = address
        command = [sys.executable, "-c", _CHILD, address, str(end - timedelta(days=28)), str(end), planted["now"]]
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


@contextmanager
def cluster(workers: int, environment: dict[str, str]) -> Iterator[str]:
    """A scheduler and some worker processes on loopback."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    scheduler = ["scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--no-show"]
    worker = ["worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny"]
    # What carries windows is imported before the clock runs.
    worker += ["--preload", "flows.backfill", "--preload", "expectations.run", "--preload", "great_expectations"]
    processes = []
    try:
        for words in (scheduler, *[worker] * workers):
            command = [sys.executable, "-m", "dask", *words]
            processes.append(subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL))
            time.sleep(3)
        from distributed import Client

        with Client(address) as client:
            client.wait_for_workers(workers, timeout=120)
        yield address
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait(timeout=30)
