"""What every rhythm does once its rows are in the warehouse: reconcile them whole, score, report, announce."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from flows.carry import run_folder
from flows.stopwatch import Stopwatch
from tasks.announce import announce
from tasks.beside import beside
from tasks.reconcile import reconcile_sides
from tasks.repair import plan_repairs
from tasks.report import report
from tasks.resume import enter
from tasks.score import score_sides

RE_JUDGE = "re-judge"


def new_run_id(as_of: datetime) -> str:
    """Readable, sortable, and never twice the same."""
    return f"{as_of.astimezone(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"


def judge(
    flow: str,
    run_id: str,
    as_of: datetime,
    days: tuple[date, date],
    counts: Mapping[Any, Mapping[str, int]],
    watch: Stopwatch,
    drift: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Judge all that is stored; returns the run's result with `attention`, what of it needs a person."""
    run_dir = run_folder(run_id)
    with watch.step("reconcile"):
        ledger = reconcile_sides(run_id, as_of, run_dir)
    watch.rows("reconcile", ledger["findings"])
    with watch.step("score"):
        scores = score_sides(run_id, as_of, days)
    reports = report(run_id, as_of, days, watch.timings(), run_dir)
    plan = plan_repairs(run_id, as_of, run_dir)
    attention = announce(flow, run_id, as_of, counts, scores, watch.timings(), list(drift))
    result = {"run_id": run_id, "counts": counts, "ledger": ledger, "scores": scores, "reports": reports}
    return result | {"plan": plan, "attention": attention}


def re_judge(days: tuple[date, date], as_of: datetime, agency: str = "") -> dict[str, Any]:
    """Today's rules over what is stored; nothing is read. The points stand beside those of the run before, for the city
    or one agency."""
    run_id = new_run_id(as_of)
    Path(run_folder(run_id)).mkdir(parents=True, exist_ok=True)
    enter(run_id, RE_JUDGE, as_of, days, agency)
    result = judge(RE_JUDGE, run_id, as_of, days, {}, Stopwatch())
    return result | {"then_and_now": beside(run_id, agency)}
