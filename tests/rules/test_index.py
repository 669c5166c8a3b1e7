"""Each indicator's rule against an oracle written from the text, case by case and month by month."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codes import Side, Status
from schemas.measures import COUNTED, MEASURES
from schemas.period import VIETNAM, Period, Timeline, midnight, months, timeline
from schemas.ruleset import RULE_SETS, in_force
from schemas.scorecard import INDICATORS, band
from tasks.rules.apportion import apportion, scaled
from tasks.rules.contribution import CASE_COLUMNS, PLACES, contributions, places
from tasks.rules.index import SCALE, both_sides, ratio, scaled_points, score_lines, spread
from tasks.rules.interval import Unknown, interval
from tasks.rules.score import points

YEAR = Period.named("2026")
MONTHS = months(date(2026, 1, 1), date(2026, 7, 1))
QUARTER = Period.named("2026-Q2")
START = datetime(2025, 12, 15, tzinfo=UTC)
TYPES = {
    "status_code": "Int16",
    "received_day": object,
    "submission_channel": "Int16",
    "online_payment": "Int16",
    "fee_total": "Int64",
} | dict.fromkeys(("clock_stopped_at", "deadline_at", "due_at"), "datetime64[us, UTC]")

moments = st.integers(0, 230 * 4).map(lambda n: START + timedelta(hours=6 * n) + timedelta(hours=n % 7))
maybe = st.none() | st.booleans()
cases = st.fixed_dictionaries(
    {
        "status_code": st.sampled_from([int(status) for status in Status]),
        "received_day": st.none() | moments.map(lambda at: at.astimezone(VIETNAM).date()),
        "clock_stopped_at": st.none() | moments,
        "deadline_at": st.none() | moments,
        "due_at": st.none() | moments,
        "submission_channel": st.sampled_from([None, 1, 2, 3]),
        "fee_total": st.sampled_from([None, 0, 10_000]),
        "online_payment": st.sampled_from([None, 0, 1, 2, 3]),
        "has_result": maybe,
        "has_digitised_component": maybe,
        "has_reused_component": maybe,
        "has_stored_component": maybe,
        "account_verified_vneid": maybe,
        "population_linked": maybe,
    }
)
Case = dict[str, Any]


def frame(rows: list[Case]) -> pd.DataFrame:
    return pd.DataFrame({n: pd.Series([row[n] for row in rows], dtype=TYPES.get(n, "boolean")) for n in CASE_COLUMNS})


def slow_measures(case: Case, rules: str, period: Period, as_of: datetime) -> set[str]:
    """What a case counts as, from the words of the description."""
    if case["received_day"] is None or case["status_code"] == 1:
        return set()  # never received: no part in any indicator
    ended = case["clock_stopped_at"] if case["status_code"] in (3, 7, 8, 9, 10) else None
    received = period.start <= case["received_day"] < period.end
    open_before = case["received_day"] < period.start and (ended is None or ended >= midnight(period.start))
    judged = received or open_before
    t = min(as_of, midnight(period.end))
    found = {"received"} if received else set()
    if judged:
        found.add("judged")
        if rules == "city_report/1" and case["status_code"] in (5, 6, 8):
            found.add("apart")
        elif slow_overdue(case, rules, ended, t):
            found.add("overdue")
        result, digitised = case["has_result"], case["has_digitised_component"]
        found |= {"with_result"} if result else set()
        found |= {"digitised"} if result and digitised else set()
        found |= {"reused"} if case["has_reused_component"] else set()
        found |= {"stored"} if case["has_stored_component"] else set()
        found |= {"population"} if case["account_verified_vneid"] or case["population_linked"] else set()
    if received:
        found |= {"online"} if case["submission_channel"] == 2 else set()
        found |= {"linked"} if case["population_linked"] else set()
        found |= {"fee_listed"} if case["fee_total"] is not None else set()
        if (case["fee_total"] or 0) > 0:
            found |= {"fee_cases"} | ({"fee_paid_online"} if case["online_payment"] in (1, 2) else set())
    return found


def slow_overdue(case: Case, rules: str, ended: datetime | None, t: datetime) -> bool:
    if rules.startswith("national"):
        end = case["clock_stopped_at"] or t
        return case["deadline_at"] is not None and end > case["deadline_at"]
    if case["due_at"] is None:
        return False
    last = ended or t - timedelta(microseconds=1)  # the period's last day, not the first of the next
    return bool(last.astimezone(VIETNAM).date() > case["due_at"].astimezone(VIETNAM).date())


def groups(rows: pd.DataFrame, rules: str, line: Timeline) -> pd.DataFrame:
    """What the warehouse's grouping gives, one row a case."""
    at = places(rows, RULE_SETS[rules], line)
    whole = contributions(rows, RULE_SETS[rules], Timeline((date(2000, 1, 1), date(2100, 1, 1)), line.as_of), (0, 0))
    kept = at["received_place"] < len(line)
    return at.join(whole.drop(columns=["received", "judged", "overdue"])).assign(cases=1, side="city").loc[kept]


