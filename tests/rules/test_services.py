"""Indicators that count procedures: against the text, by the definition of Shapley, and through repairs they advise."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import permutations
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codes import Side
from schemas.measures import SERVICES, SHOWING
from schemas.publication import Inputs, Service
from schemas.ruleset import RULE_SETS
from tasks.rules.apportion import scaled
from tasks.rules.attribution import deltas
from tasks.rules.cause import causes
from tasks.rules.contribution import contributions
from tasks.rules.interval import Unknown
from tasks.rules.plan import SAFE
from tasks.rules.recommendation import promise, promises, pushable, recommend
from tasks.rules.score import points
from tasks.rules.scoring import service_interval_lines
from tasks.rules.service_gap import Flip, add_services, shares, with_cells
from tasks.rules.services import Cells, service_points, service_ratio, services_of
from tasks.rules.shown import shown
from tests.rules.test_attribution import CASE_COLUMNS, FAULTS, LINE, RULES, SPAN, city_and_portal, counts, split

services = st.dictionaries(
    st.sampled_from([f"1.{n:06}" for n in range(6)]),
    st.builds(
        Service, online=st.none() | st.booleans(), fee=st.none() | st.booleans(), population=st.none() | st.booleans()
    ),
)
cells = st.dictionaries(
    st.tuples(st.sampled_from([f"1.{n:06}" for n in range(7)]), st.sampled_from(SHOWING)), st.integers(0, 2)
)


def oracle(indicator: str, listed: dict[str, Service], found: Cells) -> tuple[int, int] | None:
    """Numerators and denominators, from the text of the description."""

    def some(code: str, measure: str) -> bool:
        return found.get((code, measure), 0) > 0

    fee = [code for code, service in listed.items() if service.fee]
    online = [code for code, service in listed.items() if service.online]
    if not listed:
        return None
    match indicator:
        case "3.1":  # procedures offered online of all
            return None if all(s.online is None for s in listed.values()) else (len(online), len(listed))
        case "3.2":  # services offered online with at least one case filed online
            unknown = all(s.online is None for s in listed.values())
            return None if unknown else (sum(some(code, "online") for code in online), len(online))
        case "payment_B" | "payment_C":  # with a fee, and an online payment; with a fee, whose cases carry fee data
            measure = "fee_paid_online" if indicator == "payment_B" else "fee_listed"
            unknown = all(s.fee is None for s in listed.values())
            return None if unknown else (sum(some(code, measure) for code in fee), len(fee))
        case _:  # linked to the population database: by the catalogue, else by a case
            linked = [some(c, "linked") if s.population is None else s.population for c, s in listed.items()]
            return sum(linked), len(listed)


@given(services, cells, st.sampled_from(sorted(SERVICES)))
def test_ratios_follow_the_text(listed: dict[str, Service], found: Cells, indicator: str) -> None:
    assert service_ratio(indicator, listed, found) == oracle(indicator, listed, found)


def test_an_office_has_the_procedures_that_name_it_or_its_level() -> None:
    listed = {"a": Service(offices=("H26.1",)), "b": Service(level="commune"), "c": Service()}
    inputs = Inputs(levels={"H26.1": "department", "H26.2": "commune"}, services=listed)
    assert sorted(services_of(inputs)) == ["a", "b", "c"]
    assert [sorted(services_of(inputs, unit)) for unit in ("H26.1", "H26.2", "H26.3")] == [["a"], ["b"], []]


@st.composite
def flips(draw: st.DrawFn) -> list[Flip]:
    change = st.dictionaries(st.sampled_from("abcd"), st.integers(-2, 2).filter(bool), min_size=1)
    return [Flip(str(n), draw(st.integers(0, 3)), draw(change)) for n in range(draw(st.integers(1, 4)))]


@given(flips(), st.integers(0, 3), st.integers(1, 9))
def test_shares_are_shapley_values(found: list[Flip], base: int, whole: int) -> None:
    def worth(shown_ones: int) -> Fraction:
        return min(Fraction(2), Fraction(5, 2) * Fraction(shown_ones, whole))

    def value(coalition: tuple[str, ...]) -> Fraction:
        return worth(base + sum(f.start + sum(f.moves.get(kind, 0) for kind in coalition) > 0 for f in found))

    kinds = sorted({kind for flip in found for kind in flip.moves})
    orders = list(permutations(kinds))
    expected = dict.fromkeys(kinds, Fraction(0))
    for order in orders:
        for place, kind in enumerate(order):
            expected[kind] += value(order[: place + 1]) - value(order[:place])
    assert shares(base, found, worth) == {kind: total / len(orders) for kind, total in expected.items()}


def world(seed: int) -> tuple[pd.DataFrame, pd.DataFrame, Inputs]:
    """Pairs with few cases of each procedure, so that repairs decide what shows."""
    kinds = sorted(set(FAULTS) - {"agency_differs"})
    pairs, findings = city_and_portal(seed, 60, kinds)
    dice = random.Random(seed)
    codes = [f"1.{dice.randrange(25):06}" for _ in range(len(pairs))]
    for side in Side:
        pairs[f"{side}_procedure_code"] = pd.Series(codes).where(pairs[f"{side}_status_code"].notna(), None)
    known = {
        f"1.{n:06}": Service(online=dice.random() < 0.7, fee=dice.random() < 0.7, population=dice.choice([None, True]))
        for n in range(30)
    }
    return pairs, findings, Inputs(services=known)


def cells_of(pairs: pd.DataFrame, side: Side) -> dict[tuple[str, str], int]:
    own = pairs[[f"{side}_{name}" for name in CASE_COLUMNS]].set_axis(list(CASE_COLUMNS), axis=1)
    each = contributions(own, RULES, LINE, SPAN).assign(code=pairs[f"{side}_procedure_code"])
    found = each.groupby("code")[list(SHOWING)].sum()
    return {(str(code), name): int(found.loc[code, name]) for code in found.index for name in SHOWING}


@pytest.mark.parametrize("seed", range(12))
def test_the_gap_of_procedures_is_split_with_no_remainder(seed: int) -> None:
    pairs, findings, inputs = world(seed)
    city, portal = (cells_of(pairs, side) for side in Side)
    changes = deltas(with_cells(pairs, by_agency=False), RULES, LINE, SPAN, "cell")
    before = split(pairs, findings)
    found = add_services(before, changes, causes(changes, findings), {"": (city, portal)}, inputs, RULES)
    gap = service_points(inputs, city, RULES) - service_points(inputs, portal, RULES)
    assert gap != 0
    assert found.gap("") == before.gap("") + gap
    assert sum(found.cases["points"], Fraction(0)) == found.gap("")
    with pytest.raises(ValueError, match="do not explain"):
        add_services(before, changes.iloc[:0], causes(changes, findings).iloc[:0], {"": (city, portal)}, inputs, RULES)


@pytest.mark.parametrize("seed", range(8))
def test_the_promise_counts_procedures_too(seed: int) -> None:
    pairs, findings, inputs = world(seed)
    changes = deltas(pairs, RULES, LINE, SPAN)
    by_cell = deltas(with_cells(pairs, by_agency=False), RULES, LINE, SPAN, "cell")
    city, portal, _ = counts(pairs)[""]
    show = shown(by_cell, cells_of(pairs, Side.PORTAL), inputs, RULES)
    args: tuple[Any, ...] = (portal, city["received"], RULES)
    best = recommend(changes, pushable(changes, findings, SAFE), 6, *args, show)
    without = recommend(changes, pushable(changes, findings, SAFE), 6, *args)
    picked = changes.loc[changes["case_code"].isin(without.case_codes)]
    assert best.points >= promise(picked, *args, show)  # a list that does not look at procedures is no better
    repaired = pairs.copy()
    pushed = repaired["case_code"].isin(best.case_codes)
    for name in ("case_code", "agency_code", "procedure_code", *CASE_COLUMNS):
        repaired[f"portal_{name}"] = repaired[f"city_{name}"].where(pushed, repaired[f"portal_{name}"])
    gained = promise(changes.loc[changes["case_code"].isin(best.case_codes)], *args)
    after, now = (service_points(inputs, cells_of(each, Side.PORTAL), RULES) for each in (repaired, pairs))
    assert best.points == gained + after - now == promises(best, changes, *args, show)[-1]


def test_maxima_of_the_scorecard_hold() -> None:
    rules = RULE_SETS["national/2"]
    full = {f"1.{n}": Service(online=True, fee=True, population=True) for n in range(4)}
    every = {(code, name): 1 for code in full for name in SHOWING}
    assert service_points(Inputs(services=full), every, rules) == 2 + 4 + 2 + 2 + 2
    assert points(rules.indicator("payment_B"), 3, 4) == Fraction(15, 8)


@given(services, cells, st.integers(0, 3), st.integers(0, 3), st.data())
def test_the_interval_holds_every_possible_truth(
    listed: dict[str, Service], found: Cells, unread: int, stale: int, data: st.DataObject
) -> None:
    unknown = {(Side.CITY, ""): Unknown(unread, stale)}
    lines = service_interval_lines(lambda _: listed, {Side.CITY: {"": found}, Side.PORTAL: {}}, unknown, RULES)
    truth = dict(found)
    for _ in range(stale):  # a case that showed something shows something else, of another procedure perhaps
        known = [key for key, count in truth.items() if count]
        if known:
            gone = data.draw(st.sampled_from(known))
            truth[gone] -= 1
            code = data.draw(st.sampled_from(sorted(listed) or ["?"]))
            truth[code, gone[1]] = truth.get((code, gone[1]), 0) + 1
    for _ in range(unread):
        code = data.draw(st.sampled_from(sorted(listed) or ["?"]))
        for name in SHOWING:
            truth[code, name] = truth.get((code, name), 0) + 1
    for line in lines.to_dict("records"):
        pair = service_ratio(line["indicator"], listed, truth)
        assert pair is not None
        assert line["lowest"] <= scaled(points(RULES.indicator(line["indicator"]), *pair)) <= line["highest"]
