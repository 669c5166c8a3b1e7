"""The daily path without its orchestrator, and the warehouse as one text."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from prefect.logging import disable_run_logger
from sqlalchemy import Connection, Select, distinct, func, select

import settings
import tasks.extract
import tasks.report
from schemas import crash
from schemas.codes import Side
from schemas.window import split
from tasks.clean import clean
from tasks.extract import extract, read_catalogues
from tasks.load import load
from tasks.reconcile import reconcile_sides
from tasks.repair import plan_repairs
from tasks.report import report
from tasks.score import score_sides
from tasks.validate import validate
from tasks.warehouse import views
from tasks.warehouse.engine import open_engine, transaction
from tasks.warehouse.index_tables import attribution, interval, metadata, other_score, published, recommendation, score
from tasks.warehouse.tables import run, window
from tests.crash.order import Order
from tests.crash.reads import MemorySource, as_of, days

ATTEMPT = {"run_id", "landing_file"}
"""Columns that say which attempt wrote a row."""
BY_RUN = {table.name for table in (score, other_score, published, attribution, interval, recommendation)}
BY_RUN |= {"out_scores", "out_rules_beside"}
"""What every run writes whole: an attempt that ended before its report may have left the same lines."""


def follow(order: Order) -> None:
    """Do the runs, then write the dump."""
    _configure(order)
    with disable_run_logger():
        for name in order.reads:
            daily(name, f"{name}-{order.attempt}", order.prepared)
    order.dump.write_text("\n".join(dump()) + "\n", encoding="utf-8")


def prepare(order: Order) -> None:
    """Read, validate and clean, and leave the outcome in the order's folder for orders that begin with the load."""
    _configure(order)
    with disable_run_logger():
        for name in order.reads:
            outcome = read_in(name, f"{name}-{order.attempt}", _run_dir(f"{name}-{order.attempt}"))
            (order.folder / name).write_bytes(pickle.dumps(outcome))


def _configure(order: Order) -> None:
    """Settings of this process, and nobody else's; sources in memory, and no server to send artifacts to."""
    for name in [name for name in os.environ if name.startswith(settings.PREFIX)]:
        del os.environ[name]
    os.environ |= {
        "HOSO_CITY_URL": "http://127.0.0.1:1",
        "HOSO_PORTAL_URL": "http://127.0.0.1:1",
        "HOSO_PORTAL_PASSWORD": "-",
        "HOSO_FINGERPRINT_KEY": "a key of the tests",
        "HOSO_DATA_DIR": str(order.folder),
        "HOSO_WAREHOUSE_URL": order.url,
        "HOSO_WAREHOUSE_WAIT_SECONDS": "20",
        "HOSO_WINDOW_DAYS": "28",
        "HOSO_BATCH_ROWS": "500",
        "HOSO_PAIR_ROWS": "500",
        "HOSO_QUARANTINE_STOP_SHARE": "0.5",
    }
    settings.current.cache_clear()
    crash.arm(order.crash_at)
    tasks.report._publish = lambda findings, paths: None
    if not order.draw:
        tasks.report.freeze = lambda run, answers, steps: None
        tasks.report._write = lambda findings, folder: {"html": ""}


def daily(name: str, run_id: str, prepared: Path | None) -> None:
    """The steps of `flows.daily`, in its order."""
    at, range_, run_dir = as_of(name), days(), _run_dir(run_id)
    if prepared:
        validated, cleaned = pickle.loads((prepared / name).read_bytes())
        shutil.copytree(prepared / "runs" / f"{name}-prepared", run_dir)
    else:
        validated, cleaned = read_in(name, run_id, run_dir)
    load.fn(run_id, at, range_, validated, cleaned, run_dir)
    reconcile_sides.fn(run_id, at, run_dir)
    score_sides.fn(run_id, at, range_)
    report.fn(run_id, at, range_, [], run_dir)
    plan_repairs.fn(run_id, at, run_dir)


def _run_dir(run_id: str) -> str:
    return str(settings.current().runs_dir.resolve() / run_id)


def read_in(name: str, run_id: str, run_dir: str) -> tuple[dict[Side, dict[str, Any]], dict[Side, list[str]]]:
    """The steps before the warehouse: what validate and clean give."""
    tasks.extract.client = partial(MemorySource, name=name)
    tasks.extract.portal = partial(MemorySource, Side.PORTAL, name)
    read_catalogues.fn(run_dir)
    windows = split(*days(), settings.current().window_days)
    landed = {side: [extract.fn(side, window, run_id) for window in windows] for side in Side}
    validated = {side: validate.fn(side, reads, run_dir) for side, reads in landed.items()}
    cleaned = {side: clean.fn(side, outcome["accepted"], run_dir) for side, outcome in validated.items()}
    return validated, cleaned


def dump() -> Iterator[str]:
    """Everything in the warehouse, sorted, without what names an attempt: a line a row."""
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        for table in metadata.sorted_tables:
            if table in (run, window):
                continue
            columns = [column for column in table.columns if column.name not in ATTEMPT]
            yield from _lines(connection, table.name, select(*columns))
        for name in views.VIEWS:
            columns = [column for column in views.as_table(name).columns if column.name not in ATTEMPT]
            yield from _lines(connection, name, select(*columns))
        yield from _lines(connection, run.name, _runs())
        yield from _lines(connection, window.name, _windows())


def _lines(connection: Connection, name: str, query: Select[Any]) -> Iterator[str]:
    yield f"{name} {[column.name for column in query.selected_columns]}"
    found: Iterable[str] = [f"{name} {tuple(row)!r}" for row in connection.execute(query)]
    yield from sorted(set(found) if name in BY_RUN else found)


def _runs() -> Select[Any]:
    """Runs that came to their end. One that was ended before is known by its state, and is no part of the result."""
    columns = [column for column in run.columns if column.name not in ATTEMPT]
    return select(*columns).where(run.c.state == "reported").distinct()


def _windows() -> Select[Any]:
    """Windows read, whoever read them: attempts saw the same rows (so each count has one value), and wrote every
    version once between them."""
    w = window.c
    keys = [w.side, w.window_start, w.window_end, w.read_at]
    seen = {
        "extracted": w.extracted,
        "duplicate": w.duplicate,
        "quarantined": w.quarantined,
        "accepted": w.loaded + w.unchanged,
    }
    same = [func.min(value).label(name) for name, value in seen.items()]
    kinds = [func.count(distinct(value)).label(f"values_of_{name}") for name, value in seen.items()]
    written = [func.sum(w[name]).label(name) for name in ("loaded", "gone")]
    return select(*keys, *same, *kinds, *written).group_by(*keys)
