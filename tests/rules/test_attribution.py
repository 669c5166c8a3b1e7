"""The gap is split with no remainder, by the definition of Shapley, and one kind of fault gets the whole of it."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import permutations
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codes import Side
from schemas.measures import COUNTED, MEASURES
from schemas.period import Period, Timeline, day_of
from schemas.ruleset import RULE_SETS
from tasks.rules.attribution import Attribution, attribute, curve, deltas
from tasks.rules.cause import UNCOMPARED, UNREAD, causes
from tasks.rules.contribution import CASE_COLUMNS, contributions
from tasks.rules.index import ratio, score_lines
from tasks.rules.plan import SAFE
from tasks.rules.recommendation import promises, pushable, recommend
from tasks.rules.scoring import costs, part_lines
from tasks.rules.shapley import Curve, prices

RULES = RULE_SETS["national/2"]
PERIOD = Period.named("2026-06")
NOW = datetime(2026, 7, 20, 3, tzinfo=UTC)
LINE = Timeline((PERIOD.start, PERIOD.end), NOW)
SPAN = (0, 0)
FLAGS = (
    "has_digitised_component",
    "has_reused_component",
    "has_stored_component",
    "account_verified_vneid",
    "population_linked",
    "has_result",
)
TYPES = {"status_code": "Int16", "submission_channel": "Int16", "online_payment": "Int16", "fee_total": "Int64"}
TYPES |= dict.fromkeys(FLAGS, "boolean")
TYPES |= dict.fromkeys(("clock_stopped_at", "deadline_at", "due_at"), "datetime64[us, UTC]")
Case = dict[str, Any]


def city_case(dice: random.Random, place: int) -> Case:
    received = datetime(2026, 5, 10, 2, tzinfo=UTC) + timedelta(hours=dice.randrange(60 * 24))
    due = received + timedelta(days=dice.randint(2, 30))
    ended = received + timedelta(days=dice.randint(1, 40)) if dice.random() < 0.7 else None
    case: Case = dict.fromkeys(FLAGS) | {name: dice.random() < 0.6 for name in FLAGS}
    return case | {
        "case_code": f"H26.{place}",
        "agency_code": f"H26.{dice.randint(1, 3)}",
        "procedure_code": "1.000001",
        "status_code": 9 if ended else 4,
        "received_day": day_of(received),
        "clock_stopped_at": ended,
        "deadline_at": due,
        "due_at": due,
        "submission_channel": dice.choice([1, 2, 2, 3]),
        "online_payment": dice.choice([0, 1, 2]),
        "fee_total": dice.choice([0, 20_000, None]),
    }


def missing_on_portal(case: Case) -> Case | None:
    return None


def phantom_overdue(case: Case) -> Case:
    early = datetime(2026, 5, 1, tzinfo=UTC)
    return case | {"deadline_at": early, "due_at": early}


def status_behind(case: Case) -> Case:
    return case | {"status_code": 4, "clock_stopped_at": None}


def received_differs(case: Case) -> Case:
    return case | {"received_day": case["received_day"] + timedelta(days=31)}


def agency_differs(case: Case) -> Case:
    return case | {"agency_code": "H26.9"}


FAULTS = {
    "missing_on_portal": missing_on_portal,
    "phantom_overdue": phantom_overdue,
    "status_behind": status_behind,
    "received_differs": received_differs,
    "agency_differs": agency_differs,
    "channel_differs": lambda case: case | {"submission_channel": 1},
    "payment_differs": lambda case: case | {"online_payment": 0},
    "result_missing": lambda case: case | {"has_result": False},
    "digitisation_differs": lambda case: case | {"has_reused_component": False, "has_digitised_component": False},
}


def frame(rows: list[Case | None]) -> pd.DataFrame:
    names = ["case_code", "agency_code", "procedure_code", *CASE_COLUMNS]
    rows = [row or dict.fromkeys(names) for row in rows]
    return pd.DataFrame(
        {n: pd.Series([row[n] for row in rows], dtype=TYPES.get(n, object)) for n in names}, index=range(len(rows))
    )


def city_and_portal(seed: int, cases: int, kinds: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pairs (all of them, the equal ones too) and the findings: at most two faults a case."""
    dice = random.Random(seed)
    city = [city_case(dice, place) for place in range(cases)]
    portal: list[Case | None] = []
    found = []
    for case in city:
        copy: Case | None = dict(case)
        for kind in dice.sample(kinds, min(len(kinds), dice.choice([0, 0, 1, 1, 2]))):
            if copy is not None:
                copy = FAULTS[kind](copy)
                found.append(
                    {"case_code": case["case_code"], "kind": kind, "verdict": "confirmed", "portal_value": None}
                )
        portal.append(copy)
    pairs = pd.concat([frame([*city]).add_prefix("city_"), frame(portal).add_prefix("portal_")], axis=1)
    pairs["case_code"] = pairs["city_case_code"]
    findings = pd.DataFrame(found, columns=["case_code", "kind", "verdict", "portal_value"])
    return pairs, findings


