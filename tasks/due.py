"""Due: an incremental run is entered in the ledger, and the windows that it has to read are named."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from prefect import task

import settings
from errors import ConfigError
from schemas.window import Window
from tasks.rules.reads_due import windows_due
from tasks.warehouse.catalogue import lend_catalogues
from tasks.warehouse.engine import create_tables, open_engine, transaction
from tasks.warehouse.runs import open_run, watermarks


@task(name="due", tags=["ledger"])
def due(run_id: str, flow: str, as_of: datetime, run_dir: str) -> list[Window]:
    """Enter the run; returns its windows. The catalogues as last read are put into the folder of the run.

    Raises ConfigError when the warehouse is empty: the first read is a daily run's or a backfill's.
    """
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        create_tables(connection)
        known = watermarks(connection)
        if not known:
            raise ConfigError("the warehouse is empty: run `daily` or a backfill first")
        windows = windows_due(known, as_of, knobs.incremental_trailing_days)
        open_run(connection, run_id, flow, as_of, (windows[0].start, windows[-1].end))
        lend_catalogues(connection, Path(run_dir))
    return windows
