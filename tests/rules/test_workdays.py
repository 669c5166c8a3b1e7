from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.rules.workdays import Correction, WorkCalendar

VIETNAM = timezone(timedelta(hours=7))
CALENDAR = WorkCalendar(2022, 2027)
OFF = {
    2023: "01-02 01-20 01-23 01-24 01-25 01-26 05-01 05-02 05-03 09-01 09-04",
    2024: "01-01 02-08 02-09 02-12 02-13 02-14 04-18 04-29 04-30 05-01 09-02 09-03",
    2025: "01-01 01-27 01-28 01-29 01-30 01-31 04-07 04-30 05-01 05-02 09-01 09-02",
    2026: "01-01 01-02 02-16 02-17 02-18 02-19 02-20 04-27 04-30 05-01 08-31 09-01 09-02",
}
WORKED = {2023: "", 2024: "05-04", 2025: "04-26", 2026: "01-10 08-22"}
MONTHS = {
    2023: [16, 20, 23, 20, 20, 22, 21, 23, 19, 22, 22, 21],
    2024: [22, 16, 21, 19, 23, 20, 23, 22, 19, 23, 21, 22],
    2025: [17, 20, 21, 21, 20, 21, 23, 21, 20, 23, 20, 23],
    2026: [21, 15, 22, 20, 20, 22, 23, 21, 20, 22, 21, 23],
}


def year_of(year: int) -> list[date]:
    return [date(year, 1, 1) + timedelta(n) for n in range(366) if (date(year, 1, 1) + timedelta(n)).year == year]


@pytest.mark.parametrize("year", OFF)
def test_every_day_of_the_published_years(year: int) -> None:
    off = {date.fromisoformat(f"{year}-{day}") for day in OFF[year].split()}
    worked = {date.fromisoformat(f"{year}-{day}") for day in WORKED[year].split()}
    for day in year_of(year):
        assert CALENDAR.is_working(day) == (day in worked or (day.weekday() < 5 and day not in off)), day


@pytest.mark.parametrize("year", MONTHS)
def test_published_working_days_a_month(year: int) -> None:
    starts = [date(year, month, 1) for month in range(1, 13)] + [date(year + 1, 1, 1)]
    ends = [start - timedelta(1) for start in starts[1:]]
    assert [CALENDAR.count(*pair) for pair in zip(starts, ends, strict=False)] == MONTHS[year]


def add(calendar: WorkCalendar, received: datetime, days: int) -> Any:
    at = pd.Series([received]).astype("datetime64[us, UTC]")
    due = calendar.add(at, pd.Series([days], dtype="Int16"))
    assert due.dtype == "datetime64[us, UTC]"
    return due[0].tz_convert(VIETNAM).to_pydatetime()


@pytest.mark.parametrize(
    ("received", "days", "due"),
    [
        ("2025-04-24", 5, "2025-05-05"),
        ("2024-04-26", 3, "2024-05-04"),
        ("2025-01-24", 10, "2025-02-14"),
        ("2025-12-30", 3, "2026-01-06"),
        ("2026-02-12", 5, "2026-02-26"),
        ("2024-12-31", 1, "2025-01-02"),
    ],
)
def test_published_deadlines_keep_the_hour(received: str, days: int, due: str) -> None:
    for hour in ("00:30:00", "15:45:10"):  # 00:30 in Vietnam is the day before in UTC
        start = datetime.fromisoformat(f"{received}T{hour}").replace(tzinfo=VIETNAM)
        assert add(CALENDAR, start, days) == datetime.fromisoformat(f"{due}T{hour}").replace(tzinfo=VIETNAM)


def test_switches() -> None:
    start = datetime(2025, 4, 24, 9, tzinfo=VIETNAM)
    assert add(WorkCalendar(2025, 2025, make_up_saturdays=False), start, 5) == datetime(2025, 5, 6, 9, tzinfo=VIETNAM)
    assert not WorkCalendar(2026, 2026, make_up_saturdays=False).is_working(date(2026, 1, 10))
    culture = [WorkCalendar(2025, 2029, culture_day_off=switch) for switch in (False, True)]
    for day in (date(2026, 11, 24), date(2029, 11, 26)):  # 24 November 2029 is a Saturday, so Monday is off instead
        assert [calendar.is_working(day) for calendar in culture] == [True, False]
    extra = WorkCalendar(2026, 2026, corrections=(Correction(date(2026, 3, 3), False, "flood"),))
    assert not extra.is_working(date(2026, 3, 3))
    assert hash(extra) != hash(WorkCalendar(2026, 2026))


def test_swap_across_new_year_is_seen_from_a_single_year() -> None:
    assert WorkCalendar(2019, 2019).is_working(date(2019, 1, 5))
    assert not WorkCalendar(2018, 2018).is_working(date(2018, 12, 31))


days_2023_to_2026 = st.datetimes(datetime(2023, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.none() | days_2023_to_2026, st.none() | st.integers(0, 90)), min_size=1, max_size=20))
def test_add_agrees_with_counting_day_by_day(rows: list[tuple[datetime | None, int | None]]) -> None:
    received = pd.Series(pd.DatetimeIndex([at for at, _ in rows], dtype="datetime64[us, UTC]"))
    days = pd.Series([n for _, n in rows], dtype="Int64")
    assert CALENDAR.covers(received, days).all()
    for (at, n), due in zip(rows, CALENDAR.add(received, days), strict=True):
        if at is None or n is None:
            assert pd.isna(due)
            continue
        local = at.astimezone(VIETNAM)
        while n:
            local += timedelta(days=1)
            n -= CALENDAR.is_working(local.date())
        assert due.to_pydatetime() == local


@pytest.mark.parametrize(
    ("received", "days"), [("2026-12-31", 1), ("2022-12-31", 1), ("2027-01-01", 0), ("2026-02-03", -1)]
)
def test_out_of_span_names_the_span(received: str, days: int) -> None:
    calendar = WorkCalendar(2023, 2026)
    at, n = pd.Series(pd.DatetimeIndex([f"{received} 05:00"], tz="UTC")), pd.Series([days])
    assert calendar.covers(at, n).tolist() == [False]
    with pytest.raises(ValueError, match=r"2023-01-01\.\.2026-12-31"):
        calendar.add(at, n)


def test_days_outside_and_empty_spans_are_refused() -> None:
    with pytest.raises(ValueError, match=r"2022-01-01\.\.2027-12-31"):
        CALENDAR.is_working(date(2028, 1, 3))
    with pytest.raises(ValueError, match=r"2026\.\.2025"):
        WorkCalendar(2026, 2025)
