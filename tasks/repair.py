"""Repair: a written plan of the corrections that are safe to push. Nothing is sent."""

from __future__ import annotations

import json
from pathlib import Path

from prefect import get_run_logger, task

import settings
from schemas.crash import point
from tasks.rules.plan import plan
from tasks.warehouse import reading
from tasks.warehouse.engine import open_engine, transaction


@task(name="plan repairs", tags=["repair"])
def plan_repairs(run_id: str, run_dir: str) -> str:
    """Write `repair-plan.json`: the pushes that would close confirmed mismatches, dearest first; returns its path."""
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        mismatches = reading.confirmed(connection)
    steps = plan(mismatches)
    path = Path(run_dir) / "repair-plan.json"
    point("repair.before_plan")
    path.write_text(json.dumps({"run_id": run_id, "pushes": steps}, ensure_ascii=False, indent=1), encoding="utf-8")
    point("repair.after_plan")
    get_run_logger().info("repair plan: %d pushes for %d mismatches", len(steps), len(mismatches))
    return str(path.resolve())
