"""Measures contestants side by side: each run in a process of its own, turn by turn, seconds and peak memory from
inside.

A contestant is a function `module:function` that takes the prepared folder; one that prepares more before it starts
gives its own `seconds` and `cpu_seconds` (of all its threads). Peers with pins of their own run under the interpreter
of `.venv-bench`. Absolute times vary with the machine; ratios within one call are what counts, and on a busy machine
those of CPU time vary least.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PEERS_PYTHON = ROOT / ".venv-bench" / "bin" / "python"

_CHILD = """
import importlib, json, resource, sys, time
sys.path.insert(0, {root!r})
module, name = {target!r}.split(":")
function = getattr(importlib.import_module(module), name)
clear = "/proc/self/clear_refs"
try:
    open(clear, "w").write("5")
except OSError:
    clear = ""
started, worked = time.perf_counter(), time.process_time()
extra = function({folder!r})
seconds, cpu = time.perf_counter() - started, time.process_time() - worked
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
if clear:
    peak = next(int(l.split()[1]) / 1024 for l in open("/proc/self/status") if l.startswith("VmHWM:"))
seconds, cpu = extra.pop("seconds", seconds), extra.pop("cpu_seconds", cpu)
print("\\n" + json.dumps({{"seconds": seconds, "cpu_seconds": cpu, "peak_mb": peak, "extra": extra}}))
"""


@dataclass(frozen=True)
class Contestant:
    """One thing to measure: its name in the result and its function; `peer` runs in the peers' environment."""

    name: str
    target: str
    peer: bool = False


def measure(contestants: list[Contestant], folder: Path, runs: int) -> list[dict[str, Any]]:
    """`runs` rounds, each contestant once a round; median seconds, largest peak_mb, every round's seconds, last
    extra."""
    rounds: dict[str, list[dict[str, Any]]] = {contestant.name: [] for contestant in contestants}
    for number in range(runs):
        for contestant in contestants:
            once = _run(contestant, folder)
            rounds[contestant.name].append(once)
            told = f"{once['seconds']:.2f} s, {once['cpu_seconds']:.2f} s of CPU, {once['peak_mb']:.0f} MB"
            print(f"round {number + 1}: {contestant.name} {told}", file=sys.stderr, flush=True)
    return [
        {
            "name": name,
            "seconds": statistics.median(once["seconds"] for once in taken),
            "cpu_seconds": round(statistics.median(once["cpu_seconds"] for once in taken), 3),
            "peak_mb": round(max(once["peak_mb"] for once in taken), 1),
            "rounds": [round(once["seconds"], 4) for once in taken],
            "extra": taken[-1]["extra"],
        }
        for name, taken in rounds.items()
    ]


def _run(contestant: Contestant, folder: Path) -> dict[str, Any]:
    python = str(PEERS_PYTHON) if contestant.peer else sys.executable
    script = _CHILD.format(root=str(ROOT), target=contestant.target, folder=str(folder))
    done = subprocess.run([python, "-c", script], stdout=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"{contestant.name} ended with status {done.returncode}")
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def ratios(results: list[dict[str, Any]], pairs: list[tuple[str, str]], measured: str = "seconds") -> dict[str, float]:
    """`{"a/b": seconds of a / seconds of b}`, from the medians; or of `cpu_seconds`."""
    seconds = {result["name"]: result[measured] for result in results}
    return {f"{a}/{b}": round(seconds[a] / seconds[b], 3) for a, b in pairs if a in seconds and b in seconds}


def machine() -> str:
    """What the figures were measured on."""
    return f"{platform.machine()}, Python {platform.python_version()}, {_cores()} cores"


def _cores() -> int:

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
