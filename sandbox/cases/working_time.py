"""Working days and working seconds of Vietnamese offices.

Public holidays come from the ``holidays`` package, corrected by what was really ordered: in 2026 the second of
January was off and Saturday 10 January worked in exchange (dispatch 12729/VPCP-KGVX), and Vietnam Culture Day
(24 November) is not a day off until a law says so. Make-up Saturdays count as working days.

``to_working``/``from_working`` map the wall clock to a clock that runs only in office hours, so that "finished after
60 % of the time limit" is one multiplication and never falls on a Sunday night.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import holidays
import numpy as np

from sandbox.columns import DAY, Codes, Ints, Mask

ORDERED_OFF = frozenset({date(2026, 1, 2)})
ORDERED_WORKED = frozenset({date(2026, 1, 10), date(2026, 8, 22), date(2025, 4, 26), date(2024, 5, 4)})
CULTURE_DAY = (11, 24)

MORNING_OPENS = 8 * 3_600
AFTERNOON_OPENS = 13 * 3_600 + 1_800
SESSION = 3 * 3_600 + 1_800
OFFICE_DAY = 2 * SESSION

EPOCH = date(1970, 1, 1)


def is_working_day(day: date, public: holidays.HolidayBase) -> bool:
    """Monday to Friday without public holidays, plus the Saturdays that a holiday was swapped with."""
    if day in ORDERED_WORKED:
        return True
    if day.weekday() >= 5 or day in ORDERED_OFF:
        return False
    return day not in public or (day.month, day.day) == CULTURE_DAY


@dataclass(frozen=True)
class WorkingTime:
    """Tables over a span of days, addressed by day number since 1970."""

    first_day: int
    working: Mask
    worked_until: Ints
    days: Ints

    @classmethod
    def covering(cls, first: date, last: date) -> WorkingTime:
        public = holidays.country_holidays("VN", years=range(first.year, last.year + 1))
        span = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
        working = np.array([is_working_day(day, public) for day in span], dtype=bool)
        first_day = (first - EPOCH).days
        return cls(first_day, working, np.cumsum(working).astype(np.int64), np.flatnonzero(working) + first_day)

    def add_working_days(self, moments: Ints, count: Ints | Codes) -> Ints:
        """The same time of day, ``count`` working days later; counting starts on the day after ``moments``."""
        reached = self.worked_until[moments // DAY - self.first_day] + count
        later: Ints = self.days[reached - 1] * DAY + moments % DAY
        return later

    def to_working(self, moments: Ints) -> Ints:
        """Office seconds elapsed since the first day."""
        day = moments // DAY - self.first_day
        clock = moments % DAY
        morning = np.clip(clock - MORNING_OPENS, 0, SESSION)
        afternoon = np.clip(clock - AFTERNOON_OPENS, 0, SESSION)
        works = self.working[day]
        before = self.worked_until[day] - works
        return before * OFFICE_DAY + np.where(works, morning + afternoon, 0)

    def from_working(self, elapsed: Ints) -> Ints:
        """The wall-clock moment at which ``elapsed`` office seconds have passed."""
        rest = elapsed % OFFICE_DAY
        clock = np.where(rest < SESSION, MORNING_OPENS + rest, AFTERNOON_OPENS + rest - SESSION)
        return self.days[elapsed // OFFICE_DAY] * DAY + clock
