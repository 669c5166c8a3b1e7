"""Estimate: how many rows, requests and seconds a list of windows will take, before anything of it is read."""

from __future__ import annotations

import math
import time
from typing import Any

from prefect import task

import settings
from schemas.codes import Side
from schemas.window import Window
from tasks.extract import client
from tasks.sources.protocol import Paged, Source
from tasks.warehouse.engine import create_tables, open_engine, transaction
from tasks.warehouse.runs import rows_a_day

PROBES = 3
"""Windows that a source is asked about when the ledger knows nothing of it: first, middle, last."""
ROWS_A_SECOND = 3_500
"""What reading, judging and loading did together on two cores (docs/benchmarks.md, the daily run)."""


@task(name="estimate", tags=["extract"])
def estimate(windows: list[tuple[Side, Window]]) -> dict[str, Any]:
    """Expect `rows`, `requests` and `seconds` of some windows; `known_from` says, for each side, on what grounds:
    `ledger` (rows a day of earlier reads), `probe` (a few windows were counted by the source) or `nothing`;
    `rows_a_day` by side.
    """
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        create_tables(connection)
        daily = rows_a_day(connection)
    rows = requests = 0
    latency, known_from, rates = 0.0, {}, {}
    for side in sorted({side for side, _ in windows}):
        mine = [window for each, window in windows if each is side]
        source, rate = client(side), daily.get(side.value)
        known_from[side.value] = "ledger" if rate is not None else "nothing"
        if rate is None and isinstance(source, Paged) and source.counted:
            rate, latency = _probe(source, mine)
            known_from[side.value] = "probe"
        rates[side.value] = rate or 0.0
        for window in mine:
            expected = round((rate or 0) * (window.end - window.start).days)
            rows += expected
            requests += _requests(source, window, expected)
    parallel = knobs.workers_per_side * len(known_from)
    seconds = rows / ROWS_A_SECOND + requests * max(latency, 1 / knobs.own_requests_per_second) / max(parallel, 1)
    plan = {"rows": rows, "requests": requests, "seconds": math.ceil(seconds)}
    return plan | {"known_from": known_from, "rows_a_day": rates}


def _probe(source: Paged, windows: list[Window]) -> tuple[float, float]:
    """Rows a day in a few windows as the source counts them, and the seconds of one request; a row each is fetched."""
    chosen = sorted({0, len(windows) // 2, len(windows) - 1})[:PROBES]
    days = rows = asked = 0
    started = time.perf_counter()
    for window in (windows[place] for place in chosen):
        days += (window.end - window.start).days
        for part in source.parts(window):
            rows += source.page(part, 0, 1).total or 0
            asked += 1
    return rows / max(days, 1), (time.perf_counter() - started) / max(asked, 1)


def _requests(source: Source, window: Window, rows: int) -> int:
    """Pages of the window's listings; a source without totals is read twice when it needs several."""
    parts = len(source.parts(window))
    if not isinstance(source, Paged):
        return parts
    pages = max(parts, math.ceil(rows / source.page_rows) + parts - 1)
    return pages if source.counted or pages == parts else 2 * pages
