"""The window: the half-open interval of received days that one extraction covers."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from schemas.period import first_after


class Step(StrEnum):
    """How long the windows of a backfill are."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Window(NamedTuple):
    """`[start, end)` in days of the source's clock (Asia/Ho_Chi_Minh)."""

    start: date
    end: date

    @property
    def last_day(self) -> date:
        """The last day inside, for sources that take both ends inclusive."""
        return self.end - timedelta(days=1)

    @property
    def name(self) -> str:
        return f"{self.start:%Y%m%d}-{self.end:%Y%m%d}"


def split(start: date, end: date, days: int) -> list[Window]:
    """Windows of at most `days` days that cover `[start, end)`, without gap or overlap.

    Their edges lie on a fixed grid counted from 1970-01-05 (a Monday), so that two runs over different ranges share
    their inner windows and a re-read replaces exactly what an earlier run read.

    Raises ValueError when the range is empty or reversed, or `days` is not positive.
    """
    if days < 1:
        raise ValueError(f"a window needs at least one day, not {days}")
    if start >= end:
        raise ValueError(f"the range {start}..{end} is empty: its end must be after its start")
    grid = date(1970, 1, 5)
    windows = []
    while start < end:
        edge = grid + timedelta(days=((start - grid).days // days + 1) * days)
        windows.append(Window(start, min(edge, end)))
        start = windows[-1].end
    return windows


def divide(start: date, end: date, step: Step) -> list[Window]:
    """Windows of a day, a week (from Monday) or a calendar month that cover `[start, end)`, without gap or overlap.

    Raises ValueError when the range is empty or reversed.
    """
    if step is not Step.MONTH:
        return split(start, end, 1 if step is Step.DAY else 7)
    if start >= end:
        raise ValueError(f"the range {start}..{end} is empty: its end must be after its start")
    windows = []
    while start < end:
        windows.append(Window(start, min(first_after(start.year, start.month), end)))
        start = windows[-1].end
    return windows
