"""A scheduled run that finds nothing leaves its entries in the ledger, and nothing else (500: benchmarks.scheduled)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import settings
from benchmarks.scheduled import grown, state
from flows.daily import daily
from flows.incremental import incremental


def test_runs_leave_nothing_behind(configured: dict[str, Any]) -> None:
    now = datetime.fromisoformat(configured["planted"]["now"])
    end = date.fromisoformat(configured["planted"]["period"]["end"]) + timedelta(days=1)
    daily(end - timedelta(days=20), end, now)
    after: dict[int, dict[str, Any]] = {}
    for turn in range(1, 5):
        # All within the day: the sandbox's clock stands still, and so does what it lists.
        incremental(now + timedelta(minutes=turn))
        after[turn] = state(settings.current().data_dir) | {"resident_mb": 0}  # told by many runs only
    del after[1]  # reads windows of a day, which the daily run has not read as such
    assert grown(after) == []
    assert after[4]["rows"]["ops__run"] == 5


def test_what_grows_is_named() -> None:
    """Rows of a table that must stand still, entries that a run makes more of than the one before, files, memory."""
    runs, windows = {1: 1, 2: 2, 3: 3}, {1: 4, 2: 8, 3: 13}
    after = {
        turn: {
            "rows": {"ops__run": runs[turn], "ops__window": windows[turn], "core_cases__version": 7 + turn, "same": 5},
            "files": 30 + turn,
            "folders": 30,
            "resident_mb": 600 + 20 * turn,
        }
        for turn in (1, 2, 3)
    }
    named = [fault.split(":")[0] for fault in grown(after)]
    assert named == ["ops__window", "core_cases__version", "files", "resident memory"]
