from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codes import Status
from tasks.rules.deadline import clock, overdue
from tasks.rules.workdays import WorkCalendar

VIETNAM = timezone(timedelta(hours=7))
CALENDAR = WorkCalendar(2024, 2026)
START = datetime(2025, 6, 2, 1, tzinfo=UTC)
TIMES = ("received_at", "due_at", "finished_at", "returned_at", "supplement_requested_at")
TYPES = {
    "status": "Int8",
    "supplement_requests": "Int16",
    "supplement_answered": "boolean",
    "supplement_waiting_s": "Int64",
    "max_days": "Int16",
} | dict.fromkeys(TIMES, "datetime64[us, UTC]")
BLANK: dict[str, Any] = dict.fromkeys(TYPES) | {"status": Status.PROCESSING, "received_at": START}

hours = st.integers(0, 24 * 20).map(lambda n: START + timedelta(hours=n))
maybe = st.none() | hours
cases = st.fixed_dictionaries(
    {
        "status": st.none() | st.sampled_from([int(status) for status in Status]),
        **dict.fromkeys(TIMES, maybe),
        "supplement_requests": st.none() | st.integers(0, 3),
        "supplement_answered": st.none() | st.booleans(),
        "supplement_waiting_s": st.none() | st.integers(0, 10 * 86_400),
        "max_days": st.none() | st.integers(0, 15),
    }
)


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype=dtype) for name, dtype in TYPES.items()})


def slow_overdue(case: dict[str, Any], t: datetime, by_day: bool) -> bool | None:
    """The rule as its description puts it, one case at a time, for a `t` after every event of the case."""
    if case["received_at"] is None:
        return None
    waiting = timedelta(seconds=case["supplement_waiting_s"] or 0)
    end = t
    if case["status"] in (3, 7, 8, 9, 10):
        end = case["finished_at"] or case["returned_at"] or t
    elif case["status"] == 5 and not case["supplement_answered"]:
        if (case["supplement_requests"] or 0) > 1:
            return True
        end = case["supplement_requested_at"] or t
    due = case["due_at"]
    if due is None:
        if not case["max_days"]:
            return None
        due, left = case["received_at"], case["max_days"]
        while left:
            due += timedelta(days=1)
            left -= CALENDAR.is_working(due.astimezone(VIETNAM).date())
    # Moving the deadline and moving the end are one thing for instants; by day they are not, and the deadline moves.
    due += waiting
    if by_day:
        return bool(end.astimezone(VIETNAM).date() > due.astimezone(VIETNAM).date())
    return bool(end > due)


@settings(max_examples=150, deadline=None)
@given(st.lists(cases, min_size=1, max_size=20), st.integers(21, 60), st.booleans())
def test_two_instants_say_what_the_rule_says(rows: list[dict[str, Any]], days: int, by_day: bool) -> None:
    t = START + timedelta(days=days)
    found = overdue(clock(frame(rows), CALENDAR, by_day=by_day), pd.Timestamp(t))
    assert found.dtype == "boolean"
    assert [None if pd.isna(late) else late for late in found] == [slow_overdue(row, t, by_day) for row in rows]


def judge(as_of: datetime, *, by_day: bool = False, **case: Any) -> bool | None:
    late = overdue(clock(frame([BLANK | case]), CALENDAR, by_day=by_day), pd.Timestamp(as_of))[0]
    return None if pd.isna(late) else bool(late)


def day(n: float) -> datetime:
    return START + timedelta(days=n)


def test_finished_wins_over_returned() -> None:
    late_pick_up: dict[str, Any] = {
        "status": Status.RETURNED,
        "due_at": day(5),
        "finished_at": day(5),
        "returned_at": day(9),
    }
    assert judge(day(20), **late_pick_up) is False
    assert judge(day(20), **late_pick_up | {"finished_at": None}) is True


def test_a_second_request_is_overdue_from_then_on() -> None:
    case: dict[str, Any] = {"status": Status.SUPPLEMENT_REQUESTED, "due_at": day(9), "supplement_requested_at": day(3)}
    assert judge(day(20), supplement_requests=1, **case) is False
    assert judge(day(3), supplement_requests=2, **case) is True
    assert judge(day(3) - timedelta(microseconds=1), supplement_requests=2, **case) is False
    assert judge(day(20), supplement_requests=2, supplement_answered=True, **case | {"due_at": day(30)}) is False
    # Already overdue before the second request: that stays so when looked at as of an earlier moment.
    assert judge(day(2), supplement_requests=2, **case | {"due_at": day(1)}) is True


def test_an_unanswered_first_request_after_the_due_time_is_late() -> None:
    asked: dict[str, Any] = {"status": Status.SUPPLEMENT_REQUESTED, "due_at": day(2), "supplement_requested_at": day(3)}
    assert judge(day(20), supplement_requests=1, **asked) is True


def test_without_a_deadline_nothing_is_judged() -> None:
    assert judge(day(100)) is None
    assert judge(day(100), max_days=0) is None
    assert judge(day(100), max_days=3) is True
    assert judge(day(100), received_at=datetime(1999, 1, 4, tzinfo=UTC), max_days=3) is None  # beyond the calendar
    assert judge(day(100), received_at=None, due_at=day(1)) is None


def test_by_day_forgives_the_hour() -> None:
    case: dict[str, Any] = {"status": Status.FINISHED, "due_at": day(5), "finished_at": day(5.25)}
    assert judge(day(20), **case) is True
    assert judge(day(20), by_day=True, **case) is False


def test_payment_does_not_stop_the_clock() -> None:
    assert judge(day(20), status=Status.PAYMENT_REQUESTED, due_at=day(5)) is True


def test_shape_and_empty_input() -> None:
    result = clock(frame([BLANK, BLANK]).set_axis([8, 9]), CALENDAR)
    assert result.index.tolist() == [8, 9]
    assert set(result.dtypes.astype(str)) == {"datetime64[us, UTC]"}
    assert set(clock(frame([]), CALENDAR).dtypes.astype(str)) == {"datetime64[us, UTC]"}
    with pytest.raises(TypeError):
        overdue(result, pd.Timestamp("2025-01-01"))