@settings(max_examples=50, deadline=None)
@given(st.lists(cases, min_size=1, max_size=12), moments, st.sampled_from(sorted(RULE_SETS)))
def test_counts_follow_the_text(rows: list[Case], as_of: datetime, rules: str) -> None:
    line = timeline([YEAR, QUARTER, *MONTHS], as_of)
    table = frame(rows)
    counted = spread(groups(table, rules, line), ["side"], [YEAR, QUARTER, *MONTHS], line).set_index("period")
    for period in (YEAR, QUARTER, *MONTHS):
        expected = [slow_measures(row, rules, period, as_of) for row in rows]
        found = contributions(table, RULE_SETS[rules], line, line.span(period))
        assert [{name for name in MEASURES if row[name]} for row in found.to_dict("records")] == expected
        sums = {name: sum(name in measures for measures in expected) for name in MEASURES}
        if sums["judged"]:
            assert counted.loc[period.name, list(MEASURES)].to_dict() == sums
        else:
            assert period.name not in counted.index


def test_an_unclosed_case_is_overdue_in_every_later_month() -> None:
    case = dict.fromkeys(CASE_COLUMNS) | {"status_code": 4, "received_day": date(2026, 2, 3)}
    case["deadline_at"] = case["due_at"] = datetime(2026, 3, 10, tzinfo=UTC)
    line = timeline(MONTHS, datetime(2026, 5, 20, tzinfo=UTC))
    counted = spread(groups(frame([case]), "national/2", line), ["side"], MONTHS, line).set_index("period")
    assert counted["received"].to_dict() == {"2026-02": 1} | {f"2026-0{m}": 0 for m in (3, 4, 5, 6)}
    assert counted["overdue"].to_dict() == {"2026-02": 0} | {f"2026-0{m}": 1 for m in (3, 4, 5, 6)}


def oracle(code: str, c: dict[str, int], reported: int) -> tuple[int, int]:
    """Numerators and denominators, from the text."""
    on_time = c["judged"] - c["overdue"]
    return {
        "DOSSIER_SYNC": (c["received"], max(reported, c["received"])),
        "ON_TIME": (on_time, c["judged"]),
        "DOSSIER_RECEIVING_SATISFACTION": (on_time, c["judged"]),
        "3.3": (c["online"], c["received"]),
        "payment_A": (c["fee_paid_online"], c["fee_cases"]),
        "ORIGINAL_RESULT_AVAILABLE": (c["with_result"], c["judged"]),
        "SO_HOA_GIAY_TO_GIAI_QUYET": (c["digitised"], c["judged"]),
        "REUSED_DIGITIZED_DATA": (c["reused"], c["judged"]),
        "SYNCED_WITH_DVCQG_PERSONAL_STORAGE": (c["stored"], c["judged"]),
        "CITIZEN_DATA_CONNECTED_DOSSIER": (c["population"], c["judged"]),
    }[code]


def some_counts(draw: st.DrawFn, most: int) -> dict[str, int]:
    judged = draw(st.integers(0, most))
    received = draw(st.integers(0, judged))
    fees = draw(st.integers(0, received))
    counts = {"received": received, "judged": judged, "fee_cases": fees, "apart": 0}
    counts |= {"online": draw(st.integers(0, received)), "fee_paid_online": draw(st.integers(0, fees))}
    return counts | {name: draw(st.integers(0, judged)) for name in MEASURES if name not in counts}


@st.composite
def both(draw: st.DrawFn) -> tuple[dict[str, int], dict[str, int]]:
    return some_counts(draw, 10**6), some_counts(draw, 10**6)


