"""Windows of one side, from the source to the warehouse, in whatever worker they land."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from prefect import task

import settings
from schemas.codes import Side
from schemas.window import Window
from tasks.clean import clean
from tasks.extract import extract
from tasks.lend import lend
from tasks.load_window import load_window
from tasks.unchanged import set_unchanged_aside
from tasks.validate import validate

FEW_ROWS = 500
"""So few rows prove nothing about their source: bad ones among them stop no window."""
MOST_TOGETHER = 7
"""Windows of one side that are loaded in one transaction, at most."""
FATES = ("extracted", "loaded", "unchanged", "duplicate", "quarantined", "gone")


class Load(NamedTuple):
    """Windows of one side that are carried together."""

    side: Side
    windows: list[Window]


_judging = threading.Lock()
"""Judging needs the processor, reading waits for the wire: threads of one process take turns at the first."""


# No tags: before a tagged task begins, Prefect's server is asked for the tag's limit, and a busy one took seconds.
@task(name="windows", task_run_name="{side} {windows[0].start}")
def carry(
    side: Side, windows: list[Window], run_id: str, as_of: datetime | None, run_dir: str, skip_unchanged: bool = False
) -> dict[str, Any]:
    """Extract, validate, clean and load neighbouring windows of one side in one transaction; returns their counts with
    `side`, `windows`, `drift`, `pages`, `worker`, `seconds`.

    `as_of` is the clock reading of their versions; None: now, before the first request. A read that another one
    overtook is still put in its place in time (`tasks.warehouse.late`). The folder of the run holds the catalogues.
    With `skip_unchanged`, windows that are listed as they were are entered in the ledger and not judged again.
    """
    return _carry(side, windows, run_id, as_of, run_dir, skip_unchanged)


def _carry(
    side: Side, windows: list[Window], run_id: str, as_of: datetime | None, run_dir: str, skip_unchanged: bool
) -> dict[str, Any]:
    """The body of the step, found by its name in another process: a task is sent there by value, with all it names."""
    started, as_of = time.perf_counter(), as_of or datetime.now(UTC)
    reads = [extract.fn(side, window, run_id) for window in windows]
    told: dict[str, Any] = {"side": side, "windows": windows, "pages": sum(read["pages"] for read in reads)}
    told["worker"] = f"{socket.gethostname()}:{os.getpid()}"
    told["drift"] = [finding for read in reads for finding in read["drift"]]
    with _judging:
        fresh, same = set_unchanged_aside.fn(run_id, as_of, side, reads) if skip_unchanged else (reads, 0)
        counts = _judge(side, fresh, run_id, as_of, run_dir) if fresh else dict.fromkeys(FATES, 0)
    counts["extracted"] += same
    counts["unchanged"] += same
    return told | counts | {"seconds": time.perf_counter() - started}


def _judge(side: Side, reads: list[dict[str, Any]], run_id: str, as_of: datetime, run_dir: str) -> dict[str, int]:
    """Validate, clean and load some reads in one go; returns their rows by fate."""
    if settings.current().landing_is_far:  # the flow's machine may be another, and its folders not there
        run_dir = run_folder(run_id)
    folder = Path(run_dir) / "windows" / f"{side}-{reads[0]['window'].name}"
    lend(Path(run_dir), folder)
    rows = sum(read["rows"] for read in reads)
    validated = validate.fn(side, reads, str(folder), stop_at_flood=rows >= FEW_ROWS)
    cleaned = clean.fn(side, validated["accepted"], str(folder))
    counts = load_window.fn(run_id, as_of, side, validated, cleaned)
    shutil.rmtree(folder)
    return counts


def together(missing: Sequence[tuple[Side, Window]], rows_a_day: Mapping[str, float], most_rows: int) -> list[Load]:
    """Windows that are judged and loaded together: neighbours of one side, about `most_rows` rows, few enough that a
    crash costs little. Judging has a price by the call, which small windows would pay again and again."""
    loads: list[Load] = []
    expected: dict[Side, float] = {}
    open_load: dict[Side, Load] = {}
    for side, window in missing:
        rows = rows_a_day.get(side.value, 0.0) * (window.end - window.start).days
        current = open_load.get(side)
        full = current and (len(current.windows) >= MOST_TOGETHER or expected[side] + rows > most_rows)
        if current is None or full:
            current = open_load[side] = Load(side, [])
            expected[side] = 0.0
            loads.append(current)
        current.windows.append(window)
        expected[side] += rows
    return loads


def run_folder(run_id: str) -> str:
    """Where a run keeps its files; on several machines it must be a folder that all of them see, unless reads land
    at a URL."""
    return str(settings.current().runs_dir.resolve() / run_id)
