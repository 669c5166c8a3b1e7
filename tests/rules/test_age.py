from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.mismatch import Verdict
from tasks.rules.age import changed_at, verdicts

NOW = datetime(2025, 6, 19, 13, tzinfo=UTC)
LAG, CONFIRM = timedelta(minutes=60), timedelta(hours=24)
EDGES = [timedelta(), LAG, CONFIRM]
ages = st.none() | st.builds(
    lambda edge, us: edge + timedelta(microseconds=us), st.sampled_from(EDGES), st.sampled_from([-1, 0, 1])
)


def column(values: list[datetime | None]) -> pd.Series:
    return pd.Series(pd.DatetimeIndex(values, dtype="datetime64[us, UTC]"))


def slow_verdict(age: timedelta | None, unreadable: bool) -> str:
    if unreadable or age is None:
        return "unknown"
    return "in_flight" if age < LAG else "late" if age < CONFIRM else "confirmed"


@settings(max_examples=50)
@given(st.lists(st.tuples(ages, st.booleans()), max_size=20))
def test_verdicts_by_age(rows: list[tuple[timedelta | None, bool]]) -> None:
    since = column([None if age is None else NOW - age for age, _ in rows])
    unreadable = pd.Series([unread for _, unread in rows], dtype=bool)
    found = verdicts(since, unreadable, pd.Timestamp(NOW), pd.Timedelta(LAG), pd.Timedelta(CONFIRM))
    assert found.tolist() == [slow_verdict(*row) for row in rows]


def test_a_change_in_the_future_is_in_flight() -> None:
    """Clocks of two systems differ by minutes."""
    late = verdicts(
        column([NOW + LAG]), pd.Series([False]), pd.Timestamp(NOW), pd.Timedelta(LAG), pd.Timedelta(CONFIRM)
    )
    assert late.tolist() == [Verdict.IN_FLIGHT.value]


def test_since_the_city_last_changed_or_else_received_it() -> None:
    one, two, three = (NOW - timedelta(hours=n) for n in (1, 2, 3))
    found = changed_at(
        column([one, None, None, None]), column([two, two, None, None]), column([three, three, three, None])
    )
    assert found.tolist()[:3] == [pd.Timestamp(one), pd.Timestamp(two), pd.Timestamp(three)]
    assert pd.isna(found[3])
