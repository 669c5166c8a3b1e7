"""The daily rhythm: read both sides, reconcile them whole, score, report, plan repairs.

    python -m flows.daily [--start DAY] [--end DAY] [--as-of TIME]

Exit status: the bit mask of docs/operations.md.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from prefect import flow, get_run_logger
from prefect.runtime import flow_run

import settings
from errors import ConfigError
from flows.asked import with_offset
from flows.carry import run_folder
from flows.judge import judge, new_run_id
from flows.progress import Progress
from flows.runner import check_writers, runner
from flows.stopwatch import Stopwatch
from flows.truth import command, truthful
from schemas.codes import Side
from schemas.period import day_of
from schemas.window import Window, split
from tasks.clean import clean
from tasks.extract import extract, read_catalogues
from tasks.load import load
from tasks.validate import validate


def _run_name() -> str:
    asked = flow_run.parameters
    return f"daily {asked.get('start') or 'trailing'}..{asked.get('end') or 'today'}"


@flow(name="daily", flow_run_name=_run_name, task_runner=runner())
@truthful
def daily(start: date | None = None, end: date | None = None, as_of: datetime | None = None) -> dict[str, Any]:
    """Read the cases received in [start, end) from both sides and bring warehouse, scores and report up to date.

    Without a range: the last `trailing_days` days up to and with today. `as_of` is the run's one clock reading, now by
    default. Returns the run's id, its counts, its scores, the paths of its report and of its repair plan.
    """
    knobs = settings.current()
    check_writers(knobs)
    as_of = as_of or datetime.now(UTC)
    days = _range(start, end, as_of, knobs.trailing_days)
    run_id = new_run_id(as_of)
    run_dir = run_folder(run_id)
    windows = split(*days, knobs.window_days)
    get_run_logger().info("run %s: %d windows of %s..%s on each side", run_id, len(windows), *days)
    watch = Stopwatch()

    with watch.step("extract"):
        read_catalogues(run_dir)
        landed = _extract(windows, run_id)
    watch.rows("extract", sum(read["rows"] for reads in landed.values() for read in reads))

    with watch.step("validate"):
        validated = {side: validate(side, reads, run_dir) for side, reads in landed.items()}
    with watch.step("clean"):
        cleaned = {side: clean(side, outcome["accepted"], run_dir) for side, outcome in validated.items()}
    with watch.step("load"):
        counts = load(run_id, as_of, days, validated, cleaned, run_dir)
    watch.rows("validate", sum(count["extracted"] for count in counts.values()))
    watch.rows("clean", sum(count["loaded"] + count["unchanged"] for count in counts.values()))
    watch.rows("load", sum(count["loaded"] for count in counts.values()))

    drift = [finding for reads in landed.values() for read in reads for finding in read["drift"]]
    return judge("daily", run_id, as_of, days, counts, watch, drift)


def _range(start: date | None, end: date | None, as_of: datetime, trailing_days: int) -> tuple[date, date]:
    """The days to read. Raises ConfigError for an empty or reversed range, or one that lies in the future."""
    tomorrow = day_of(as_of) + timedelta(days=1)
    end = end or tomorrow
    start = start or end - timedelta(days=trailing_days)
    if start >= end:
        raise ConfigError(f"the range {start}..{end} is empty: its end must be after its start")
    if start >= tomorrow:
        raise ConfigError(f"the range {start}..{end} begins in the future (it is {tomorrow - timedelta(days=1)})")
    return start, min(end, tomorrow)


def _extract(windows: list[Window], run_id: str) -> dict[Side, list[dict[str, Any]]]:
    """All windows of both sides, a few at a time, with a progress artifact."""
    futures = [extract.submit(side, window, run_id) for window in windows for side in Side]
    progress = Progress(len(futures))
    landed: dict[Side, list[dict[str, Any]]] = defaultdict(list)
    for future in progress.follow(futures):
        read = future.result()
        landed[Side(read["side"])].append(read)
        progress.add(read["rows"])
    return {side: sorted(reads, key=lambda read: read["window"]) for side, reads in landed.items()}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m flows.daily", description="read, reconcile, score and report")
    parser.add_argument("--start", type=date.fromisoformat, help="first received day; default: `trailing_days` ago")
    parser.add_argument("--end", type=date.fromisoformat, help="the day after the last; default: tomorrow")
    parser.add_argument("--as-of", type=datetime.fromisoformat, help="ISO time with an offset; default: now")
    asked = parser.parse_args(argv)

    def run() -> dict[str, Any]:
        return daily(asked.start, asked.end, with_offset(asked.as_of))

    return command(run, lambda result: print(*result["reports"].values(), sep="\n"))


if __name__ == "__main__":
    sys.exit(main())
