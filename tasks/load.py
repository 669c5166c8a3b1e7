"""Load: both sides' canonical cases, bad rows, catalogues and the run's ledger, in one transaction."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from prefect import get_run_logger, task

import settings
from schemas.codes import Side
from schemas.crash import point
from tasks.rehash import renew_hashes
from tasks.sources.references import read_references
from tasks.warehouse.catalogue import replace_catalogues, replace_references
from tasks.warehouse.engine import create_tables, open_engine, transaction
from tasks.warehouse.runs import open_run
from tasks.warehouse.window_ledger import WindowRows
from tasks.warehouse.writer import SideLoad, load_side


@task(name="load", tags=["load"])
def load(
    run_id: str,
    as_of: datetime,
    days: tuple[date, date],
    validated: dict[Side, dict[str, Any]],
    cleaned: dict[Side, list[str]],
    run_dir: str,
) -> dict[Side, dict[str, int]]:
    """Write the run; returns rows `extracted, loaded, unchanged, duplicate, quarantined, gone` of each side."""
    knobs = settings.current()
    agencies, procedures = (pd.read_parquet(Path(run_dir) / f"{n}.parquet") for n in ("agencies", "procedures"))
    counts = {}
    with transaction(open_engine(knobs), knobs) as connection:
        point("load.after_begin")
        create_tables(connection)
        point("load.after_tables")
        renew_hashes(connection, knobs.batch_rows)
        open_run(connection, run_id, "daily", as_of, days)
        point("load.after_run")
        replace_catalogues(connection, agencies, procedures, as_of.date())
        replace_references(connection, read_references(knobs.reference_dir))
        point("load.after_catalogues")
        for side, outcome in validated.items():
            windows = [WindowRows.of(window) for window in outcome["windows"]]
            counts[side] = load_side(
                connection, run_id, as_of, SideLoad(side, cleaned[side], outcome["quarantine"], windows)
            )
            point("load.after_side")
        point("load.before_commit")
    point("load.after_commit")
    for side, count in counts.items():
        get_run_logger().info("%s: %s", side, ", ".join(f"{rows} {name}" for name, rows in count.items()))
    return counts