def counts(pairs: pd.DataFrame, unit: str = "") -> dict[str, tuple[dict[str, int], dict[str, int], None]]:
    """Counted plainly, case by case."""
    found: dict[str, list[dict[str, int]]] = {}
    for place, side in enumerate(Side):
        cases = pairs[[f"{side}_{name}" for name in CASE_COLUMNS]].set_axis(list(CASE_COLUMNS), axis=1)
        for own, row in zip(
            pairs[f"{side}_{unit}"] if unit else [""] * len(pairs),
            contributions(cases, RULES, LINE, SPAN).to_dict("records"),
            strict=True,
        ):
            if own is None:
                continue
            sums = found.setdefault(own, [dict.fromkeys(MEASURES, 0), dict.fromkeys(MEASURES, 0)])[place]
            for name in MEASURES:
                sums[name] += row[name]
    return {own: (sums[0], sums[1], None) for own, sums in found.items()}


def split(pairs: pd.DataFrame, findings: pd.DataFrame, unit: str = "") -> Attribution:
    changes = deltas(pairs, RULES, LINE, SPAN, unit)
    return attribute(changes, causes(changes, findings), counts(pairs, unit), RULES)


def gap(city: dict[str, int], portal: dict[str, int]) -> Fraction:
    """From the definition: points of the city's counts minus points of the portal's."""
    total = Fraction(0)
    for code in COUNTED:
        own = curve(code, RULES, None)
        n, d = ratio(code, portal, city["received"])
        total += own.at(*ratio(code, city)) - own.at(n, d)
    return total


@pytest.mark.parametrize("seed", range(50))
def test_parts_sum_to_the_gap(seed: int) -> None:
    dice = random.Random(seed)
    kinds = dice.sample(sorted(FAULTS), dice.randint(1, len(FAULTS)))
    pairs, findings = city_and_portal(seed, dice.randint(1, 60), kinds)
    for unit in ("", "agency_code"):
        result = split(pairs, findings, unit)
        for own, (city, portal, _) in counts(pairs, unit).items():
            assert result.gap(own) == gap(city, portal)
            assert sum(result.by_kind(own).values()) == gap(city, portal)
            assert sum(result.cases.loc[result.cases["unit"] == own, "points"], Fraction(0)) == gap(city, portal)
        assert set(result.cases["kind"]) <= set(kinds)
        sums = result.cases.groupby(["unit", "kind"])["points"].sum()
        assert all(result.by_kind(own).get(kind, 0) == points for (own, kind), points in sums.items())


@pytest.mark.parametrize("kind", sorted(FAULTS))
def test_one_kind_of_fault_gets_the_whole_gap(kind: str) -> None:
    pairs, findings = city_and_portal(7, 40, [kind])
    unit = "agency_code" if kind == "agency_differs" else ""
    result = split(pairs, findings, unit)
    wholes = {own: gap(city, portal) for own, (city, portal, _) in counts(pairs, unit).items()}
    assert any(wholes.values())
    for own, whole in wholes.items():
        assert result.by_kind(own) in ({kind: whole}, {} if whole == 0 else {kind: whole})


@pytest.mark.parametrize("seed", range(8))
def test_stored_parts_sum_to_the_stored_gap(seed: int) -> None:
    pairs, findings = city_and_portal(seed, 70, sorted(set(FAULTS) - {"agency_differs"}))
    result, whole = split(pairs, findings), counts(pairs)
    parts = part_lines(result, whole, RULES)
    wide = pd.DataFrame([{f"{s}_{n}": own[n] for s, own in zip(Side, whole[""][:2], strict=True) for n in MEASURES}])
    stored = score_lines(wide.assign(unit=""), ["unit"], RULES).set_index(["indicator", "side"])["points"]
    for code in COUNTED:
        gap_in_steps = stored[code, "city"] - stored[code, "portal"]
        assert parts.loc[parts["indicator"] == code, "points"].sum() == gap_in_steps
    each = costs(result, parts, findings)
    assert not each.duplicated(["case_code", "kind"]).any()
    assert each.groupby("kind")["points"].sum().to_dict() == parts.groupby("kind")["points"].sum().to_dict()


