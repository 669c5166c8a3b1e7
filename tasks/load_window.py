"""Load windows of one side, in a transaction of their own: what the ledger says is done, is done."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task

import settings
from schemas.codes import Side
from tasks.warehouse.engine import create_tables, open_engine, transaction
from tasks.warehouse.window_ledger import WindowRows
from tasks.warehouse.writer import SideLoad, load_side

_writing = threading.Lock()
"""DuckDB's transactions of one process would meet on its catalogue; PostgreSQL's writers take turns anyway."""


@task(name="load windows", tags=["load"])
def load_window(
    run_id: str, as_of: datetime, side: Side, validated: dict[str, Any], cleaned: list[str]
) -> dict[str, int]:
    """Write judged windows; returns their rows `extracted, loaded, unchanged, duplicate, quarantined, gone`.

    The files of the clean and the validate step are deleted after the commit.
    """
    knobs = settings.current()
    windows = [WindowRows.of(counted) for counted in validated["windows"]]
    with _writing, transaction(open_engine(knobs), knobs) as connection:
        create_tables(connection)
        counts = load_side(connection, run_id, as_of, SideLoad(side, cleaned, validated["quarantine"], windows))
    for path in (*cleaned, *validated["quarantine"]):
        Path(path).unlink(missing_ok=True)
    told = ", ".join(f"{rows} {name}" for name, rows in counts.items())
    get_run_logger().info("%s %s: %s", side, ", ".join(rows.window.name for rows in windows), told)
    return counts
