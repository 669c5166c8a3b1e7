"""When cases are submitted and received.

Desk and post cases are received on the spot, in office hours. An online case is submitted at any hour and accepted
by an officer within about eight office hours (Decree 297/2025: otherwise "accepted late"). Online cases that nobody
has accepted yet are the newly registered ones (status 1): they have no received time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sandbox.cases.working_time import OFFICE_DAY, WorkingTime
from sandbox.columns import DAY, HOUR, NO_TIME, Codes, Ints

DESK, ONLINE, POST = 1, 2, 3
CHANNEL_SHARES = (0.40, 0.59, 0.01)
WEEKDAY_WEIGHTS = np.array([1.25, 1.10, 1.05, 1.0, 0.85, 0.45, 0.30])
HOUR_WEIGHTS = np.array([2, 1, 1, 1, 1, 3, 8, 25, 70, 90, 85, 55, 30, 55, 80, 80, 65, 45, 25, 25, 30, 28, 18, 7], float)
JUST_NOW = 20 * 60


@dataclass(frozen=True)
class Arrivals:
    """Cases in order of submission."""

    channel: Codes
    submitted: Ints
    received: Ints


def draw_arrivals(
    cases: int, days: int, now: int, office: WorkingTime, reserved: tuple[int, int], rng: np.random.Generator
) -> Arrivals:
    """Arrivals over the ``days`` before ``now``.

    ``reserved`` = how many cases must exist that are (received within the last minutes, not yet received): small
    worlds would have none by chance.
    """
    just_now, unreceived = reserved
    channel = rng.choice(np.array([DESK, ONLINE, POST], np.int8), size=cases, p=CHANNEL_SHARES)
    first_day = now // DAY - days
    online = channel == ONLINE
    submitted = np.empty(cases, np.int64)
    submitted[online] = _online_moments(int(online.sum()), first_day, now, office, rng)
    submitted[~online] = _desk_moments(int((~online).sum()), first_day, now, office, rng)
    received = submitted.copy()
    received[online] = _acceptance(submitted[online], office, rng)
    _reserve(channel, submitted, received, just_now, unreceived, now, rng)
    received[received > now] = NO_TIME
    order = np.argsort(submitted, kind="stable")
    return Arrivals(channel[order], submitted[order], received[order])


def _reserve(
    channel: Codes, submitted: Ints, received: Ints, just_now: int, unreceived: int, now: int, rng: np.random.Generator
) -> None:
    fresh = slice(0, just_now)
    received[fresh] = now - rng.integers(60, JUST_NOW - 60, just_now)
    submitted[fresh] = np.where(
        channel[fresh] == ONLINE, received[fresh] - rng.integers(60, HOUR, just_now), received[fresh]
    )
    waiting = slice(just_now, just_now + unreceived)
    channel[waiting] = ONLINE
    submitted[waiting] = now - rng.integers(600, 5 * HOUR, unreceived)
    received[waiting] = now + 1


def _pick_days(count: int, weights: npt.NDArray[np.float64], first_day: int, rng: np.random.Generator) -> Ints:
    return first_day + rng.choice(len(weights), size=count, p=weights / weights.sum()).astype(np.int64)


def _weights(first_day: int, today: int, office: WorkingTime, on_days_off: float) -> npt.NDArray[np.float64]:
    days = np.arange(first_day, today + 1)
    weights = WEEKDAY_WEIGHTS[(days + 3) % 7]  # day 0 of 1970 was a Thursday
    return np.where(office.working[days - office.first_day], weights, on_days_off * weights)


def _desk_moments(count: int, first_day: int, now: int, office: WorkingTime, rng: np.random.Generator) -> Ints:
    today = now // DAY
    weights = _weights(first_day, today, office, on_days_off=0.0)
    open_today = int(office.to_working(np.array([now]))[0] - office.to_working(np.array([today * DAY]))[0])
    weights[-1] *= open_today / OFFICE_DAY
    day = _pick_days(count, weights, first_day, rng)
    within = np.where(rng.random(count) < 0.58, rng.beta(1.4, 1.8, count) * 0.5, 0.5 + rng.beta(1.3, 2.2, count) * 0.5)
    length = np.where(day == today, open_today, OFFICE_DAY)
    return office.from_working(office.to_working(day * DAY) + (within * (length - 1)).astype(np.int64))


def _online_moments(count: int, first_day: int, now: int, office: WorkingTime, rng: np.random.Generator) -> Ints:
    day = _pick_days(count, _weights(first_day, now // DAY, office, on_days_off=0.4), first_day, rng)
    hour = rng.choice(24, size=count, p=HOUR_WEIGHTS / HOUR_WEIGHTS.sum())
    moment = day * DAY + hour * HOUR + rng.integers(0, HOUR, count)
    return np.where(moment > now, moment - DAY, moment)


def _acceptance(submitted: Ints, office: WorkingTime, rng: np.random.Generator) -> Ints:
    delay = np.minimum(300 + rng.exponential(1.5 * HOUR, len(submitted)), 8 * HOUR)
    late = rng.random(len(submitted)) < 0.02
    delay = np.where(late, delay + 8 * HOUR, delay)
    return office.from_working(office.to_working(submitted) + delay.astype(np.int64))
