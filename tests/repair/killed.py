"""A run in a process of its own, for being killed: `python -m tests.repair.killed PLAN DIGEST RUN AS_OF`."""

from __future__ import annotations

import sys
from datetime import datetime

from prefect.logging import disable_run_logger

import tasks.apply


def main(plan: str, digest: str, run_id: str, as_of: str) -> None:
    tasks.apply.send = lambda flow, run_id, raised: None
    with disable_run_logger():
        tasks.apply.apply_repairs.fn(plan, digest, run_id, datetime.fromisoformat(as_of))


if __name__ == "__main__":
    main(*sys.argv[1:])
