"""The list for a budget of pushes regains what it promises, and no other list of that size regains more."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import combinations

import pandas as pd
import pytest

from schemas.measures import MEASURES
from schemas.ruleset import RULE_SETS
from tasks.rules.recommendation import portal_points, pushable, recommend

RULES = RULE_SETS["national/2"]
NAMES = ["received", "judged", "overdue", "online", "with_result", "fee_cases", "fee_paid_online", "reused"]


def city(seed: int, differing: int) -> tuple[pd.DataFrame, dict[str, int], int]:
    dice = random.Random(seed)
    whole = dice.randint(20, 60)
    portal = dict.fromkeys(MEASURES, 0) | {"received": whole, "judged": whole}
    portal |= {name: dice.randint(whole // 3, whole // 2) for name in ("overdue", "online", "with_result", "reused")}
    portal |= {"fee_cases": whole // 2, "fee_paid_online": whole // 4}
    rows = []
    for place in range(differing):
        row = dict.fromkeys(MEASURES, 0) | {"case_code": f"C{place}"}
        if dice.random() < 0.4:  # not on the portal at all
            row |= {"received": 1, "judged": 1, "overdue": dice.randint(0, 1), "online": dice.randint(0, 1)}
            row |= {"with_result": dice.randint(0, 1), "reused": dice.randint(0, 1)}
        else:
            row |= {"overdue": dice.choice([-1, 0, 0, 1]), "online": dice.choice([0, 1]), "reused": dice.choice([0, 1])}
        rows.append(row)
    return pd.DataFrame(rows), portal, whole + differing


def slow_best(changes: pd.DataFrame, budget: int, portal: dict[str, int], reported: int) -> Fraction:
    """Every list of at most that size; lists that change the same are tried once."""
    rows = changes[list(MEASURES)].to_numpy().tolist()
    sums = {
        tuple(map(sum, zip([0] * len(MEASURES), *chosen, strict=False)))
        for size in range(budget + 1)
        for chosen in combinations(rows, size)
    }
    now = portal_points(portal, reported, RULES)
    reached = ({name: portal[name] + change for name, change in zip(MEASURES, each, strict=True)} for each in sums)
    return max(portal_points(counts, reported, RULES) - now for counts in reached)


@pytest.mark.parametrize("seed", range(25))
def test_no_other_list_regains_more(seed: int) -> None:
    changes, portal, reported = city(seed, 7)
    everything = pd.Series(True, index=changes.index)
    for budget in (0, 1, 3, 7):
        found = recommend(changes, everything, budget, portal, reported, RULES)
        assert len(found.case_codes) == len(set(found.case_codes)) <= budget
        assert found.points == slow_best(changes, budget, portal, reported)


def test_the_promise_is_the_difference_of_two_scores() -> None:
    changes, portal, reported = city(1, 40)
    found = recommend(changes, pd.Series(True, index=changes.index), 12, portal, reported, RULES)
    repaired = dict(portal)
    for row in changes.loc[changes["case_code"].isin(found.case_codes)].to_dict("records"):
        for name in MEASURES:
            repaired[name] += row[name]
    assert found.points == portal_points(repaired, reported, RULES) - portal_points(portal, reported, RULES) > 0


def test_only_what_a_push_repairs_is_recommended() -> None:
    changes, portal, reported = city(2, 3)
    findings = pd.DataFrame(
        {
            "case_code": ["C0", "C1", "C1", "C2"],
            "kind": ["channel_differs", "channel_differs", "agency_differs", "channel_differs"],
            "verdict": ["confirmed", "confirmed", "confirmed", "late"],
        }
    )
    assert pushable(changes, findings, ["channel_differs"]).tolist() == [True, False, False]
    none = recommend(changes, pd.Series(False, index=changes.index), 5, portal, reported, RULES)
    assert (none.case_codes, none.points) == ((), Fraction(0))
    with pytest.raises(ValueError, match="budget"):
        recommend(changes, pd.Series(True, index=changes.index), -1, portal, reported, RULES)
