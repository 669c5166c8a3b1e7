"""The measurements of truth: what counts as missed, false or wrong; and, among the big profiles, that nothing is."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import soak, truth


def test_each_way_of_being_wrong_is_counted() -> None:
    planted = {("a", "due_differs"), ("b", "due_differs"), ("c", "ambiguous")}
    found = {("a", "due_differs"), ("a", "channel_differs"), ("b", "received_differs"), ("d", "missing_in_city")}
    told = truth.compare(planted, found)
    assert (told["planted"], told["found"], told["missed"], told["false_alarms"], told["wrong_kind"]) == (3, 1, 1, 1, 2)
    assert told["by_kind"]["due_differs"] == {"planted": 2, "found": 1, "false": 0}
    assert told["by_kind"]["channel_differs"]["false"] == 1


@pytest.mark.parametrize("cases", [6_000, pytest.param(30_000, marks=pytest.mark.full)])
def test_everything_planted_is_found_and_nothing_else(tmp_path: Path, cases: int) -> None:
    told = truth.run(cases, 5, tmp_path)
    assert (told["missed"], told["false_alarms"], told["wrong_kind"]) == (0, 0, 0)
    assert told["found"] == told["planted"] > cases / 30
    assert told["equal_pairs"] > cases / 3


@pytest.mark.full
def test_nothing_grows_while_nothing_changes(tmp_path: Path) -> None:
    told = soak.run(300, 1, tmp_path, runs=soak.RUNS)
    assert set(told["grown"].values()) == {0}
    early, late = told["days"][soak.AGED], told["days"][soak.RUNS - 1]
    assert late["file_mb"] <= 2 * early["file_mb"] + 10
    assert late["resident_mb"] <= 1.2 * early["resident_mb"] + 50
