"""Repair: a written plan of the corrections that are safe to push. Nothing is sent."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from prefect import get_run_logger, task

import settings
from schemas.crash import point
from tasks.rules.approval import DIGEST, digest
from tasks.rules.plan import plan
from tasks.warehouse import reading
from tasks.warehouse.engine import open_engine, transaction


@task(name="plan repairs", tags=["repair"])
def plan_repairs(run_id: str, as_of: datetime, run_dir: str, recommended_by: str = "") -> str:
    """Write `repair-plan.json`: the pushes that would close confirmed mismatches, dearest first; returns its path.

    The file has `run_id`, `made_at`, `pushes` and their `digest`: who approves the plan gives that digest. With
    `recommended_by`, a scored run, the plan keeps to the cases that it recommends.
    """
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        mismatches = reading.confirmed(connection)
        advice = reading.advice(connection, recommended_by) if recommended_by else None
    steps = plan(mismatches)
    if advice is not None:
        steps = [step for step in steps if step["case_code"] in set(advice["case_code"])]
    path = Path(run_dir) / "repair-plan.json"
    point("repair.before_plan")
    told = {"run_id": run_id, "made_at": as_of.isoformat(), "pushes": steps}
    told[DIGEST] = digest(told)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    draft.replace(path)
    point("repair.after_plan")
    get_run_logger().info("repair plan: %d pushes for %d mismatches", len(steps), len(mismatches))
    return str(path.resolve())
