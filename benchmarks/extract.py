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
LIMIT = 200


def run(cases: int, seed: int, folder: Path) -> dict[str, Any]:
    """Seconds and memory of each contestant for `cases` cases a side, median of three rounds in turn.

    `ours` ends in landed Parquet, `ours_loaded` in the warehouse (validated and cleaned on the way), `bare` nowhere,
    `dlt` in DuckDB. `limit` is the use of a limit of 200 requests a second.
    """
    contestants = [
        Contestant("bare", "benchmarks.contestants:bare"),
        Contestant("ours", "benchmarks.contestants:ours"),
        Contestant("ours_loaded", "benchmarks.contestants:ours_loaded"),
    ]
    if PEERS_PYTHON.exists():
        contestants.append(Contestant("dlt", "benchmarks.peer_dlt:run", peer=True))
    else:
        print("no .venv-bench (make bench makes it): dlt is left out", file=sys.stderr)
    truth = folder / "truth.json"
    with (
        sandbox(cases, seed, truth) as ready,
        sandbox(40_000, seed, folder / "other.json", LIMIT) as metered,
    ):
        period = json.loads(truth.read_text(encoding="utf-8"))["period"]
        known = ready | {"metered_city": metered["city"], "period": period}
        (folder / "systems.json").write_text(json.dumps(known), encoding="utf-8")
        results = measure(contestants, folder, ROUNDS)
        (limit,) = measure([Contestant("paced", "benchmarks.contestants:paced")], folder, 1)
    pairs = [("ours", "bare"), ("bare", "ours"), ("dlt", "ours_loaded")]
    return {"results": results, "ratios": ratios(results, pairs), "limit": limit["extra"]}


@contextmanager
def sandbox(cases: int, seed: int, truth: Path, rate: int = 0) -> Iterator[dict[str, Any]]:
    """Both simulated systems in a process of their own; gives their addresses."""
    command = [sys.executable, "-m", "sandbox", "serve", "--cases", str(cases), "--seed", str(seed)]
    process = subprocess.Popen(
        [*command, "--truth", str(truth), "--rate", str(rate)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(30)
