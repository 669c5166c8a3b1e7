"""Working days of Vietnamese civil servants, and deadlines counted in them.

Source: service-index reference, sections 5.1 and 5.4. A working day is Monday to Friday without the public holidays,
plus the Saturdays ordered to make up for swapped days. Counting starts on the working day after the day of receipt
and keeps the hour of receipt.

The `holidays` library knows the law and most swaps; what it lacks is listed in `CORRECTIONS`. Swaps are ordered year by
year: for years whose order is not published yet the calendar holds the holidays of the law alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

import holidays
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks.rules.times import DAY_US, NAT, VIETNAM_US, Bools, Ints, from_micros, to_micros

_CULTURE_DAY: Final = "Ngày Văn hóa Việt Nam"
_SATURDAY: Final = 5
CALENDAR_YEARS: Final = (2010, 2040)
"""Years in which a deadline can be counted."""


@dataclass(frozen=True)
class Correction:
    """One day on which the `holidays` library is wrong or silent, and who says so."""

    day: date
    working: bool
    source: str


CORRECTIONS: Final = (
    Correction(date(2026, 1, 2), False, "dispatch 12729/VPCP-KGVX: Fri 2 Jan 2026 off, swapped"),
    Correction(date(2026, 1, 10), True, "dispatch 12729/VPCP-KGVX: Sat 10 Jan 2026 worked for 2 Jan"),
)


@dataclass(frozen=True)
class WorkCalendar:
    """The working days of whole years, first and last included. Hashable; its days are computed once a process.

    `culture_day_off`: 24 November, Vietnam Culture Day, as a day off from 2026. Off by default: a Politburo resolution
    (80-NQ/TW) announces it, no law that was found orders it. `make_up_saturdays`: whether ordered Saturdays count as
    working days, which is not confirmed for every city. Raises `ValueError` when the span is empty.
    """

    first_year: int
    last_year: int
    culture_day_off: bool = False
    make_up_saturdays: bool = True
    corrections: tuple[Correction, ...] = CORRECTIONS

    def __post_init__(self) -> None:
        if self.last_year < self.first_year:
            raise ValueError(f"empty span of years {self.first_year}..{self.last_year}")

    @property
    def span(self) -> str:
        """The days covered, as text."""
        return f"{self.first_year}-01-01..{self.last_year}-12-31"

    def is_working(self, day: date) -> bool:
        """Whether `day` is a working day. Raises `ValueError` outside the span."""
        return self.count(day, day) == 1

    def count(self, first: date, last: date) -> int:
        """Working days from `first` to `last`, both included. Raises `ValueError` outside the span."""
        if min(first, last).year < self.first_year or max(first, last).year > self.last_year:
            raise ValueError(f"{first}..{last} is outside the calendar's span {self.span}")
        days = _working_days(self)
        before = np.searchsorted(days, _number(first), side="left")
        return max(0, int(np.searchsorted(days, _number(last), side="right") - before))

    def covers(self, received: pd.Series, days: pd.Series) -> pd.Series:
        """Whether `add` can answer each row (bool; a missing value counts as covered, a negative count does not)."""
        _, missing, outside = self._target(received, days)
        return pd.Series(missing | ~outside, index=received.index)

    def add(self, received: pd.Series, days: pd.Series) -> pd.Series:
        """The same wall-clock hour on the n-th working day after the day of receipt.

        `received` is datetime64[us, UTC], `days` whole working days (any integer dtype); rows match by position. A
        count of 0 gives the time of receipt itself. Result: datetime64[us, UTC], NaT where either is missing. Raises
        `ValueError` naming the span when a day lies outside it, or for a negative count.
        """
        due, missing, outside = self._target(received, days)
        if (outside & ~missing).any():
            row = int(np.flatnonzero(outside & ~missing)[0])
            raise ValueError(
                f"{received.iloc[row]} plus {days.iloc[row]} working days cannot be found "
                f"in the calendar's span {self.span} ({int((outside & ~missing).sum())} such rows)"
            )
        return from_micros(np.where(missing, NAT, due), like=received)

    def _target(self, received: pd.Series, days: pd.Series) -> tuple[Ints, Bools, Bools]:
        """Due microseconds, rows with a missing value, rows out of reach (whose due time means nothing)."""
        micros = to_micros(received)
        counts = days.astype("Int64")
        missing = (micros == NAT) | counts.isna().to_numpy(dtype=np.bool_)
        local = np.where(missing, 0, micros + VIETNAM_US)
        n = counts.fillna(0).to_numpy(dtype=np.int64)
        working = _working_days(self)
        first, last = _number(date(self.first_year, 1, 1)), _number(date(self.last_year, 12, 31))
        day = local // DAY_US
        target = np.searchsorted(working, day, side="right") + n - 1
        outside = (day < first) | (day > last) | (n < 0) | (target >= len(working))
        due = np.where(n == 0, day, working[np.clip(target, 0, len(working) - 1)])
        return due * DAY_US + local % DAY_US - VIETNAM_US, missing, outside


def _number(day: date) -> int:
    """Days since 1970."""
    return day.toordinal() - date(1970, 1, 1).toordinal()


def _numbers(days: list[date]) -> Ints:
    return np.array([_number(day) for day in days], dtype=np.int64)


@lru_cache(maxsize=32)
def _working_days(calendar: WorkCalendar) -> NDArray[np.int64]:
    """Every working day of the calendar, ascending, as days since 1970. Read-only, because it is shared."""
    # A year on either side: a swapped day and its Saturday may lie on different sides of New Year.
    years = range(calendar.first_year - 1, calendar.last_year + 2)
    law = holidays.country_holidays("VN", years=years, language="vi")
    off = set(law)
    if not calendar.culture_day_off:
        off -= set(law.get_named(_CULTURE_DAY, lookup="icontains"))
    worked = set(law.weekend_workdays)
    for fix in calendar.corrections:
        (worked if fix.working else off).add(fix.day)
        (off if fix.working else worked).discard(fix.day)
    if not calendar.make_up_saturdays:
        worked = set()
    every = np.arange(_number(date(calendar.first_year, 1, 1)), _number(date(calendar.last_year, 12, 31)) + 1)
    weekday = (every + 3) % 7  # 1 January 1970 was a Thursday
    ordinary = (weekday < _SATURDAY) & ~np.isin(every, _numbers(sorted(off)))
    days: NDArray[np.int64] = every[ordinary | np.isin(every, _numbers(sorted(worked)))].astype(np.int64)
    days.setflags(write=False)
    return days
