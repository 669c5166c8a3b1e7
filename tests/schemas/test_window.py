from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.window import Step, Window, divide, split

days = st.dates(date(1969, 12, 1), date(2030, 12, 31))


@given(days, st.integers(1, 400), st.integers(1, 40))
def test_windows_cover_the_range_once_on_a_fixed_grid(start: date, length: int, size: int) -> None:
    end = start + timedelta(days=length)
    windows = split(start, end, size)
    assert (windows[0].start, windows[-1].end) == (start, end)
    assert all(before.end == after.start for before, after in pairwise(windows))
    assert all(0 < (window.end - window.start).days <= size for window in windows)
    inner = {window.end for window in windows[:-1]}
    assert all((edge - date(1970, 1, 5)).days % size == 0 for edge in inner)
    shifted = split(start + timedelta(days=1), end + timedelta(days=size), size) if length > 1 else windows
    assert set(windows[1:-1]) <= set(shifted), "two runs share their inner windows"


def test_names_and_last_days() -> None:
    window = Window(date(2025, 6, 2), date(2025, 6, 9))
    assert (window.name, window.last_day) == ("20250602-20250609", date(2025, 6, 8))


@pytest.mark.parametrize(("length", "size"), [(0, 7), (-1, 7), (7, 0)])
def test_empty_ranges_are_refused(length: int, size: int) -> None:
    start = date(2025, 6, 2)
    with pytest.raises(ValueError, match=r"empty|at least one day"):
        split(start, start + timedelta(days=length), size)


@given(days, st.integers(1, 1_200))
def test_months_cover_the_range_once_and_break_on_the_first(start: date, length: int) -> None:
    end = start + timedelta(days=length)
    windows = divide(start, end, Step.MONTH)
    assert (windows[0].start, windows[-1].end) == (start, end)
    assert all(before.end == after.start for before, after in pairwise(windows))
    assert all(window.start.day == 1 for window in windows[1:])
    assert all(
        (window.start.year, window.start.month) == (w.year, w.month) for window in windows for w in [window.last_day]
    )


def test_weeks_begin_on_monday_and_days_are_days() -> None:
    start, end = date(2026, 11, 1), date(2026, 11, 24)
    assert [window.start.weekday() for window in divide(start, end, Step.WEEK)] == [6, 0, 0, 0, 0]
    assert len(divide(start, end, Step.DAY)) == 23
