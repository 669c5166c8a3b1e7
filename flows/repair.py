"""The rhythm of repair: a written plan of the pushes that are safe, and, once a person approved it, these pushes.

    python -m flows.repair [plan] [--recommended-by RUN]        write the plan; prints its path and its digest
    python -m flows.repair apply --plan FILE                    what of the plan would be pushed now; nothing is sent
    python -m flows.repair apply --plan FILE --approve DIGEST   push it, read back, prove
    python -m flows.repair reset --reason TEXT                  close the circuit breaker again

Exit status: 0 done; 1 the portal or the warehouse could not be reached; 2 the command, the plan or the settings are
wrong, nothing was sent; 64 pushes were not proven, or the circuit breaker is open.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from prefect import flow
from pydantic import Field

from flows.asked import with_offset
from flows.carry import run_folder
from flows.judge import new_run_id
from flows.truth import command, truthful
from tasks.apply import FLOW, apply_repairs, read_plan, reset_breaker
from tasks.repair import plan_repairs

PlanFile = Annotated[
    str,
    Field(
        title="Kế hoạch / plan",
        description="Tệp repair-plan.json trên máy chạy / a repair-plan.json on the worker's machine",
    ),
]
Approval = Annotated[
    str,
    Field(
        pattern=r"^([0-9a-fA-F]{64})?$",
        title="Mã phê duyệt / approval",
        description="Mã digest của kế hoạch đã đọc; để trống: không gửi gì / the read plan's digest; empty: a dry run",
    ),
]


@flow(name="repair-plan", flow_run_name="repair-plan")
@truthful
def repair_plan(as_of: datetime | None = None, recommended_by: str = "") -> dict[str, Any]:
    """Write the pushes that would close today's confirmed mismatches, dearest first; with `recommended_by`, a scored
    run, only of the cases that it recommends. Returns the `plan`'s path and its `digest`."""
    as_of = as_of or datetime.now(UTC)
    run_id = new_run_id(as_of)
    folder = run_folder(run_id)
    Path(folder).mkdir(parents=True, exist_ok=True)
    path = plan_repairs(run_id, as_of, folder, recommended_by)
    return {"run_id": run_id, "plan": path, "digest": read_plan(path)["digest"]}


@flow(name=FLOW, flow_run_name=FLOW)
@truthful
def repair_apply(plan: PlanFile, approve: Approval = "", as_of: datetime | None = None) -> dict[str, Any]:
    """Push what is still due of an approved plan, read each case back and say what was proven.

    Without `approve` nothing is sent. `as_of` is the run's one clock reading, now by default. Returns `run_id` and what
    `tasks.apply.apply_repairs` gives. Raises ConfigError, SourceError.
    """
    as_of = as_of or datetime.now(UTC)
    run_id = new_run_id(as_of)
    return {"run_id": run_id} | apply_repairs(plan, approve, run_id, as_of)


@flow(name="reset breaker")
@truthful
def reset(reason: str, as_of: datetime | None = None) -> dict[str, Any]:
    """Close the circuit breaker of repairs, saying what was mended. Raises ConfigError when it is not open."""
    return {"reset": reset_breaker(reason, as_of or datetime.now(UTC))}


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m flows.repair", description="plan repairs, apply an approved plan")
    words = parser.add_subparsers(dest="word")
    planning = words.add_parser("plan", help="write the plan of safe pushes (the default)")
    planning.add_argument("--recommended-by", default="", metavar="RUN", help="only cases that this run recommends")
    apply = words.add_parser("apply", help="push what is still due of a plan")
    apply.add_argument("--plan", required=True, metavar="FILE")
    apply.add_argument("--approve", default="", metavar="DIGEST", help="the plan's digest; without it nothing is sent")
    closing = words.add_parser("reset", help="close the circuit breaker")
    closing.add_argument("--reason", required=True, help="what was mended; kept with the opening")
    for each in (parser, planning, apply, closing):
        each.add_argument("--as-of", type=datetime.fromisoformat, help="ISO time with an offset; default: now")
    return parser.parse_args(argv)


def _run(asked: argparse.Namespace) -> Mapping[str, Any]:
    as_of = with_offset(asked.as_of)
    if asked.word == "apply":
        return repair_apply(str(Path(asked.plan).resolve()), asked.approve, as_of)
    if asked.word == "reset":
        return reset(asked.reason, as_of)
    return repair_plan(as_of, getattr(asked, "recommended_by", ""))


def main(argv: Sequence[str] | None = None) -> int:
    asked = _arguments(argv)
    return command(lambda: _run(asked), lambda result: print(json.dumps(result, ensure_ascii=False, indent=1)))


if __name__ == "__main__":
    sys.exit(main())
