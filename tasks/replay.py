"""Replay: rows of the quarantine go back to the landing form, and what today's rules make of them is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from prefect import get_run_logger, task

import settings
from schemas.codes import QuarantineReason, Side
from schemas.systems import WireSystem
from schemas.window import Window
from settings import DriftPolicy
from tasks.rules.duplicates import REREAD, identities, repeated_keys
from tasks.rules.references import new_form
from tasks.sources.adapters import source_of
from tasks.sources.columns import PAYLOAD, to_table
from tasks.sources.drift import Change, Drift
from tasks.sources.references import case_code_forms
from tasks.warehouse.bulk import to_frame
from tasks.warehouse.catalogue import lend_catalogues
from tasks.warehouse.engine import create_tables, open_engine, transaction
from tasks.warehouse.late import REPLAY
from tasks.warehouse.replay import KEPT_SCHEMA, Replayed, check_time, kept_rows, load_replayed
from tasks.warehouse.runs import close_run, open_run


class _KeptDrift(Drift):
    """Kept rows have been read: a record of another format than agreed stays set aside, it stops nothing."""

    def policy(self, change: Change, name: str, *, required: bool, whole_page: bool = False) -> DriftPolicy:
        said = super().policy(change, name, required=required, whole_page=whole_page)
        return "quarantine" if said == "stop" else said


@task(name="restore", task_run_name="restore {side}", tags=["replay"])
def restore(side: Side, reasons: list[QuarantineReason], as_of: datetime, run_dir: str) -> dict[str, Any]:
    """Put one side's open quarantine rows of some reasons into landing form below the run's folder.

    Returns `side`, `rows`, `kept_file` (KEPT_SCHEMA) and `landed`: `window`, `files`, `rows`, in reading order, as the
    validation takes them. The catalogues as last read are put beside them. Raises ConfigError when a read or a replay
    at or after `as_of` is known.
    """
    knobs = settings.current()
    folder = Path(run_dir) / side / "restored"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with closing(source_of(side, knobs)) as source:
        system = source.system
    landed: list[dict[str, Any]] = []
    keys: list[pd.DataFrame] = []
    with transaction(open_engine(knobs), knobs) as connection:
        create_tables(connection)
        check_time(connection, side, as_of)
        lend_catalogues(connection, Path(run_dir))
        for batch in kept_rows(connection, side, reasons, knobs.batch_rows):
            for (_, start), rows in _reads(batch):
                path = folder / f"{len(landed):05d}.parquet"
                keys.append(_land(rows, system, path))
                # Of a window only the beginning is kept with a row, and nothing here asks for more.
                window = Window(start, start + timedelta(days=1))
                landed.append({"window": window, "files": [str(path)], "rows": len(rows)})
    kept_file = folder.with_name("kept.parquet")
    pq.write_table(_kept(keys), kept_file)
    rows_out = sum(read["rows"] for read in landed)
    get_run_logger().info("%s: %d rows taken out for %s", side, rows_out, ", ".join(reasons))
    return {"side": side, "rows": rows_out, "kept_file": str(kept_file), "landed": landed}


def _reads(batch: pd.DataFrame) -> Iterator[tuple[tuple[Any, date], pd.DataFrame]]:
    """The rows of each read of each window, in order."""
    yield from cast(Any, batch.groupby(["last_seen", "window_start"], sort=False))


def _land(rows: pd.DataFrame, system: WireSystem, path: Path) -> pd.DataFrame:
    """Write some kept rows as a landed file; returns their keys."""
    table = to_table([orjson.loads(text) for text in rows["payload"]], system, _KeptDrift(system))
    pq.write_table(table, path, compression="zstd", compression_level=1)
    path.chmod(0o600)
    frame = to_frame(table.select(["case_code", "record_id", PAYLOAD]))
    keys = rows[["quarantine_id", "last_seen", "landing_file"]].reset_index(drop=True)
    code = new_form(frame["case_code"], case_code_forms(settings.current().reference_dir))
    return keys.assign(case_code=code, identity=identities(frame["record_id"], frame[PAYLOAD]))


def _kept(keys: list[pd.DataFrame]) -> pa.Table:
    if not keys:
        return KEPT_SCHEMA.empty_table()
    kept = pd.concat(keys, ignore_index=True)
    kept["older"] = repeated_keys(kept) == REREAD
    return pa.Table.from_pandas(kept[KEPT_SCHEMA.names], schema=KEPT_SCHEMA, preserve_index=False)


@task(name="load replayed", tags=["replay"])
def load_judged(
    run_id: str,
    as_of: datetime,
    restored: dict[Side, dict[str, Any]],
    validated: dict[Side, dict[str, Any]],
    cleaned: dict[Side, list[str]],
) -> dict[Side, dict[str, int]]:
    """Write the replay in one transaction with its entry in the ledger of runs; returns for each side rows `replayed,
    loaded, unchanged, superseded, quarantined`. The restored rows hold personal data and are deleted.
    """
    knobs = settings.current()
    counts = {}
    with transaction(open_engine(knobs), knobs) as connection:
        for side, taken in restored.items():
            replayed = Replayed(side, taken["kept_file"], cleaned[side], validated[side]["quarantine"])
            counts[side] = load_replayed(connection, run_id, as_of, replayed)
        open_run(connection, run_id, REPLAY, as_of, _days(restored, as_of))
        close_run(connection, run_id, "replayed")
    for side, count in counts.items():
        for read in restored[side]["landed"]:
            for path in read["files"]:
                Path(path).unlink()
        get_run_logger().info("%s: %s", side, ", ".join(f"{rows} {name}" for name, rows in count.items()))
    return counts


def _days(restored: dict[Side, dict[str, Any]], as_of: datetime) -> tuple[date, date]:
    """The days whose windows the rows come from; the day of the run when there are none."""
    starts = [read["window"].start for taken in restored.values() for read in taken["landed"]] or [as_of.date()]
    return min(starts), max(starts) + timedelta(days=1)
