"""The rhythm of every quarter of an hour: read what can have changed, judge what did.

    python -m flows.incremental [--as-of TIME]

Exit status: the bit mask of docs/operations.md.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact

import settings
from flows.asked import with_offset
from flows.carry import FATES, carry, run_folder
from flows.judge import new_run_id
from flows.truth import command, truthful
from schemas.codes import Side
from tasks.announce import announce
from tasks.due import due
from tasks.reconcile import reconcile_sides
from tasks.resume import settle
from tasks.snapshot import share_snapshot

FLOW = "incremental"


@flow(name=FLOW, flow_run_name="incremental")
@truthful
def incremental(as_of: datetime | None = None) -> dict[str, Any]:
    """Read the last days from both sides, load what is new, reconcile the touched cases.

    The days are those since the last run's watermark and `incremental_trailing_days` before; a window that is listed
    exactly as it was is not judged again. Changes of older cases are the daily run's. `overhead` in the result says
    what orchestration cost: `seconds` in all, `step_seconds` in the steps, `share` of the rest.
    """
    started, as_of = time.perf_counter(), as_of or datetime.now(UTC)
    settings.current()
    run_id = new_run_id(as_of)
    run_dir = run_folder(run_id)
    begun = _begin(run_id, as_of, run_dir)
    futures = [carry.submit(side, begun["windows"], run_id, as_of, run_dir, skip_unchanged=True) for side in Side]
    carried = [future.result() for future in futures]
    done = _finish(run_id, as_of, run_dir, carried)
    # Both sides are read at the same time: the longer one is what the run waited for.
    steps = begun["seconds"] + max(side["seconds"] for side in carried) + done["seconds"]
    seconds = time.perf_counter() - started
    overhead = {"seconds": round(seconds, 3), "step_seconds": round(steps, 3), "share": round(1 - steps / seconds, 3)}
    result = {"run_id": run_id, "counts": done["counts"], "ledger": done["ledger"], "attention": done["attention"]}
    _tell(result, overhead)
    return result | {"overhead": overhead}


@task(name="begin", tags=["ledger"])
def _begin(run_id: str, as_of: datetime, run_dir: str) -> dict[str, Any]:
    """Enter the run; its `windows` and the `seconds` this took."""
    started = time.perf_counter()
    windows = due.fn(run_id, FLOW, as_of, run_dir)
    return {"windows": windows, "seconds": time.perf_counter() - started}


@task(name="finish", tags=["reconcile"])
def _finish(run_id: str, as_of: datetime, run_dir: str, carried: list[dict[str, Any]]) -> dict[str, Any]:
    """Reconcile the touched cases, close the run, tell. One step for the orchestrator: it runs every quarter hour."""
    started = time.perf_counter()
    counts = {str(side["side"]): {fate: side[fate] for fate in FATES} for side in carried}
    settle.fn(run_id, as_of)
    ledger = reconcile_sides.fn(run_id, as_of, run_dir, touched=True)
    drift = [finding for side in carried for finding in side["drift"]]
    attention = announce.fn(FLOW, run_id, as_of, counts, {}, [], drift)
    news = sum(side["loaded"] + side["gone"] for side in carried) + sum(ledger.values()) - ledger["findings"]
    if news:
        share_snapshot.fn()
    shutil.rmtree(run_dir)  # nothing reads it after the run, and a folder every quarter of an hour would pile up
    seconds = time.perf_counter() - started
    return {"counts": counts, "ledger": ledger, "attention": attention, "seconds": seconds}


def _tell(result: dict[str, Any], overhead: dict[str, float]) -> None:
    """The flow page's summary."""
    lines = [f"# incremental {result['run_id']}", "", "| | " + " | ".join(FATES) + " |", "|---" * 7 + "|"]
    lines += [
        f"| {side} | " + " | ".join(f"{n:,}" for n in rows.values()) + " |" for side, rows in result["counts"].items()
    ]
    lines += ["", f"Sổ sai lệch / ledger: {result['ledger']}", ""]
    lines += [f"{overhead['seconds']} s, trong đó điều phối / of it orchestration {overhead['share']:.0%}"]
    create_markdown_artifact("\n".join(lines), key="summary", description="Tóm tắt lần chạy / Run summary")
    get_run_logger().info("%s, overhead %s", result["counts"], overhead)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m flows.incremental", description="read and judge what changed")
    parser.add_argument("--as-of", type=datetime.fromisoformat, help="ISO time with an offset; default: now")
    asked = parser.parse_args(argv)

    def run() -> dict[str, Any]:
        return incremental(with_offset(asked.as_of))

    return command(run, print)


if __name__ == "__main__":
    sys.exit(main())
