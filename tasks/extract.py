"""Extract: read one window of one side and land it; read the catalogues that both sides' values are judged against."""

from __future__ import annotations

import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

import settings
from errors import CountMismatch
from schemas.codes import Side
from schemas.window import Window
from tasks.sources.catalogue import agencies, procedures
from tasks.sources.landing import Landed, land
from tasks.sources.opencps import OpenCps
from tasks.sources.portal import Portal


@lru_cache(maxsize=2)
def client(side: Side) -> OpenCps | Portal:
    """The process's client of one side: its connections and its session are shared by all windows."""
    knobs = settings.current()
    return OpenCps(knobs) if side is Side.CITY else Portal(knobs)


@task(name="extract", task_run_name="extract {side} {window.start}", tags=["extract"])
def extract(side: Side, window: Window, run_id: str) -> dict[str, Any]:
    """Read one window and land it; returns side, window, files, rows, pages and seconds.

    A window whose count does not add up is read again once, since its cases may have moved meanwhile; then it is a
    CountMismatch.
    """
    knobs = settings.current()
    source = client(side)
    started = time.perf_counter()
    again = Retrying(
        stop=stop_after_attempt(knobs.window_attempts), retry=retry_if_exception_type(CountMismatch), reraise=True
    )
    landed: Landed = again(lambda: land(source.read(window), side, window, knobs.landing_dir, run_id))
    seconds = time.perf_counter() - started
    get_run_logger().info("%s %s: %d rows in %d pages, %.1f s", side, window.name, landed.rows, landed.pages, seconds)
    return {
        "side": side,
        "window": window,
        "files": landed.files,
        "rows": landed.rows,
        "pages": landed.pages,
        "seconds": seconds,
    }


@task(name="read catalogues", tags=["extract"])
def read_catalogues(run_dir: str) -> dict[str, int]:
    """Read agencies and procedures from the portal into the run's folder; returns their counts."""
    portal = client(Side.PORTAL)
    assert isinstance(portal, Portal)
    units, catalogue = agencies(portal), procedures(portal, settings.current().workers_per_side * 4)
    folder = Path(run_dir)
    folder.mkdir(parents=True, exist_ok=True)
    units.to_parquet(folder / "agencies.parquet", index=False)
    catalogue.to_parquet(folder / "procedures.parquet", index=False)
    get_run_logger().info("%d agencies, %d procedures", len(units), len(catalogue))
    return {"agencies": len(units), "procedures": len(catalogue)}
