"""The rhythm of mistrust: hold the key lists of whole months against the warehouse, and read again what has holes.

    python -m flows.sweep [--month YYYY-MM ...] [--months N] [--report-only]

A change cursor alone loses rows. Exit status: the bit mask of docs/operations.md; months with holes that were not read
again count as windows not read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact

from errors import ConfigError
from flows.carry import carry, run_folder
from flows.judge import new_run_id
from flows.truth import command, truthful
from schemas.codes import Side
from schemas.period import day_of, first_after
from schemas.window import Window
from tasks.extract import extract
from tasks.reconcile import reconcile_sides
from tasks.sweep import choose_months, compare_keys, end_sweep

MONTHS = 2
"""Months of one sweep: a weekly one gets round two years in a year."""


@flow(name="sweep", flow_run_name="sweep")
@truthful
def sweep(
    months: list[str] | None = None, number: int = MONTHS, repair: bool = True, as_of: datetime | None = None
) -> dict[str, Any]:
    """Compare the keys of whole months ("2026-09"; by default the `number` swept longest ago) of both sides with the
    warehouse; with `repair`, months with holes are read again, whole, and what they changed is reconciled.

    Returns the run's id, `holes` (side, month, keys `listed`, `lost`, `gone`), and what the repair loaded.
    Raises ConfigError.
    """
    as_of = as_of or datetime.now(UTC)
    run_id = new_run_id(as_of)
    run_dir = run_folder(run_id)
    due = choose_months(run_id, as_of, run_dir, [_month(text, day_of(as_of)) for text in months or []], number)
    holes = [
        compare_keys(run_id, as_of, side, month, extract(side, month, run_id), run_dir)
        for month in due
        for side in Side
    ]
    torn = [found for found in holes if found["lost"] or found["gone"]]
    loaded = {side.value: 0 for side in Side}
    if repair and torn:
        for found in torn:
            counts = carry(found["side"], [found["month"]], run_id, as_of, run_dir)
            loaded[found["side"].value] += counts["loaded"]
        reconcile_sides(run_id, as_of, run_dir, touched=True)
    end_sweep(run_id)
    lines = [{**found, "side": str(found["side"]), "month": f"{found['month'].start:%Y-%m}"} for found in holes]
    create_table_artifact(lines, key="sweep", description="Dòng bị sót / rows that the cursor lost")
    attention = {"unread": 0 if repair else len(torn)}
    return {"run_id": run_id, "holes": lines, "loaded": loaded, "attention": attention}


def _month(text: str, today: date) -> Window:
    """Raises ConfigError for what is no month, or not over."""
    try:
        first = datetime.strptime(text, "%Y-%m").date()
    except ValueError:
        raise ConfigError(f"{text} is no month (YYYY-MM)") from None
    month = Window(first, first_after(first.year, first.month))
    if month.end > today:
        raise ConfigError(f"{text} is not over: only whole months are swept")
    return month


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m flows.sweep", description="find rows that the change cursor lost")
    parser.add_argument("--month", action="append", metavar="YYYY-MM", help="a month; default: those swept longest ago")
    parser.add_argument("--months", type=int, default=MONTHS, metavar="N", help="how many by default")
    parser.add_argument("--report-only", action="store_true", help="read nothing again")
    asked = parser.parse_args(argv)
    return command(
        lambda: sweep(asked.month, asked.months, not asked.report_only),
        lambda result: print(json.dumps(result, ensure_ascii=False, indent=1, default=str)),
    )


if __name__ == "__main__":
    sys.exit(main())
