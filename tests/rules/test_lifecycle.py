from __future__ import annotations

import pandas as pd
import pytest

from schemas.codes import END_STATUSES, SUSPENDED_STATUSES, Status
from schemas.mismatch import Kind
from tasks.rules.lifecycle import NEXT, kind_of, reaches, status_kinds

S = Status
PAIRS = [(city, portal) for city in Status for portal in Status]


def slow_reaches(start: Status, goal: Status) -> bool:
    """A path without repeated statuses exists: by trying all of them."""

    def walk(status: Status, seen: frozenset[Status]) -> bool:
        return any(n is goal or (n not in seen and walk(n, seen | {n})) for n in NEXT[status])

    return walk(start, frozenset({start}))


@pytest.mark.parametrize(("start", "goal"), PAIRS)
def test_reaching_is_having_a_path(start: Status, goal: Status) -> None:
    assert reaches(start, goal) == slow_reaches(start, goal)


def test_every_status_can_be_reached_and_every_case_can_end() -> None:
    assert set(NEXT) == set(Status)
    assert all(reaches(S.REGISTERED, status) for status in Status if status is not S.REGISTERED)
    assert all(status in END_STATUSES or any(reaches(status, end) for end in END_STATUSES) for status in Status)


def test_only_equal_statuses_have_no_kind() -> None:
    assert all((kind_of(city, portal) is None) == (city is portal) for city, portal in PAIRS)


def test_the_vendors_habit_is_its_own_kind() -> None:
    rewritten = {pair for pair in PAIRS if kind_of(*pair) is Kind.STATUS_REWRITTEN}
    assert rewritten == {(status, S.FINISHED) for status in SUSPENDED_STATUSES}


@pytest.mark.parametrize(
    ("city", "portal", "kind"),
    [
        (S.FINISHED, S.PROCESSING, Kind.STATUS_BEHIND),
        (S.RETURNED, S.FINISHED, Kind.STATUS_BEHIND),
        (S.PROCESSING, S.RECEIVED, Kind.STATUS_BEHIND),
        (S.SUPPLEMENT_REQUESTED, S.PROCESSING, Kind.STATUS_BEHIND),
        (S.PROCESSING, S.SUPPLEMENT_REQUESTED, Kind.STATUS_BEHIND),  # resumed, and each can follow the other
        (S.PROCESSING, S.STOPPED, Kind.STATUS_BEHIND),
        (S.STOPPED, S.PROCESSING, Kind.STATUS_BEHIND),
        (S.PROCESSING, S.FINISHED, Kind.STATUS_AHEAD),
        (S.SUPPLEMENT_REQUESTED, S.RETURNED, Kind.STATUS_AHEAD),
        (S.FINISHED, S.RETURNED, Kind.STATUS_AHEAD),
        (S.REFUSED, S.PROCESSING, Kind.STATUS_AHEAD),  # no path either way
        (S.WITHDRAWN, S.FINISHED, Kind.STATUS_AHEAD),
    ],
)
def test_direction(city: Status, portal: Status, kind: Kind) -> None:
    assert kind_of(city, portal) is kind


def test_behind_means_that_the_city_can_follow() -> None:
    """The one-way part of the graph is mirrored: where one side is behind without a way back, the other is ahead."""
    for city, portal in PAIRS:
        if reaches(portal, city) and not reaches(city, portal) and kind_of(portal, city) is not Kind.STATUS_REWRITTEN:
            assert (kind_of(city, portal), kind_of(portal, city)) == (Kind.STATUS_BEHIND, Kind.STATUS_AHEAD)


def test_columns_keep_their_index() -> None:
    found = status_kinds(pd.Series([9, 4, 5], dtype="Int16", index=[7, 8, 9]), pd.Series([9, 9, 9], dtype="Int16"))
    assert found.index.tolist() == [7, 8, 9]
    assert found.isna().tolist() == [True, False, False]
    assert found.tolist()[1:] == [Kind.STATUS_AHEAD, Kind.STATUS_REWRITTEN]
    assert status_kinds(pd.Series([], dtype="Int16"), pd.Series([], dtype="Int16")).empty
