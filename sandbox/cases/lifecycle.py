"""What becomes of a case: its status and the times of its events.

Statuses are the ten national codes: 1 newly registered, 2 received, 3 not accepted, 4 in processing, 5 supplement
requested, 6 payment requested, 7 withdrawn, 8 stopped, 9 finished, 10 returned. Most cases run their natural course
(finished in time, then handed over). A few get another part to play: finished late, forgotten, suspended, refused.
The number of each part is fixed by share with a floor, so that small worlds have enough of everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from sandbox.cases.working_time import OFFICE_DAY, WorkingTime
from sandbox.columns import NO_TIME, Codes, Ints


class Part(IntEnum):
    NATURAL = 0
    LATE = 1
    FORGOTTEN_IN_PROCESS = 2
    FORGOTTEN_AT_INTAKE = 3
    ASKED = 4
    PAYING = 5
    STOPPED = 6
    WITHDRAWN = 7
    REFUSED = 8


#: part -> (share of all cases, how many times the planted count it must at least reach)
SHARES: dict[Part, tuple[float, int]] = {
    Part.LATE: (0.0072, 3),
    Part.FORGOTTEN_IN_PROCESS: (0.003, 2),
    Part.FORGOTTEN_AT_INTAKE: (0.0015, 2),
    Part.ASKED: (0.012, 4),
    Part.PAYING: (0.003, 2),
    Part.STOPPED: (0.008, 3),
    Part.WITHDRAWN: (0.008, 1),
    Part.REFUSED: (0.012, 1),
}
END_STATUS = {Part.STOPPED: 8, Part.WITHDRAWN: 7, Part.REFUSED: 3}


@dataclass
class Lifecycle:
    status: Codes
    due: Ints
    finished: Ints
    returned: Ints
    asked: Ints
    answered: Ints
    asked_again: Ints
    modified: Ints


class _Course:
    """Working-clock times of every case: start of the clock, length of the limit, room until now."""

    def __init__(self, received: Ints, max_days: Ints, now: int, office: WorkingTime, rng: np.random.Generator) -> None:
        self.office, self.rng, self.now = office, rng, now
        self.is_received = received > NO_TIME
        self.received = received
        self.start = office.to_working(np.where(self.is_received, received, now))
        self.span = max_days * OFFICE_DAY
        self.clock_now = int(office.to_working(np.array([now]))[0])
        self.room = self.clock_now - self.start
        self.count = len(received)

    def moment(self, working: Ints | npt.NDArray[np.float64]) -> Ints:
        return np.minimum(self.office.from_working(working.astype(np.int64)), self.now)

    def spread(self, low: float, high: float) -> npt.NDArray[np.float64]:
        return self.rng.uniform(low, high, self.count)


def live(
    received: Ints,
    submitted: Ints,
    max_days: Ints,
    now: int,
    planted: int,
    office: WorkingTime,
    rng: np.random.Generator,
) -> Lifecycle:
    """Play every case until ``now``. ``planted`` = how many of each fault will be wanted."""
    course = _Course(received, max_days, now, office, rng)
    part = _cast(course, planted)
    finish = _finish_clock(course, part)
    status = _statuses(course, part, finish)
    asked, answered, asked_again = _supplements(course, part, finish, status)
    ended = np.isin(status, (3, 7, 8, 9, 10))
    finished = np.where(ended, course.moment(finish), NO_TIME)
    handed = finish + 300 + rng.exponential(0.6 * OFFICE_DAY, course.count)
    returned = np.where((status == 10) & (handed <= course.clock_now), course.moment(handed), NO_TIME)
    status[(status == 10) & (returned == NO_TIME)] = 9
    busy = course.start + course.spread(0.1, 0.9) * np.minimum(course.room, course.span)
    last_step = np.where((status == 4) | (status == 6), course.moment(busy), NO_TIME)
    events = np.maximum.reduce([submitted, received, finished, returned, asked, answered, asked_again, last_step])
    due = np.where(
        course.is_received, office.add_working_days(np.where(course.is_received, received, now), max_days), NO_TIME
    )
    due[rng.random(course.count) < 0.02] = NO_TIME
    modified = np.minimum(events + rng.integers(0, 90, course.count), now)
    return Lifecycle(status, due, finished, returned, asked, answered, asked_again, modified)


def _cast(course: _Course, planted: int) -> npt.NDArray[np.int8]:
    """Give the special parts to cases old enough to play them."""
    part = np.zeros(course.count, np.int8)
    old = course.rng.permutation(np.flatnonzero(course.is_received & (course.room > 6 * OFFICE_DAY)))
    for role, (share, floor) in SHARES.items():
        fits = course.room[old] > course.span[old] + 12 * OFFICE_DAY if role == Part.LATE else np.ones(len(old), bool)
        wanted = min(max(round(share * course.count), floor * planted), len(old) // 4)
        chosen = old[fits][:wanted]
        part[chosen] = role
        old = old[part[old] == Part.NATURAL]
    return part


def _finish_clock(course: _Course, part: npt.NDArray[np.int8]) -> Ints:
    """Working-clock time at which each case ends, whether or not that has happened yet."""
    fraction = 0.06 + 0.9 * course.rng.beta(1.6, 1.3, course.count)
    finish = course.start + np.maximum(fraction * course.span, 1_800)
    late = course.start + course.span + (0.03 + np.minimum(course.rng.exponential(1.5, course.count), 6)) * OFFICE_DAY
    finish = np.where(part == Part.LATE, late, finish)
    early = course.start + course.spread(0.1, 0.9) * np.minimum(course.span, course.room)
    finish = np.where(np.isin(part, (Part.STOPPED, Part.WITHDRAWN)), early, finish)
    refused = course.start + course.spread(0.1, 0.9) * OFFICE_DAY
    return np.where(part == Part.REFUSED, refused, finish).astype(np.int64)


def _statuses(course: _Course, part: npt.NDArray[np.int8], finish: Ints) -> Codes:
    untouched = (course.room < OFFICE_DAY // 5) | (course.rng.random(course.count) < 0.12)
    status = np.where(finish <= course.clock_now, 10, np.where(untouched, 2, 4)).astype(np.int8)
    status[(status == 10) & (course.rng.random(course.count) < 0.04)] = 9
    for role, code in END_STATUS.items():
        status[part == role] = code
    status[part == Part.FORGOTTEN_IN_PROCESS] = 4
    status[part == Part.FORGOTTEN_AT_INTAKE] = 2
    status[part == Part.ASKED] = 5
    status[part == Part.PAYING] = 6
    status[~course.is_received] = 1
    return status


def _supplements(course: _Course, part: npt.NDArray[np.int8], finish: Ints, status: Codes) -> tuple[Ints, Ints, Ints]:
    """Requests for missing papers: an unanswered one suspends the case; some other cases have an answered one."""
    reach = np.minimum(course.span, course.room)
    waiting = part == Part.ASKED
    ask = course.start + course.spread(0.1, 0.7) * reach
    again = waiting & (course.rng.random(course.count) < 0.04)
    ask_again = course.start + course.spread(0.75, 0.95) * reach
    length = np.where(status == 4, np.minimum(course.room, course.span) * 0.1, finish - course.start)
    earlier = np.isin(status, (4, 9, 10)) & (part == Part.NATURAL) & (course.rng.random(course.count) < 0.06)
    earlier &= length > 3_600
    ask_early = course.start + course.spread(0.1, 0.3) * length
    answer = course.start + course.spread(0.4, 0.8) * length
    asked = np.where(waiting, course.moment(ask), np.where(earlier, course.moment(ask_early), NO_TIME))
    answered = np.where(earlier, course.moment(answer), NO_TIME)
    return asked, answered, np.where(again, course.moment(ask_again), NO_TIME)
