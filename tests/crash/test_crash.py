"""A run that is killed anywhere and started again leaves the warehouse that an undisturbed run leaves, byte for byte.

What is compared is the logical dump of `tests.crash.path.dump`: everything but the names of attempts and their files.
"""

from __future__ import annotations

import difflib
import re
import signal
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crash.conftest import Undisturbed
from tests.crash.labels import labels
from tests.crash.order import Order, give

SCENES = {
    "first": ((), "monday"),
    "daily": (("monday", "tuesday"), "wednesday"),
    "late": (("monday", "tuesday", "wednesday"), "monday_late"),
}
"""What ran before, and the read whose run is killed."""
LATE = "warehouse.late."
BEFORE_LOAD = ("spool.", "land.", "extract.", "validate.", "clean.")
ENGINES = ("duckdb", "postgresql")
QUICK = {
    "duckdb": {
        "spool.after_page",
        "land.before_rename",
        "clean.after_accepted_removed",
        "load.after_commit",
        "warehouse.load.after_close_changed",
        "warehouse.late.after_delete",
        "warehouse.ledger.after_event",
        "reconcile.before_commit",
        "reconcile.after_commit",
        "warehouse.scores.after_costs_reset",
        "score.after_commit",
        "report.after_commit",
    },
    "postgresql": {
        "warehouse.load.after_open_new",
        "load.after_commit",
        "reconcile.before_commit",
        "score.after_commit",
    },
}
"""Killed in every run of the tests; the rest belongs to the full profile."""


def crashes() -> Iterator[Any]:
    """Every label on both engines, in the scenes that reach it."""
    for engine in ENGINES:
        for label in labels():
            for scene in ["late"] if label.startswith(LATE) else ["daily", "first"]:
                quick = label in QUICK[engine] and scene != "first"
                marks = [] if quick else [pytest.mark.full]
                yield pytest.param(engine, scene, label, marks=marks, id=f"{engine}-{scene}-{label}")


def test_the_whole_path_has_crash_points() -> None:
    known = labels()
    assert len(known) >= 40
    assert set().union(*QUICK.values()) <= set(known)


def test_the_reads_bring_every_kind_of_change(duckdb: Undisturbed) -> None:
    reads, read = SCENES["daily"]
    lines = duckdb.dump((*reads, read))
    rows = defaultdict(list)
    for line in lines:
        table, _, row = line.partition(" ")
        rows[table].append(row)
    assert all(len(listed) > 1 for table, listed in rows.items() if not table.startswith("core_index__publication"))
    events = rows["core_sync__mismatch_event"]
    for event in ("opened", "confirmed", "changed", "resolved", "reopened"):
        assert any(f"'{event}'" in row for row in events), event
    for table in ("core_cases__version", "core_cases__quarantine", "ref__agency"):
        ended = {row.endswith(", None)") for row in rows[table][1:]}
        assert ended == {True, False}, f"{table} has rows in force and rows that ended"
    windows = [row for row in rows["ops__window"] if "datetime.datetime(2026, 11, 22, " in row]
    assert windows
    assert all(re.search(r", [1-9]\d*, [1-9]\d*\)$", row) for row in windows), "every window loads and loses cases"
    assert lines != duckdb.dump(reads)


@pytest.mark.parametrize(("engine", "scene", "label"), list(crashes()))
def test_a_killed_run_leaves_no_trace_in_the_result(
    request: pytest.FixtureRequest, prepared: Path, tmp_path: Path, engine: str, scene: str, label: str
) -> None:
    undisturbed: Undisturbed = request.getfixturevalue(engine)
    before, read = SCENES[scene]
    ready = None if label.startswith(BEFORE_LOAD) else prepared
    draw = label.startswith("report.")
    with undisturbed.copy(undisturbed.url(before)) as url:
        killed = Order(url, tmp_path, (read,), "killed", label, ready, draw)
        assert give(killed) == -signal.SIGKILL, f"{label} was not reached"
        resumed = Order(url, tmp_path, (read,), "resumed", None, ready, draw)
        assert give(resumed) == 0
    _same(resumed.dump, undisturbed.dump((*before, read)))


@pytest.mark.full
@pytest.mark.parametrize("engine", ENGINES)
def test_many_killed_attempts_leave_no_trace_in_the_days_after(
    request: pytest.FixtureRequest, prepared: Path, tmp_path: Path, engine: str
) -> None:
    undisturbed: Undisturbed = request.getfixturevalue(engine)
    steps = ("load", "load", "reconcile", "reconcile", "score", "score", "report")
    with undisturbed.copy(None) as url:
        for number, step in enumerate(steps):
            label = f"{step}.after_commit"
            killed = Order(url, tmp_path, ("monday",), f"killed{number}", label, prepared)
            assert give(killed) == -signal.SIGKILL
        resumed = Order(url, tmp_path, ("monday", "tuesday", "wednesday"), "resumed", None, prepared)
        assert give(resumed) == 0
    _same(resumed.dump, undisturbed.dump(("monday", "tuesday", "wednesday")))


def _same(found: Path, expected: list[str]) -> None:
    lines = found.read_text(encoding="utf-8").splitlines()
    assert list(difflib.unified_diff(expected, lines, "undisturbed", "resumed", n=0))[:20] == []
