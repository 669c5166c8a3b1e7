"""Sweep: whole months of keys from a source, held against the warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from prefect import get_run_logger, task

import settings
from errors import ConfigError
from schemas.codes import Side
from schemas.period import day_of
from schemas.window import Window
from tasks.rules.months import months_due
from tasks.rules.references import new_form
from tasks.sources.references import case_code_forms
from tasks.sources.zone import Zone
from tasks.warehouse import sweeps
from tasks.warehouse.bulk import to_frame
from tasks.warehouse.catalogue import lend_catalogues
from tasks.warehouse.engine import create_tables, open_engine, transaction
from tasks.warehouse.runs import close_run, open_run


@task(name="choose months", tags=["sweep"])
def choose_months(run_id: str, as_of: datetime, run_dir: str, months: Sequence[Window], number: int) -> list[Window]:
    """Enter the run; returns the given months, else the `number` that were swept longest ago. The catalogues as last
    read are put into the folder of the run. Raises ConfigError when no whole month is stored."""
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        create_tables(connection)
        first = sweeps.first_day(connection)
        due = list(months)
        if not due and first:
            due = months_due(first, day_of(as_of), sweeps.swept(connection), number)
        if not due or first is None:
            raise ConfigError("there is no whole month to sweep: run `daily` or a backfill first")
        days = (min(month.start for month in due), max(month.end for month in due))
        open_run(connection, run_id, "sweep", as_of, days)
        lend_catalogues(connection, Path(run_dir))
    return due


@task(name="compare keys", task_run_name="compare keys {side} {month.start}", tags=["sweep"])
def compare_keys(
    run_id: str, as_of: datetime, side: Side, month: Window, read: dict[str, Any], run_dir: str
) -> dict[str, Any]:
    """Hold the keys of one landed month against the warehouse; returns `side`, `month`, `listed`, `lost`, `gone`.

    The landed files hold personal data and are deleted, whatever the outcome: nobody else reads them.
    """
    knobs = settings.current()
    zone = Zone.of(knobs)
    path = Path(run_dir) / f"keys-{side}-{month.name}.parquet"
    try:
        pq.write_table(_keys(read["files"], zone), path)
    finally:
        zone.forget(read["files"])
    with transaction(open_engine(knobs), knobs) as connection:
        holes = sweeps.compare(connection, side, month, [str(path)])
        sweeps.note(connection, run_id, side, month, as_of, holes)
    path.unlink()
    log = get_run_logger()
    told = (side, f"{month.start:%Y-%m}", holes.listed, holes.lost, holes.gone)
    (log.warning if holes.lost else log.info)("%s %s: %d keys listed, %d lost, %d gone", *told)
    return {"side": side, "month": month, "listed": holes.listed, "lost": holes.lost, "gone": holes.gone}


def _keys(files: Sequence[str], zone: Zone) -> pa.Table:
    """The case codes of landed files, each once, in the form in which they are stored."""
    parts = [to_frame(zone.table(file, ["case_code"]))["case_code"] for file in files]
    forms = case_code_forms(settings.current().reference_dir)
    codes = [pa.array(new_form(part, forms), pa.string(), from_pandas=True) for part in parts]
    every = pc.unique(pa.chunked_array(codes, pa.string()))
    return pa.table([every.filter(pc.greater(pc.utf8_length(every), 0))], schema=sweeps.KEYS)


@task(name="end sweep", tags=["sweep"])
def end_sweep(run_id: str) -> None:
    """Enter that the run is through."""
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        close_run(connection, run_id, "swept")
