"""Published figures against ours: a match, a rounding, a known reading, and what nobody can explain."""

from __future__ import annotations

from decimal import Decimal

from schemas.ruleset import RULE_SETS
from tasks.rules.aggregates import against_published
from tasks.rules.score import Unit

RULES = RULE_SETS["national/2"]


def test_each_difference_is_shown_with_its_cause() -> None:
    unit = Unit(
        "H26.1",
        {"ON_TIME": (653, 654), "3.3": (40, 100), "payment_A": (5, 10), "DOSSIER_SYNC": (547, 600)},
        {
            "ON_TIME": Decimal("19.97"),
            "3.3": Decimal("4.80"),
            "payment_A": Decimal("3.01"),
            "REUSED_DIGITIZED_DATA": Decimal("1.25"),
            "PUBLIC_CONTENT_FULL": Decimal(2),
        },
    )
    own = {"ON_TIME": (653, 654), "3.3": (45, 100), "payment_A": (5, 10), "DOSSIER_SYNC": (547, 547)}
    own |= {"REUSED_DIGITIZED_DATA": (50, 100), "ORIGINAL_RESULT_AVAILABLE": (1, 2)}
    readings = {"as_of yesterday": {"3.3": (41, 100)}, "city_report/1": {"3.3": (40, 100), "DOSSIER_SYNC": (1, 2)}}
    found = {line.indicator: line for line in against_published(unit, own, readings, RULES)}
    assert {code: line.cause for code, line in found.items()} == {
        "DOSSIER_SYNC": "",
        "ON_TIME": "matches",
        "3.3": "city_report/1",
        "payment_A": "rounding",
        "REUSED_DIGITIZED_DATA": "matches",
    }
    assert found["3.3"].difference == Decimal("5.40") - Decimal("4.80")
    assert (found["DOSSIER_SYNC"].published, found["DOSSIER_SYNC"].recomputed) == (Decimal("5.47"), Decimal("6.00"))
    assert found["REUSED_DIGITIZED_DATA"].published_ratio is None
