"""Announce: what a run found, as artifacts of change and drift, as events that automations wait for, as metrics."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import create_table_artifact
from prefect.events import emit_event

import settings
from schemas.codes import Side
from schemas.mismatch import KINDS, Kind, Verdict
from tasks.metrics import write_metrics
from tasks.rules.alarm import Raised, of_failure, of_run
from tasks.warehouse import watching
from tasks.warehouse.engine import open_engine, transaction

USUAL_DAYS = 28
"""How far back runs are looked at to say what is usual."""


@task(name="announce", tags=["report"])
def announce(
    flow: str,
    run_id: str,
    as_of: datetime,
    counts: Mapping[Any, Mapping[str, int]],
    points: Mapping[str, str],
    steps: Sequence[Mapping[str, Any]],
    drift: Sequence[Mapping[str, Any]],
) -> dict[str, int]:
    """Tell those who watch; returns what needs a person: `confirmed` mismatches, `quarantined` rows, `drift`."""
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        open_now = watching.open_by_kind(connection)
        change = watching.change_since(connection, as_of - timedelta(days=1))
        quarantined = watching.quarantined_rows(connection)
        changes = watching.news(connection, Side.CITY, as_of - timedelta(days=1))
        opened = watching.opened_by_run(connection, "", flow, as_of - timedelta(microseconds=1), as_of)
        before = watching.opened_by_run(connection, run_id, flow, as_of - timedelta(days=USUAL_DAYS), as_of)
    rows = change_rows(open_now, change)
    create_table_artifact(rows, key="changes", description="Thay đổi so với hôm qua / Change since yesterday")
    if drift:
        create_table_artifact(list(map(dict, drift)), key="drift", description="Thay đổi cấu trúc / Record format")
    attention = {
        "confirmed": sum(verdicts.get(Verdict.CONFIRMED.value, 0) for verdicts in open_now.values()),
        "quarantined": sum(quarantined.values()),
        "drift": len(drift),
    }
    late = sum(verdicts.get(Verdict.LATE.value, 0) for verdicts in open_now.values())
    raised = of_run(sum(opened), before, late, changes, len(drift))
    for each in raised:
        send(flow, run_id, each)
    emit_event("hoso-sync.run.completed", resource=_resource(flow), payload={"run_id": run_id, **attention})
    facts = {"ended": time.time(), "completed": True, "counts": counts, "open": open_now, "quarantined": quarantined}
    path = write_metrics(knobs.data_dir, flow, facts | {"points": points, "steps": steps})
    get_run_logger().info("metrics: %s; alarms: %s", path, [each.alarm.value for each in raised])
    return attention


def announce_failure(flow: str, error_class: str) -> None:
    """Tell that a run failed. Not a step: it must work when nothing else does."""
    send(flow, "", Raised(of_failure(error_class), {"class": error_class}))
    knobs = settings.current()
    write_metrics(knobs.data_dir, flow, {"ended": time.time(), "completed": False})


def send(flow: str, run_id: str, raised: Raised) -> None:
    """The event of an alarm; automations.yaml says what follows."""
    payload = {"run_id": run_id, "flow": flow, **raised.payload}
    emit_event(f"hoso-sync.{raised.alarm.value}", resource=_resource(flow), payload=payload)


def change_rows(open_now: Mapping[str, Mapping[str, int]], change: Mapping[str, int]) -> list[dict[str, Any]]:
    """One row a kind that is open or changed, the largest change first."""
    kinds = sorted(set(open_now) | set(change), key=lambda kind: (-abs(change.get(kind, 0)), kind))
    return [
        {
            "Mã (kind)": kind,
            "Loại": KINDS[Kind(kind)].label.vi if kind in list(Kind) else kind,
            "Đang mở / open": sum(open_now.get(kind, {}).values()),
            "Hôm qua / yesterday": sum(open_now.get(kind, {}).values()) - change.get(kind, 0),
            "Thay đổi / change": f"{change.get(kind, 0):+d}",
        }
        for kind in kinds
    ]


def _resource(flow: str) -> dict[str, str]:
    return {"prefect.resource.id": f"hoso-sync.flow.{flow}", "prefect.resource.name": flow}
