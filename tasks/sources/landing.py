"""Lands one window: read whole into its spool, then put into place as Parquet files at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from schemas.window import Window
from settings import Settings
from tasks.sources.protocol import Source
from tasks.sources.reading import Reader
from tasks.sources.spool import Spool, publish
from tasks.sources.zone import Zone

FILE_ROWS = 50_000
"""Rows of one landed file: a window of any size is landed in bounded memory."""


@dataclass(frozen=True)
class Landed:
    """One window's read. `safe_until` is our clock's time up to which the source's changes are in it for certain;
    `reread` counts listings that did not stand still, `resumed` pages that an earlier attempt had stored.
    """

    files: list[str]
    rows: int
    pages: int
    safe_until: datetime
    clock_skew: float | None
    drift: list[dict[str, Any]]
    reread: int
    resumed: int


def read_and_land(source: Source, window: Window, root: Path, run_id: str, settings: Settings) -> Landed:
    """Read one window and land it below `root`, or where `landing_url` says; no part of it is ever taken for it.

    Pages are always spooled below `root`: a second call with the same run on the same machine goes on after those that
    the first one stored. Raises CountMismatch, MissingField, SourceDrifted, LandingError, and whatever the adapter
    raises.
    """
    final = root / source.side / window.name / run_id
    spool = Spool(final.with_name(f".{run_id}.part"), source.side)
    safe_until = spool.begun - timedelta(minutes=settings.commit_lag_minutes)
    reader = Reader(source, window, settings, spool)
    try:
        parts = reader.read()
    finally:
        spool.rest()
    files, rows = publish(spool, parts, final, FILE_ROWS, Zone.of(settings, root))
    return Landed(
        files,
        rows,
        reader.pages,
        safe_until - timedelta(seconds=max(0.0, -(source.clock_skew or 0.0))),
        source.clock_skew,
        reader.drift.findings(),
        reader.reread,
        reader.resumed,
    )
