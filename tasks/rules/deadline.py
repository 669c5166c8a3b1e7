"""The national on-time rule, reduced to two instants a case.

Source: wire contract, section 9.4, and service-index reference, sections 1.2 and 5.2 ("Mô tả công thức tính chỉ số
766"). A case is overdue at t when `coalesce(clock_stopped_at, t) > deadline_at`: one comparison, the same in SQL and
pandas, true for every t without looking at the case again. A null `deadline_at` means "cannot be judged".

Waiting for a supplement is subtracted from the end by the rule; here it is added to the deadline, which is the same
comparison and also holds while the clock still runs. Status 6 (financial obligation) lets the clock run: the rule
names supplements alone (not confirmed).
"""

from __future__ import annotations

from typing import Final

import pandas as pd

from schemas.codes import END_STATUSES, Status
from tasks.rules.times import DAY_US, NAT, VIETNAM_US, from_micros, to_micros
from tasks.rules.workdays import WorkCalendar

_TICK: Final = pd.Timedelta(microseconds=1)


def _legal_deadline(cases: pd.DataFrame, calendar: WorkCalendar) -> pd.Series:
    """Receipt plus the legal maximum of the procedure; NaT without one (0 and less mean that none is recorded).

    A receipt outside the calendar's span gives NaT too: one absurd date must not stop the judgement of a million cases.
    """
    limit = cases["max_days"].astype("Int64")
    limit = limit.where(limit > 0)
    return calendar.add(cases["received_at"], limit.where(calendar.covers(cases["received_at"], limit)))


def _end_of_day(at: pd.Series) -> pd.Series:
    """The last microsecond of each day in Vietnam: `x > end of day(y)` says that x falls on a later day than y."""
    micros = to_micros(at)
    local = micros + VIETNAM_US
    end = local - local % DAY_US + DAY_US - 1 - VIETNAM_US
    end[micros == NAT] = NAT
    return from_micros(end, like=at)


def clock(cases: pd.DataFrame, calendar: WorkCalendar, *, by_day: bool = False) -> pd.DataFrame:
    """When each case's clock stopped and when it must have: `clock_stopped_at`, `deadline_at` (datetime64[us, UTC]).

    `cases` holds `status` (Int8), `received_at`, `due_at`, `finished_at`, `returned_at`, `supplement_requested_at`
    (datetime64[us, UTC], the last being the latest request), `supplement_requests` (count), `supplement_answered`
    (whether the latest request was answered), `supplement_waiting_s` (seconds of all answered requests) and `max_days`
    (legal maximum of the procedure in working days); every value may be null. The result has the index of `cases`.

    1. End event (status 9, 10, 8, 3, 7): stopped when finished, else when returned; neither known: still running.
    2. Status 5, unanswered. First request: stopped at the request, if its time is known. A further request makes the
       case overdue from that instant on, so the deadline becomes the microsecond before the request (or stays, if
       earlier) and the clock is not stopped; without the time of the request it is overdue from receipt.
    3. Deadline: due time, or else receipt plus the legal maximum; plus the waiting. Neither: null, cannot be judged.
    4. Never received: both null, the case is not part of indicator 2.1.

    `by_day` compares by day instead of by instant, as cities do (an end on the due day is on time). Which of the two
    the portal uses is not confirmed, so both can be computed.
    """
    received, requested = cases["received_at"], cases["supplement_requested_at"]
    got = received.notna()
    ended = cases["status"].isin([int(status) for status in END_STATUSES])
    waits = (cases["status"] == Status.SUPPLEMENT_REQUESTED).fillna(False).astype(bool)
    waits &= ~cases["supplement_answered"].astype("boolean").fillna(False).astype(bool)
    again = waits & (cases["supplement_requests"].fillna(0) > 1).astype(bool)

    end = cases["finished_at"].fillna(cases["returned_at"])
    stopped = end.where(ended, requested.where(waits & ~again))

    deadline = cases["due_at"].fillna(_legal_deadline(cases, calendar))
    seconds = cases["supplement_waiting_s"].astype("Int64").fillna(0).astype("int64")
    deadline = deadline + pd.to_timedelta(seconds, unit="s").dt.as_unit("us")
    if by_day:
        deadline = _end_of_day(deadline)
    overdue_from = requested.fillna(received) - _TICK
    keep = ~again | (deadline <= overdue_from)
    deadline = deadline.where(keep, overdue_from)
    return pd.DataFrame({"clock_stopped_at": stopped.where(got), "deadline_at": deadline.where(got)}, index=cases.index)


def overdue(clock: pd.DataFrame, as_of: pd.Timestamp) -> pd.Series:
    """Whether each case is overdue at `as_of` (time-zone aware): nullable boolean, NA where there is no deadline.

    Raises `TypeError` (pandas') for an `as_of` without a time zone.
    """
    now = as_of.tz_convert("UTC").as_unit("us")
    late = (clock["clock_stopped_at"].fillna(now) > clock["deadline_at"]).astype("boolean")
    return late.mask(clock["deadline_at"].isna())
