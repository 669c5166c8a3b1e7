from __future__ import annotations

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

import errors
from tasks.rules.alarm import FAILURES, Alarm, of_failure, of_run, unusual


@pytest.mark.parametrize(
    ("before", "now", "burst"),
    [
        ([10, 12, 9, 11, 10], 19, False),
        ([10, 12, 9, 11, 10], 21, True),
        ([0, 0, 0, 0, 0, 0], 20, False),
        ([0, 0, 0, 0, 0, 0], 21, True),
        ([100, 400, 50, 300, 200], 800, False),
        ([100, 110, 90, 105, 5_000], 300, True),  # one earlier burst does not hide the next
        ([10, 12], 10_000, False),  # too few runs to know what is usual
    ],
)
def test_a_burst_is_far_above_the_usual(before: list[int], now: int, burst: bool) -> None:
    assert (unusual(before, now) is not None) is burst
    assert (Alarm.MISMATCH_BURST in [raised.alarm for raised in of_run(now, before, 0, 0, 0)]) is burst


@given(st.lists(st.integers(0, 10_000), min_size=5), st.integers(0, 100_000), st.integers(1, 1_000))
def test_more_is_never_less_of_a_burst(before: list[int], now: int, more: int) -> None:
    if unusual(before, now) is not None:
        assert unusual(before, now + more) == unusual(before, now)


def test_lag_and_drift() -> None:
    assert of_run(0, [], late=20, news=0, drift=0) == []
    assert [raised.alarm for raised in of_run(0, [], late=21, news=0, drift=2)] == [
        Alarm.LAG_HIGH,
        Alarm.SOURCE_DRIFTED,
    ]
    assert of_run(0, [], late=50, news=1_000, drift=0) == []
    assert [raised.payload for raised in of_run(0, [], late=51, news=1_000, drift=0)] == [
        {"late": 51, "changes": 1_000}
    ]


def test_failures_are_classes_of_the_error_tree() -> None:
    known = {name for name, thing in vars(errors).items() if inspect.isclass(thing)}
    assert set(FAILURES) <= known
    assert of_failure("ConservationBroken") is Alarm.CONSERVATION_BROKEN
    assert of_failure("KeyError") is of_failure("ConfigError") is Alarm.RUN_FAILED
    sources = {n for n in known if issubclass(getattr(errors, n), errors.SourceError)}
    assert sources <= set(FAILURES), "every way of not reading a source has its alarm"
