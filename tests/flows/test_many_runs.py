"""Five hundred scheduled runs: neither the process nor the warehouse grows with their number."""

from __future__ import annotations

import gc
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import func, select

import settings
from flows.daily import daily
from flows.incremental import incremental
from tasks.warehouse.tables import mismatch, mismatch_event, quarantine, version, window

from .test_backfill import ask

RUNS, SETTLED = 500, 100
"""After SETTLED runs caches are full and every mismatch has aged."""


@pytest.mark.full
def test_runs_leave_nothing_behind(configured: dict[str, Any]) -> None:
    now = datetime.fromisoformat(configured["planted"]["now"])
    end = date.fromisoformat(configured["planted"]["period"]["end"]) + timedelta(days=1)
    daily(end - timedelta(days=20), end, now)
    memory: list[int] = []
    for turn in range(1, RUNS + 1):
        # All within the day: the sandbox's clock stands still, and so does what it lists.
        incremental(now + timedelta(seconds=60 * turn))
        if turn % 20 == 0:
            gc.collect()
            memory.append(psutil.Process().memory_info().rss >> 20)
        if turn == SETTLED:
            rows, landed = counted(), files()
    assert counted() == rows
    assert files() == landed
    settled = memory[SETTLED // 20 :]
    assert max(settled[-5:]) < min(settled[:5]) * 1.1 + 20, memory
    ledger = ask(select(func.count()).select_from(window))[0][0]
    assert ledger < 10 * RUNS, "the ledger grows by windows read, a few a run"


def counted() -> list[int]:
    tables = (version, quarantine, mismatch, mismatch_event)
    return [ask(select(func.count()).select_from(table))[0][0] for table in tables]


def files() -> int:
    landing: Path = settings.current().landing_dir
    return sum(1 for _ in landing.rglob("*.parquet"))