@pytest.mark.parametrize("seed", range(12))
def test_repairing_the_list_regains_what_was_promised(seed: int) -> None:
    pairs, findings = city_and_portal(seed, 80, sorted(FAULTS))
    changes = deltas(pairs, RULES, LINE, SPAN)
    city, portal, _ = counts(pairs)[""]
    able = pushable(changes, findings, SAFE)
    best = recommend(changes, able, 9, portal, city["received"], RULES)
    assert 0 < len(best.case_codes) <= 9
    # The portal's copy after the pushes: the city's own record under each pushed code.
    repaired = pairs.copy()
    pushed = repaired["case_code"].isin(best.case_codes)
    for name in ("case_code", "agency_code", *CASE_COLUMNS):
        repaired[f"portal_{name}"] = repaired[f"city_{name}"].where(pushed, repaired[f"portal_{name}"])
    after = counts(repaired)[""]
    assert gap(*counts(pairs)[""][:2]) - gap(*after[:2]) == best.points
    assert promises(best, changes, portal, city["received"], RULES)[-1] == best.points


def slow_shapley(own: Curve, start: tuple[int, int], players: dict[str, tuple[int, int]]) -> dict[str, Fraction]:
    """The definition: the mean marginal effect over all orders."""
    worth = dict.fromkeys(players, Fraction(0))
    orders = list(permutations(players))
    for order in orders:
        n, d = start
        for name in order:
            before = own.at(n, d)
            n, d = n + players[name][0], d + players[name][1]
            worth[name] += own.at(n, d) - before
    return {name: value / len(orders) for name, value in worth.items()}


@st.composite
def games(draw: st.DrawFn) -> tuple[Curve, tuple[int, int], dict[str, tuple[int, int]]]:
    d = draw(st.integers(0, 30))
    n = draw(st.integers(0, d))
    players = {}
    left_n, left_d = n, d - n  # in the ratio, and outside of it
    for name in "abcde"[: draw(st.integers(0, 5))]:
        inside, outside = draw(st.integers(-left_n, 6)), draw(st.integers(-left_d, 6))
        left_n, left_d = left_n + min(inside, 0), left_d + min(outside, 0)
        players[name] = (inside, inside + outside)
    reported = draw(st.none() | st.integers(0, 40))
    threshold = draw(st.sampled_from([Fraction(1), Fraction(4, 5), Fraction(1, 2), Fraction(9, 10)]))
    if reported is not None:
        threshold = Fraction(1)
        players = {name: (change[0], 0) for name, change in players.items()}
    return Curve(Fraction(6), threshold, Fraction(0), reported), (n, d), players


@settings(max_examples=150, deadline=None)
@given(games())
def test_prices_are_shapley_values(game: tuple[Curve, tuple[int, int], dict[str, tuple[int, int]]]) -> None:
    own, start, players = game
    found = prices(own, start, players)
    for name, value in slow_shapley(own, start, players).items():
        price = found.get(name)
        dn, dd = players[name]
        assert value == (price.numerator * dn + price.denominator * dd if price else 0)


def test_what_cannot_be_judged_is_no_kind() -> None:
    pairs, _ = city_and_portal(3, 30, ["missing_on_portal", "channel_differs"])
    none = pd.DataFrame(columns=["case_code", "kind", "verdict", "portal_value"])
    assert set(split(pairs, none).by_kind("")) == {UNCOMPARED}
    unsure = pairs[["case_code"]].assign(kind="missing_on_portal", verdict="unknown", portal_value=None)
    assert set(split(pairs, unsure).by_kind("")) == {UNREAD}


def test_changes_that_do_not_explain_the_counts_are_refused() -> None:
    pairs, findings = city_and_portal(5, 30, ["missing_on_portal"])
    changes = deltas(pairs, RULES, LINE, SPAN)
    with pytest.raises(ValueError, match="explain"):
        attribute(changes.iloc[1:], causes(changes.iloc[1:], findings), counts(pairs), RULES)


def test_a_period_has_the_days_of_its_name() -> None:
    assert (Period.named("2026-Q4").start, Period.named("2026-Q4").end) == (date(2026, 10, 1), date(2027, 1, 1))