@settings(max_examples=80, deadline=None)
@given(both(), st.none() | st.integers(0, 10**6), st.sampled_from(sorted(RULE_SETS)))
def test_lines_of_both_sides(counts: tuple[dict[str, int], dict[str, int]], reported: int | None, rules: str) -> None:
    rows = [{"unit": "A", "side": side.value, **own} for side, own in zip(Side, counts, strict=True)]
    wide = both_sides(pd.DataFrame(rows), ["unit"]).assign(reported=reported)
    lines = score_lines(wide, ["unit"], RULE_SETS[rules]).set_index(["indicator", "side"])
    assert len(lines) == 2 * len(COUNTED)
    for code in COUNTED:
        for side, own in zip(Side, counts, strict=True):
            n, d = oracle(code, own, counts[0]["received"] if reported is None else reported)
            line = lines.loc[(code, side.value)]
            assert (line["numerator"], line["denominator"]) == (n, d)
            exact = points(RULE_SETS[rules].indicator(code), n, d)
            assert line["points"] == scaled(exact)
            assert abs(Fraction(int(line["points"]), SCALE) - exact) <= Fraction(1, 2 * SCALE)


@given(
    st.sampled_from(sorted(INDICATORS)),
    st.integers(0, 10**12).flatmap(lambda d: st.tuples(st.integers(0, d), st.just(d))),
)
def test_many_points_at_once_are_the_exact_ones(code: str, pair: tuple[int, int]) -> None:
    found = scaled_points(INDICATORS[code], np.array([pair[0]]), np.array([pair[1]]))
    assert found.tolist() == [scaled(points(INDICATORS[code], *pair))]


@st.composite
def unsure(draw: st.DrawFn) -> tuple[dict[str, int], Unknown, dict[str, int]]:
    """Counts, what is unknown, and one truth that is possible: stale cases may change, unread ones may be anything."""
    counts = some_counts(draw, 30)
    unread, stale = draw(st.integers(0, 5)), draw(st.integers(0, min(5, counts["received"])))
    truth = dict(counts)
    for name in ("overdue", "with_result", "digitised", "reused", "stored", "population"):
        truth[name] = draw(st.integers(max(0, counts[name] - stale), min(counts["judged"], counts[name] + stale)))
    new = draw(st.integers(0, unread))
    for name in ("received", "judged"):
        truth[name] += new
    for name in ("overdue", "with_result", "digitised", "reused", "stored", "population", "online"):
        truth[name] += draw(st.integers(0, new))
    return counts, Unknown(unread, stale), truth


@settings(max_examples=150)
@given(unsure(), st.sampled_from(sorted(set(COUNTED) - {"payment_A"})), st.integers(0, 40))
def test_the_interval_holds_every_possible_truth(
    case: tuple[dict[str, int], Unknown, dict[str, int]], code: str, reported: int
) -> None:
    counts, unknown, truth = case
    rules = RULE_SETS["national/2"]
    found = interval(code, counts, unknown, rules, reported)
    assert found.low <= points(rules.indicator(code), *ratio(code, truth, reported)) <= found.high
    assert interval(code, counts, Unknown(), rules, reported).low == points(
        rules.indicator(code), *ratio(code, counts, reported)
    )


@given(st.lists(st.fractions(-5, 5, max_denominator=10**6), max_size=30))
def test_stored_parts_sum_to_their_whole(parts: list[Fraction]) -> None:
    found = apportion(pd.Series(parts, dtype=object))
    assert found.sum() == scaled(sum(parts, Fraction(0)))
    assert all(abs(own - part * SCALE) <= 1 for own, part in zip(found, parts, strict=True))


def test_rules_of_the_day() -> None:
    then, now = in_force("national", date(2025, 6, 1)), in_force("national", date(2026, 6, 1))
    assert (then.version, now.version) == (1, 2)
    digitised = "SO_HOA_GIAY_TO_GIAI_QUYET"
    assert points(then.indicator(digitised), 40, 100) == 2
    assert points(now.indicator(digitised), 40, 100) == Fraction(8, 5)
    with pytest.raises(KeyError, match="in force"):
        in_force("national", date(2022, 7, 31))


def test_bands_and_periods() -> None:
    named = [band(Decimal(total)).label.vi for total in ("90", "89.99", "80.1", "61.5", "50", "43", "0")]
    assert named == ["Xuất sắc", "Tốt", "Tốt", "Trung bình", "Trung bình", "Yếu", "Yếu"]
    with pytest.raises(ValueError, match="total"):
        band(Decimal("100.01"))
    for wrong in ("2026-13", "2026-Q5", "26-01", ""):
        with pytest.raises(ValueError, match="period"):
            Period.named(wrong)
    assert [month.name for month in months(date(2026, 11, 30), date(2027, 1, 2))] == ["2026-11", "2026-12", "2027-01"]
    assert PLACES == ("received_place", "last_place", "late_from")
