"""Resume: a run of many windows is begun, or taken up where it stopped, in the ledger."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from prefect import get_run_logger, task

import settings
from errors import ConfigError
from schemas.codes import Side
from schemas.window import Window
from tasks.rehash import renew_hashes
from tasks.sources.references import read_references
from tasks.warehouse import reading
from tasks.warehouse.catalogue import replace_catalogues, replace_references
from tasks.warehouse.engine import create_tables, open_engine, transaction
from tasks.warehouse.runs import close_run, open_run, unfinished_run, watermarks, windows_done
from tasks.warehouse.watching import is_agency

UNFINISHED = "loading"
"""State in the ledger of a run that is not through with its windows."""


@task(name="take up", tags=["ledger"])
def take_up(flow: str, days: tuple[date, date], restart: bool = False) -> dict[str, Any]:
    """What the ledger knows of an unfinished run of `flow` over `days`: `run_id` (empty when there is none) and `done`,
    the windows that it has loaded, as (side, window). With `restart` it is given up, and nothing is known.
    """
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        create_tables(connection)
        run_id = unfinished_run(connection, flow, days, UNFINISHED)
        if run_id and restart:
            close_run(connection, run_id, "given up")
            run_id = None
        done = windows_done(connection, run_id) if run_id else []
    if run_id:
        get_run_logger().info("taking up %s: %d windows are done", run_id, len(done))
    return {"run_id": run_id or "", "done": [(Side(side), Window(start, end)) for side, start, end in done]}


@task(name="begin", tags=["ledger"])
def begin(run_id: str, flow: str, as_of: datetime, days: tuple[date, date], run_dir: str) -> None:
    """Enter a new run with the catalogues that its windows are judged against."""
    knobs = settings.current()
    agencies, procedures = (pd.read_parquet(Path(run_dir) / f"{n}.parquet") for n in ("agencies", "procedures"))
    with transaction(open_engine(knobs), knobs) as connection:
        create_tables(connection)
        renew_hashes(connection, knobs.batch_rows)
        open_run(connection, run_id, flow, as_of, days)
        close_run(connection, run_id, UNFINISHED)
        replace_catalogues(connection, agencies, procedures, as_of.date())
        replace_references(connection, read_references(knobs.reference_dir))


@task(name="settle", tags=["ledger"])
def settle(run_id: str, as_of: datetime) -> dict[str, dict[str, int]]:
    """All windows are in: the run's clock reading becomes the one at which it is judged; returns its rows by side."""
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        close_run(connection, run_id, "loaded", as_of)
        counts = reading.side_counts(connection, run_id)
    rows = counts.set_index("side")
    return {str(side): {str(fate): int(rows.loc[side, fate]) for fate in rows.columns} for side in rows.index}


@task(name="enter", tags=["ledger"])
def enter(run_id: str, flow: str, as_of: datetime, days: tuple[date, date], agency: str = "") -> None:
    """Enter a run that reads nothing. Raises ConfigError when nothing was ever read, or no such agency is known."""
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        create_tables(connection)
        if not watermarks(connection):
            raise ConfigError("there is nothing to judge: the warehouse is empty")
        if agency and not is_agency(connection, agency):
            raise ConfigError(f"there is no agency {agency} in the catalogue")
        open_run(connection, run_id, flow, as_of, days)
