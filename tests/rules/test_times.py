from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.rules.times import Precision, parse, same_time, to_wire14, truncate

VIETNAM = timezone(timedelta(hours=7))
FORMS = {
    r"\d{14}": ("%Y%m%d%H%M%S", Precision.SECOND),
    r"\d{12}": ("%Y%m%d%H%M", Precision.MINUTE),
    r"\d{8}": ("%Y%m%d", Precision.DAY),
    r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d": ("%d/%m/%Y %H:%M:%S", Precision.SECOND),
    r"\d\d/\d\d/\d{4} \d\d:\d\d": ("%d/%m/%Y %H:%M", Precision.MINUTE),
    r"\d\d/\d\d/\d{4}": ("%d/%m/%Y", Precision.DAY),
    r"\d{4}-\d\d-\d\d": ("%Y-%m-%d", Precision.DAY),
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?[0-5]\d)?": ("iso", Precision.SECOND),
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(Z|[+-]\d\d:?[0-5]\d)?": ("iso", Precision.MINUTE),
}
instants = st.datetimes(datetime(1990, 1, 2), datetime(2100, 12, 30), timezones=st.just(UTC))
grains = st.sampled_from(Precision)


def slow_parse(text: str | None) -> tuple[datetime | None, Precision | None, bool]:
    text = (text or "").strip()
    for shape, (form, precision) in FORMS.items():
        if re.fullmatch(shape, text, re.ASCII):
            try:
                at = datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)
            except ValueError:
                return None, None, True
            if at.utcoffset() and abs(at.utcoffset() or timedelta()) >= timedelta(hours=15):
                return None, None, True
            if not 1990 <= at.year <= 2100:
                return None, None, True
            return (at if at.tzinfo else at.replace(tzinfo=VIETNAM)).astimezone(UTC), precision, False
    return None, None, text != ""


@st.composite
def wire_texts(draw: st.DrawFn) -> str | None:
    at = draw(st.datetimes(datetime(1988, 1, 1), datetime(2102, 12, 31)))
    form = draw(st.sampled_from([form for form, _ in FORMS.values()]))
    if form == "iso":
        text = at.isoformat(draw(st.sampled_from("T ")), draw(st.sampled_from(["auto", "milliseconds", "minutes"])))
        text += draw(st.sampled_from(["", "Z", "+0700", "+07:00", "+0000", "-0330", "+2500"]))
    else:
        text = at.strftime(form)
    fate = draw(st.integers(0, 9))
    if fate == 0:
        return draw(st.sampled_from([None, "", " ", f" {text} "]))
    if fate <= 3:  # one character changed: month 13, 31 February, a lost separator, a foreign digit
        place = draw(st.integers(0, len(text) - 1))
        return text[:place] + draw(st.sampled_from("0123456789-/: Tx\u0663")) + text[place + 1 :]
    return text


@settings(max_examples=150, deadline=None)
@given(st.lists(wire_texts(), min_size=1, max_size=40))
def test_parse_agrees_with_the_standard_library(values: list[str | None]) -> None:
    parsed = parse(pd.Series(values, dtype="str"))
    row: Any
    for value, row in zip(values, parsed.itertuples(), strict=True):
        at, precision, bad = slow_parse(value)
        assert bad == row.bad, value
        assert (at is None) == pd.isna(row.at), value
        assert at is None or (row.at.to_pydatetime(), row.precision) == (at, precision), value


@pytest.mark.parametrize(
    ("text", "utc", "precision"),
    [
        ("20241031080000", "2024-10-31 01:00:00", Precision.SECOND),
        ("202410310800", "2024-10-31 01:00:00", Precision.MINUTE),
        ("31/10/2024", "2024-10-30 17:00:00", Precision.DAY),
        ("2024-10-31T08:00:00.1234567Z", "2024-10-31 08:00:00.123456", Precision.SECOND),
        ("2024-10-30T17:00:00.000+0000", "2024-10-30 17:00:00", Precision.SECOND),
        ("2024-10-31 08:00:00+07", "2024-10-31 01:00:00", Precision.SECOND),
        ("29/02/2024 23:59", "2024-02-29 16:59:00", Precision.MINUTE),
    ],
)
def test_parse_examples(text: str, utc: str, precision: Precision) -> None:
    row = parse(pd.Series([text])).iloc[0]
    assert (row["at"], row["precision"], row["bad"]) == (pd.Timestamp(utc, tz="UTC"), precision, False)


