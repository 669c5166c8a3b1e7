from __future__ import annotations

from decimal import Decimal

import pandas as pd

from schemas.mismatch import KINDS, Actor, Kind
from tasks.rules.plan import SAFE, plan


def mismatches(*rows: tuple[str, Kind, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "case_code": [code for code, _, _ in rows],
            "kind": [kind.value for _, kind, _ in rows],
            "points_lost": [Decimal(points) for _, _, points in rows],
        }
    )


def test_one_push_closes_all_of_a_case_and_the_dearest_come_first() -> None:
    pushes = plan(
        mismatches(
            ("A", Kind.DUE_DIFFERS, "0"),
            ("B", Kind.PHANTOM_OVERDUE, "0.02"),
            ("C", Kind.MISSING_ON_PORTAL, "0.05"),
            ("B", Kind.STATUS_BEHIND, "0.001"),
        )
    )
    assert [push["case_code"] for push in pushes] == ["C", "B", "A"]
    assert [push["is_updating"] for push in pushes] == [False, True, True]
    assert pushes[1]["closes"] == ["phantom_overdue", "status_behind"]
    assert Decimal(pushes[1]["points"]) == Decimal("0.021")
    assert {push["service"] for push in pushes} == {"DongBoHoSoMC"}


def test_a_case_that_needs_people_is_left_to_them_whole() -> None:
    for kind in set(Kind) - SAFE:
        assert plan(mismatches(("A", Kind.PHANTOM_OVERDUE, "0.02"), ("A", kind, "1"))) == []


def test_a_push_closes_what_the_city_pushes_and_nothing_that_others_must_decide() -> None:
    assert {KINDS[kind].actor for kind in SAFE} == {Actor.CITY}
    assert Kind.HIDDEN_OVERDUE not in SAFE, "pushing the city's own delay is the centre's decision"
    assert plan(mismatches()) == []
