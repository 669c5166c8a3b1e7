from __future__ import annotations

from datetime import UTC, date, datetime

from schemas.window import Window
from tasks.rules.reads_due import windows_due

MIDNIGHT = datetime(2026, 11, 19, 17, tzinfo=UTC)
"""The 20th begins in Vietnam."""


def test_today_and_some_days_before_the_watermark_are_read_by_the_day() -> None:
    windows = windows_due({"city": MIDNIGHT, "portal": MIDNIGHT}, MIDNIGHT, 2)
    assert windows == [Window(date(2026, 11, day), date(2026, 11, day + 1)) for day in (18, 19, 20)]


def test_the_older_side_decides_and_a_pause_is_caught_up() -> None:
    late = datetime(2026, 11, 10, 3, tzinfo=UTC)
    windows = windows_due({"city": MIDNIGHT, "portal": late}, MIDNIGHT, 1)
    assert (windows[0].start, windows[-1].end, len(windows)) == (date(2026, 11, 9), date(2026, 11, 21), 12)


def test_a_watermark_ahead_of_the_clock_does_not_skip_today() -> None:
    ahead = datetime(2026, 11, 25, tzinfo=UTC)
    assert windows_due({"city": ahead}, MIDNIGHT, 0) == [Window(date(2026, 11, 20), date(2026, 11, 21))]