IMPOSSIBLE = ["20230229000000", "31/02/2024", "20241301", "20240101240000", "19891231", "21010101", "1/2/2024", "0"]
IMPOSSIBLE += ["0001-01-01T00:00:00", "2024-01-01T08:00.5", "2024-01-01T08:00:00+1500", "2024-01-01T08:00:00+0060"]
IMPOSSIBLE += ["20240101000000\u0000", "không rõ", "NaT"]


@pytest.mark.parametrize("text", IMPOSSIBLE)
def test_impossible_times_are_bad(text: str) -> None:
    row = parse(pd.Series([text])).iloc[0]
    assert row["bad"]
    assert pd.isna(row["at"])
    assert pd.isna(row["precision"])


def test_parse_keeps_index_and_dtypes_even_when_empty() -> None:
    for values in ([], [None, "20240101"]):
        parsed = parse(pd.Series(values, dtype="string[pyarrow]", index=range(5, 5 + len(values))))
        assert parsed.dtypes.astype(str).to_dict() == {"at": "datetime64[us, UTC]", "precision": "Int8", "bad": "bool"}
        assert parsed.index.tolist() == list(range(5, 5 + len(values)))


def slow_floor(at: datetime, precision: int) -> datetime:
    local = at.astimezone(VIETNAM).replace(microsecond=0)
    if precision >= Precision.MINUTE:
        local = local.replace(second=0)
    return local.replace(hour=0, minute=0) if precision == Precision.DAY else local


near = st.builds(lambda at, us: at + timedelta(microseconds=us), instants, st.integers(0, 10**11))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(near, grains, st.none() | st.integers(0, 10**11), grains), min_size=1, max_size=30))
def test_truncation_and_comparison(rows: list[tuple[datetime, Precision, int | None, Precision]]) -> None:
    a, pa_, shift, pb = map(list, zip(*rows, strict=True))
    b = [None if us is None else at + timedelta(microseconds=us) for at, us in zip(a, shift, strict=True)]
    a_at, b_at = (pd.Series(pd.DatetimeIndex(side, dtype="datetime64[us, UTC]")) for side in (a, b))
    floored = truncate(a_at, pd.Series(pa_, dtype="Int8"))
    assert [at.to_pydatetime() for at in floored] == [slow_floor(at, p) for at, p in zip(a, pa_, strict=True)]
    same = same_time(a_at, pd.Series(pa_, dtype="Int8"), b_at, pd.Series(pb, dtype="Int8"))
    slow = [
        y is not None and slow_floor(x, max(p, q)) == slow_floor(y, max(p, q))
        for x, p, y, q in zip(a, pa_, b, pb, strict=True)
    ]
    assert same.tolist() == slow
    assert same.dtype == "boolean"


def test_two_missing_times_agree() -> None:
    none = pd.Series([pd.NaT], dtype="datetime64[us, UTC]")
    grain = pd.Series([pd.NA], dtype="Int8")
    assert same_time(none, grain, none, grain).tolist() == [True]
    assert truncate(none, grain).isna().all()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.none() | instants, max_size=20))
def test_wire14_is_the_wall_clock_and_reads_back(values: list[datetime | None]) -> None:
    at = pd.Series(pd.DatetimeIndex(values, dtype="datetime64[us, UTC]"))
    wire = to_wire14(at)
    assert wire.tolist() == ["" if v is None else v.astimezone(VIETNAM).strftime("%Y%m%d%H%M%S") for v in values]
    assert parse(wire)["at"].equals(truncate(at, pd.Series(0, index=at.index)))
