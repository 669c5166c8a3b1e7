"""Seconds, rows and peak memory of each step of a run."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_CLEAR = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")


class Stopwatch:
    """Times the steps of one run in this process."""

    def __init__(self) -> None:
        self._steps: dict[str, dict[str, Any]] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what is inside; nothing is recorded of a step that fails."""
        _reset_peak()
        started = time.perf_counter()
        yield
        seconds = time.perf_counter() - started
        self._steps[name] = {"step": name, "seconds": seconds, "rows": 0, "peak_mb": peak_mb()}

    def rows(self, name: str, rows: int) -> None:
        """Say how many rows a step had."""
        self._steps[name]["rows"] = rows

    def timings(self) -> list[dict[str, Any]]:
        """The steps so far, in order: `step`, `seconds`, `rows`, `peak_mb`."""
        return list(self._steps.values())


def _reset_peak() -> None:
    """Let the kernel count the peak of resident memory anew (Linux); elsewhere peaks are those since the start."""
    if _CLEAR.exists():
        _CLEAR.write_text("5")


def peak_mb() -> float:
    """Peak resident memory in MB since the last reset (Linux) or since the process began."""
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
