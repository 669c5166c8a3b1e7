"""Parts of a full reconcile: the cases of a hash range of codes, judged by whichever worker takes them.

Pairs are judged where they are; cases without a partner and codes with two records need the whole, so they are put
together again before anything is said about them. The result is that of one part.

The step that reconciles holds the warehouse's writer lock from before the first part is judged until the ledger is up
to date: every part sees the same state, and one transaction takes in what all of them found.
"""

from __future__ import annotations

import uuid
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from prefect import task
from prefect.context import FlowRunContext
from sqlalchemy import Connection

import settings
from schemas.codes import Side
from settings import Settings
from tasks.rules.reconcile import Ground, conclude, judge_pairs, reconcile
from tasks.sources.zone import Zone
from tasks.warehouse import queries
from tasks.warehouse.bulk import to_frame
from tasks.warehouse.engine import open_reader
from tasks.warehouse.ledger import FINDING_SCHEMA

PARTS = ("reconcile", "parts")
"""Where parts lie in a far landing zone, in the place of side and window."""
_JUDGED = pa.schema([field for field in FINDING_SCHEMA if field.name not in ("leading", "suppression_id")])


def reconcile_in_parts(
    connection: Connection, doubled: pd.DataFrame, ground: Ground, run_id: str, run_dir: str, knobs: Settings
) -> pd.DataFrame:
    """What `tasks.rules.reconcile.reconcile` finds in the whole warehouse, judged in `reconcile_parts` parts.

    On PostgreSQL each part is a task of the flow's task runner, and reads for itself; without a flow they take turns
    here. A DuckDB file has one process: there the parts are only smaller queries.
    """
    shares = [queries.Share(number, knobs.reconcile_parts) for number in range(knobs.reconcile_parts)]
    if connection.dialect.name != "postgresql":
        parts = (queries.disagreeing(connection, knobs.pair_rows, share=share) for share in shares)
        return reconcile(chain.from_iterable(parts), doubled, ground)
    files = _lay_out(ground, run_id, run_dir)
    asked = [(share.number, share.of, _plain(ground), files, run_id, run_dir) for share in shares]
    if FlowRunContext.get():
        found = [future.result() for future in [judge_part.submit(*one) for one in asked]]
    else:
        found = [judge_part.fn(*one) for one in asked]
    zone = Zone.of(knobs)
    judged, alone = (
        [to_frame(zone.table(part[name])) for part in found if name in part] for name in ("judged", "alone")
    )
    zone.forget([*files.values(), *(file for part in found for file in part.values())])
    return conclude(judged, alone, doubled, ground)


@task(name="judge part", task_run_name="judge part {number} of {of}", tags=["reconcile"])
def judge_part(
    number: int, of: int, said: dict[str, Any], files: dict[str, str], run_id: str, run_dir: str
) -> dict[str, str]:
    """Judge the `number`-th (from 0) of `of` parts of all cases. `said` and `files` hold the ground of the run.

    Returns files: `judged` (findings on pairs), `alone` (cases without a partner, as they were read), if there are any.
    """
    return _judge_part(number, of, said, files, run_id, run_dir)


def _judge_part(
    number: int, of: int, said: dict[str, Any], files: dict[str, str], run_id: str, run_dir: str
) -> dict[str, str]:
    """The body of the step, found by its name in another process: a task is sent there by value, with all it names."""
    knobs = settings.current()
    ground = _taken_up(said, files, Zone.of(knobs))
    with open_reader(knobs).connect() as connection:
        batches = queries.disagreeing(connection, knobs.pair_rows, share=queries.Share(number, of))
        judged, alone = judge_pairs(batches, ground)
    tables = {}
    if judged:
        findings = pd.concat(judged, ignore_index=True)[_JUDGED.names]
        tables["judged"] = pa.Table.from_pandas(findings, schema=_JUDGED, preserve_index=False)
    if alone:
        tables["alone"] = pa.Table.from_pandas(pd.concat(alone, ignore_index=True), preserve_index=False)
    return {name: _write(table, f"{name}-{number:03d}", run_id, run_dir) for name, table in tables.items()}


def _lay_out(ground: Ground, run_id: str, run_dir: str) -> dict[str, str]:
    """The ground's tables in files that every worker sees."""
    tables = {
        "unreadable": pa.table({"case_code": pa.array(sorted(ground.unreadable), pa.string())}),
        "windows": pa.Table.from_pandas(ground.windows, preserve_index=False),
        "measured": pa.Table.from_pandas(ground.measured, preserve_index=False),
    }
    return {name: _write(table, name, run_id, run_dir) for name, table in tables.items()}


def _plain(ground: Ground) -> dict[str, Any]:
    """The ground's single values."""
    skew = {side.value: by.to_pytimedelta() for side, by in ground.skew.items()}
    return {"as_of": ground.as_of, "lag": ground.lag, "confirm": ground.confirm, "skew": skew}


def _taken_up(said: dict[str, Any], files: dict[str, str], zone: Zone) -> Ground:
    tables = {name: to_frame(zone.table(file)) for name, file in files.items()}
    return Ground(
        as_of=said["as_of"],
        lag=said["lag"],
        confirm=said["confirm"],
        unreadable=frozenset(tables["unreadable"]["case_code"]),
        windows=tables["windows"],
        measured=tables["measured"],
        skew={Side(side): pd.Timedelta(by) for side, by in said["skew"].items()},
    )


def _write(table: pa.Table, name: str, run_id: str, run_dir: str) -> str:
    """Write a file of a part: into the run's folder, or a far landing zone. A repeated part writes another file."""
    name = f"{name}-{uuid.uuid4().hex[:8]}.parquet"
    zone = Zone.of(settings.current())
    if zone.far:
        return zone.keep(table, (*PARTS, f".{run_id}"), name)
    folder = Path(run_dir) / "parts"
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / name)
    return str(folder / name)
