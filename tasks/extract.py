"""Extract: read one window of one side and land it; read the catalogues that both sides' values are judged against."""

from __future__ import annotations

import gc
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task

import settings
from schemas.codes import Side
from schemas.crash import point
from schemas.window import Window
from tasks.sources.adapters import portal_source, source_of
from tasks.sources.catalogue import agencies, procedures
from tasks.sources.landing import Landed, read_and_land
from tasks.sources.protocol import PortalSource, Source

COLLECT_AFTER = 50_000
"""Live containers made before the garbage collector looks at them: a page of cases alone makes many thousand, none of
them in a cycle."""
CLOCK_SKEW_SECONDS = 60
"""A larger difference between the clocks is told: times of that side are off by as much."""


@lru_cache(maxsize=2)
def client(side: Side) -> Source:
    """The process's client of one side: its connections and its session are shared by all windows.

    What is imported by now stays for good: it is taken out of the garbage collector's sight, which the many small
    objects of parsed pages would otherwise make walk it again and again (a fifth of the time of an extraction).
    """
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 20)
    return source_of(side, settings.current())


@lru_cache(maxsize=1)
def portal() -> PortalSource:
    """The process's client for catalogues."""
    return portal_source(settings.current())


def forget_clients() -> None:
    """Let go of the process's clients: the next call of each is made from the settings of that time."""
    client.cache_clear()
    portal.cache_clear()


@task(name="extract", task_run_name="extract {side} {window.start}", tags=["extract"])
def extract(side: Side, window: Window, run_id: str) -> dict[str, Any]:
    """Read one window and land it, going on after the pages that an interrupted call of the same run stored.

    Returns side, window, files, rows, pages, seconds, `safe_until` (changes of the source up to then are in it),
    `clock_skew_seconds`, `drift` (findings, see `tasks.sources.drift`), `reread` and `resumed`. Raises SourceError.
    """
    knobs = settings.current()
    source = client(side)
    started = time.perf_counter()
    landed = read_and_land(source, window, knobs.landing_dir, run_id, knobs)
    seconds = time.perf_counter() - started
    _tell(side, window, landed, seconds)
    return {
        "side": side,
        "window": window,
        "files": landed.files,
        "rows": landed.rows,
        "pages": landed.pages,
        "seconds": seconds,
        "safe_until": landed.safe_until,
        "clock_skew_seconds": landed.clock_skew,
        "drift": landed.drift,
        "reread": landed.reread,
        "resumed": landed.resumed,
    }


def _tell(side: Side, window: Window, landed: Landed, seconds: float) -> None:
    """Log the read, and as warnings what somebody should look at. Field names, counts and codes only."""
    log = get_run_logger()
    log.info("%s %s: %d rows in %d pages, %.1f s", side, window.name, landed.rows, landed.pages, seconds)
    if landed.reread or landed.resumed:
        log.info("%s %s: %d listings read again, %d pages taken over", side, window.name, landed.reread, landed.resumed)
    if landed.clock_skew is not None and abs(landed.clock_skew) > CLOCK_SKEW_SECONDS:
        log.warning("%s: the source's clock differs from ours by %+.0f s", side, landed.clock_skew)
    for finding in landed.drift:
        log.warning("%s %s: drift %s", side, window.name, finding)


@task(name="read catalogues", tags=["extract"])
def read_catalogues(run_dir: str) -> dict[str, int]:
    """Read agencies and procedures from the portal into the run's folder; returns their counts."""
    source = portal()
    units, catalogue = agencies(source), procedures(source, settings.current().workers_per_side * 4)
    folder = Path(run_dir)
    folder.mkdir(parents=True, exist_ok=True)
    point("extract.before_catalogues")
    units.to_parquet(folder / "agencies.parquet", index=False)
    point("extract.after_agencies")
    catalogue.to_parquet(folder / "procedures.parquet", index=False)
    point("extract.after_procedures")
    get_run_logger().info("%d agencies, %d procedures", len(units), len(catalogue))
    return {"agencies": len(units), "procedures": len(catalogue)}
