"""Clean: accepted rows become canonical cases with the hashes that make comparison narrow."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
from prefect import get_run_logger, task

import settings
from schemas.codes import Side
from schemas.crash import point
from tasks.rules.canonical import References, canonicalise
from tasks.rules.workdays import CALENDAR_YEARS, WorkCalendar
from tasks.sources.references import read_references
from tasks.warehouse.bulk import to_frame


@task(name="clean", task_run_name="clean {side}", tags=["clean"])
def clean(side: Side, accepted: list[str], run_dir: str) -> list[str]:
    """Make canonical cases of one side's accepted rows, file by file; returns the new files.

    The accepted files hold personal data and are deleted as soon as their cases are made.
    """
    knobs = settings.current()
    calendar = WorkCalendar(*CALENDAR_YEARS, culture_day_off=knobs.culture_day_off)
    references = _references(Path(run_dir), calendar, read_references(knobs.reference_dir))
    key = knobs.fingerprint_key.get_secret_value().encode()
    made, rows = [], 0
    for number, path in enumerate(accepted):
        cases = canonicalise(side, to_frame(pq.read_table(path)), references, key)
        made.append(str(Path(run_dir) / side / f"cases-{number:04d}.parquet"))
        point("clean.before_cases")
        pq.write_table(cases, made[-1], compression="zstd", compression_level=1)
        point("clean.after_cases")
        Path(path).unlink()
        point("clean.after_accepted_removed")
        rows += cases.num_rows
    get_run_logger().info("%s: %d canonical cases", side, rows)
    return made


def _references(folder: Path, calendar: WorkCalendar, site: dict[str, pd.DataFrame]) -> References:
    agencies, procedures = (
        pd.read_parquet(folder / f"{name}.parquet", dtype_backend="pyarrow") for name in ("agencies", "procedures")
    )
    tables = (site["agency_aliases"], site["procedure_codes"])
    return References(agencies.astype("string[pyarrow]"), procedures, calendar, *tables)
