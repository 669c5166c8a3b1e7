"""Extraction: ours beside a bare loop that throws the bodies away, and beside dlt; and how well a limit is used."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.measure import PEERS_PYTHON, Contestant, measure, ratios

ROUNDS = 3
LARGE = 100_000
"""Cases above which those who load are measured once: their runs take minutes, not seconds."""
LIMIT = 200
METERED_CASES = 40_000
LATENCY_MS = 200
"""What a network adds to each answer: a page of 500 cases has a megabyte, which takes as long at 40 Mbit/s."""


def run(cases: int, seed: int, folder: Path) -> dict[str, Any]:
    """Seconds and memory of each contestant for `cases` cases a side; medians of turns.

    `ours` ends in landed Parquet, `bare` nowhere; both read systems that take LATENCY_MS to answer. `ours_loopback`,
    `bare_loopback`, `ours_loaded` (the warehouse: validated and cleaned on the way) and `dlt` (DuckDB) read systems
    that answer at once. `limit` is the use of a limit of 200 requests a second.
    """
    readers = _contestants("bare", "ours")
    at_once = _contestants("bare_loopback", "ours_loopback", "ours_loaded")
    if PEERS_PYTHON.exists():
        at_once.append(Contestant("dlt", "benchmarks.peer_dlt:run", peer=True))
    else:
        print("no .venv-bench (make bench makes it): dlt is left out", file=sys.stderr)
    with (
        sandbox(cases, seed, folder / "truth.json") as near,
        sandbox(cases, seed, folder / "far.json", latency_ms=LATENCY_MS) as far,
        sandbox(METERED_CASES, seed, folder / "metered.json", rate=LIMIT) as metered,
    ):
        period = json.loads((folder / "truth.json").read_text(encoding="utf-8"))["period"]
        known = near | {"far": far, "metered": metered, "period": period}
        (folder / "systems.json").write_text(json.dumps(known), encoding="utf-8")
        results = measure(readers, folder, ROUNDS) + measure(at_once, folder, 1 if cases > LARGE else ROUNDS)
        (limit,) = measure(_contestants("paced"), folder, 1)
    pairs = [("ours", "bare"), ("bare", "ours"), ("bare_loopback", "ours_loopback"), ("dlt", "ours_loaded")]
    return {
        "latency_ms": LATENCY_MS,
        "results": results,
        "ratios": ratios(results, pairs),
        "limit": limit["extra"],
    }


def _contestants(*names: str) -> list[Contestant]:
    return [Contestant(name, f"benchmarks.contestants:{name}") for name in names]


@contextmanager
def sandbox(cases: int, seed: int, truth: Path, rate: int = 0, latency_ms: int = 0) -> Iterator[dict[str, Any]]:
    """Both simulated systems in a process of their own; gives their addresses."""
    options = {"cases": cases, "seed": seed, "truth": truth, "rate": rate, "latency-ms": latency_ms}
    command = [sys.executable, "-m", "sandbox", "serve"]
    command += [text for name, value in options.items() for text in (f"--{name}", str(value))]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(30)
