"""The rhythm of repair, as far as it is safe to do without a person: a written plan of pushes. Nothing is sent.

    python -m flows.repair

Exit status: 0 done; 2 the command or the settings are wrong.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import flow

from flows.carry import run_folder
from flows.judge import new_run_id
from flows.truth import command, truthful
from tasks.repair import plan_repairs


@flow(name="repair-plan", flow_run_name="repair-plan")
@truthful
def repair_plan() -> dict[str, Any]:
    """Write the pushes that would close today's confirmed mismatches, dearest first; returns the `plan`'s path."""
    run_id = new_run_id(datetime.now(UTC))
    folder = run_folder(run_id)
    Path(folder).mkdir(parents=True, exist_ok=True)
    return {"run_id": run_id, "plan": plan_repairs(run_id, folder)}


def main(argv: Sequence[str] | None = None) -> int:
    argparse.ArgumentParser(prog="python -m flows.repair", description="write the plan of safe pushes").parse_args(argv)
    return command(repair_plan, lambda result: print(result["plan"]))


if __name__ == "__main__":
    sys.exit(main())
