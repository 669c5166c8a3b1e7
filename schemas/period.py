"""Periods of the index: months, quarters and years of Vietnam's wall clock, laid on one line of consecutive places.

A case that was never closed counts in every later month, so months must not be added up to a quarter. Counting places
once and reading any span of them gives each period its own true count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

VIETNAM: Final = timezone(timedelta(hours=7))
"""UTC+7 since 1975, without daylight saving."""

_NAME: Final = re.compile(r"^(\d{4})(?:-(?:(0[1-9]|1[0-2])|Q([1-4])))?$")


@dataclass(frozen=True, order=True)
class Period:
    """The received days `[start, end)`, with the name that people use: 2026-10, 2026-Q4, 2026."""

    start: date
    end: date
    name: str

    @classmethod
    def named(cls, name: str) -> Period:
        """The month `2026-10`, quarter `2026-Q4` or year `2026`. Raises ValueError for any other name."""
        found = _NAME.match(name)
        if found is None:
            raise ValueError(f"{name!r} is no period: write 2026-10, 2026-Q4 or 2026")
        year, month, quarter = int(found[1]), found[2], found[3]
        if month:
            return cls(date(year, int(month), 1), first_after(year, int(month)), name)
        if quarter:
            last = 3 * int(quarter)
            return cls(date(year, last - 2, 1), first_after(year, last), name)
        return cls(date(year, 1, 1), date(year + 1, 1, 1), name)


def first_after(year: int, month: int) -> date:
    """The day after a month's last."""
    return date(year + month // 12, month % 12 + 1, 1)


def midnight(day: date) -> datetime:
    """The instant at which a day of Vietnam begins, in UTC."""
    return datetime.combine(day, time(), VIETNAM).astimezone(UTC)


def day_of(at: datetime) -> date:
    """The day of an instant in Vietnam's wall clock. Raises ValueError for an instant without a time zone."""
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
    return at.astimezone(VIETNAM).date()


@dataclass(frozen=True)
class Timeline:
    """Consecutive places `[edges[i], edges[i + 1])`, read at `as_of` (time-zone aware).

    Raises ValueError unless there are two edges or more, in order.
    """

    edges: tuple[date, ...]
    as_of: datetime

    def __post_init__(self) -> None:
        if len(self.edges) < 2 or any(a >= b for a, b in zip(self.edges, self.edges[1:], strict=False)):
            raise ValueError(f"a timeline needs edges in order, at least two: {self.edges}")
        day_of(self.as_of)

    def __len__(self) -> int:
        return len(self.edges) - 1

    def moments(self) -> tuple[datetime, ...]:
        """When each place is judged: at its end, or at `as_of` if that is earlier (UTC)."""
        now = self.as_of.astimezone(UTC)
        return tuple(min(now, midnight(edge)) for edge in self.edges[1:])

    def span(self, period: Period) -> tuple[int, int]:
        """First and last place of a period. Raises ValueError when it does not begin and end on an edge."""
        if period.start not in self.edges or period.end not in self.edges:
            raise ValueError(f"{period.name} does not lie on the timeline {self.edges[0]}..{self.edges[-1]}")
        return self.edges.index(period.start), self.edges.index(period.end) - 1


def months(start: date, end: date) -> list[Period]:
    """The calendar months that `[start, end)` touches, whole, oldest first; none for an empty range."""
    found, year, month = [], start.year, start.month
    while date(year, month, 1) < end:
        found.append(Period.named(f"{year:04}-{month:02}"))
        year, month = found[-1].end.year, found[-1].end.month
    return found


def timeline(periods: list[Period], as_of: datetime) -> Timeline:
    """The line on which every one of the periods can be read. Raises ValueError without a period."""
    return Timeline(tuple(sorted({edge for period in periods for edge in (period.start, period.end)})), as_of)
