"""A run that is killed anywhere and started again leaves the warehouse that an undisturbed run leaves, byte for byte.

What is compared is the logical dump of `tests.crash.path.dump`: everything but the names of attempts and their files.
"""

from __future__ import annotations

import difflib
import os
import re
import signal
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import Future
from pathlib import Path

import pytest

from schemas.crash import VARIABLE
from tests.crash.conftest import Undisturbed
from tests.crash.labels import ROOT, labels
from tests.crash.order import Order, give
from tests.crash.scenes import ENGINES, QUICK, SCENES, Crash, crashes

ASIDE = (
    "core_index__publi", "core_repair__", "core_sync__lag", "core_sync__suppression", "ops__sweep", "ref__agency_alias",
    "ref__case_code", "ref__procedure_code",
)  # fmt: skip
"""Tables, by the beginning of their names, that the daily runs of these reads leave empty."""
CRASHES = [pytest.param(crash, marks=[] if crash.quick else [pytest.mark.full], id=str(crash)) for crash in crashes()]


def test_the_whole_path_has_crash_points() -> None:
    known = labels()
    assert len(known) >= 40
    assert set().union(*QUICK.values()) <= set(known)


def test_the_environment_chooses_the_point() -> None:
    program = (
        "from schemas.crash import point; point('one'); print('between', flush=True); point('two'); print('after')"
    )
    for label, code, told in (("two", -signal.SIGKILL, "between\n"), ("three", 0, "between\nafter\n")):
        environment = os.environ | {VARIABLE: label, "PYTHONPATH": str(ROOT)}
        ended = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
        assert (ended.returncode, ended.stdout) == (code, told)


def test_the_reads_bring_every_kind_of_change(duckdb: Undisturbed) -> None:
    reads, read = SCENES["daily"]
    lines = duckdb.dump((*reads, read))
    rows = defaultdict(list)
    for line in lines:
        table, _, row = line.partition(" ")
        rows[table].append(row)
    assert {table for table, listed in rows.items() if len(listed) == 1 and not table.startswith(ASIDE)} == set()
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


@pytest.mark.parametrize("crash", CRASHES)
def test_a_killed_run_leaves_no_trace_in_the_result(
    request: pytest.FixtureRequest, outcomes: dict[Crash, Future[tuple[int, Path]]], crash: Crash
) -> None:
    undisturbed: Undisturbed = request.getfixturevalue(crash.engine)
    before, read = SCENES[crash.scene]
    code, dump = outcomes[crash].result()
    assert code == -signal.SIGKILL, f"{crash.label} was not reached"
    _same(dump, undisturbed.dump((*before, read)))


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
    differences = list(difflib.unified_diff(expected, lines, "undisturbed", "resumed", n=0, lineterm=""))
    assert not differences, "\n".join(differences[:20])
