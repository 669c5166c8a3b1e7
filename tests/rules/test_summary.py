from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd

from schemas.findings import Findings, RunFacts, StepTiming
from tasks.rules.summary import Answers, freeze

RUN = RunFacts(
    run_id="r", as_of=datetime(2025, 6, 19, 13, tzinfo=UTC), start=date(2025, 6, 1), end=date(2025, 7, 1),
    code_version="1", canonical_version=1, rules_version=1,
)  # fmt: skip
COLUMNS: Mapping[str, str] = {
    "sides": "side extracted loaded unchanged duplicate quarantined gone",
    "kinds": "kind verdict rows points",
    "events": "kind event rows",
    "by_agency": "agency_code kind rows points",
    "costliest": "case_code kind field city_value portal_value verdict agency_code since points_lost",
    "quarantined": "side reason case_code",
    "scores": "level unit period indicator side numerator denominator points",
    "intervals": "indicator side unread stale lowest highest",
    "parts": "indicator kind points",
    "advice": "place regained",
    "agency_parts": "unit kind points",
    "published": "period unit indicator published_numerator published_denominator published recomputed_numerator "
    "recomputed_denominator recomputed difference cause",
    "other_scores": "rules level unit period indicator side numerator denominator points",
}


def frame(name: str, *rows: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS[name].split())


NOTHING = Answers(
    **{name: frame(name) for name in COLUMNS},  # type: ignore[arg-type]
    agency_names={},
    text_findings=0,
)


def frozen(**frames: Any) -> Findings:
    return freeze(RUN, replace(NOTHING, **frames), [StepTiming(step="load", seconds=1, rows=2, peak_mb=3)])


def score(level: str, unit: str, period: str, side: str, *values: Any, indicator: str = "ON_TIME") -> tuple[Any, ...]:
    return (level, unit, period, indicator, side, *values)


def test_an_empty_run_is_a_result_too() -> None:
    result = frozen()
    assert (result.kinds, result.scores, result.agencies, result.mismatch_total) == ([], [], [], 0)
    assert Findings.model_validate_json(result.model_dump_json()) == result


def test_kinds_come_by_precedence_with_what_the_run_did_to_them() -> None:
    kinds = frame(
        "kinds",
        ("due_differs", "late", 2, Decimal("0")),
        ("missing_on_portal", "confirmed", 3, Decimal("0.25")),
        ("missing_on_portal", "unknown", 4, Decimal("0.5")),
    )
    events = frame(
        "events",
        ("missing_on_portal", "opened", 2), ("missing_on_portal", "reopened", 1), ("missing_on_portal", "changed", 9),
        ("phantom_overdue", "resolved", 5),
    )  # fmt: skip
    result = frozen(kinds=kinds, events=events)
    missing, phantom, due = result.kinds
    assert [kind.kind for kind in result.kinds] == ["missing_on_portal", "phantom_overdue", "due_differs"]
    assert (missing.confirmed, missing.unknown, missing.opened, missing.resolved) == (3, 4, 3, 0)
    assert missing.points_lost == Decimal("0.75")
    assert (phantom.confirmed, phantom.resolved) == (0, 5), "a kind that was resolved to the last one is told"
    assert due.late == 2
    assert result.mismatch_total == 9


def test_quarantine_shows_a_few_codes_of_each_reason() -> None:
    rows = [("portal", "bad_status", f"H26.01-250603-{n:04}") for n in range(12)]
    keyless = [("city", "null_key", None)] * 2
    city, portal = frozen(quarantined=frame("quarantined", *rows, *keyless)).quarantine
    assert (city.rows, city.case_codes) == (2, [])
    assert (portal.rows, len(portal.case_codes)) == (12, 10)


def test_scores_of_both_sides_and_their_gap() -> None:
    scores = frame(
        "scores",
        score("city", "H26", "all", "portal", 8, 10, Decimal("16.00"), indicator="ON_TIME"),
        score("city", "H26", "all", "city", 9, 10, Decimal("18.00"), indicator="ON_TIME"),
        score("city", "H26", "all", "city", 1, 2, Decimal("3.00"), indicator="DOSSIER_SYNC"),
        score("month", "H26", "2025-05", "city", 1, 2, Decimal("10")),
    )
    result = frozen(scores=scores)
    sync, on_time = result.scores
    assert (sync.indicator, sync.city_numerator, sync.portal_numerator, sync.gap) == ("DOSSIER_SYNC", 1, None, None)
    assert (on_time.gap, on_time.portal_denominator) == (Decimal("2.00"), 10)
    assert [month.month for month in result.months] == [date(2025, 5, 1)]


def test_the_agency_that_loses_most_comes_first() -> None:
    scores = frame(
        "scores",
        *(
            score("agency", unit, "all", side, 8, 10, Decimal(16))
            for unit in ("A", "B", "C")
            for side in ("city", "portal")
        ),
    )
    by_agency = frame(
        "by_agency",
        ("A", "channel_differs", 5, Decimal("0")), ("B", "missing_on_portal", 1, Decimal("0.5")),
        ("B", "phantom_overdue", 2, Decimal("0.25")), ("D", "phantom_overdue", 2, Decimal("9")),
    )  # fmt: skip
    own = frame("agency_parts", ("B", "missing_on_portal", Decimal("0.3")), ("B", "unread", Decimal("-0.1")))
    result = frozen(scores=scores, by_agency=by_agency, agency_names={"A": "Sở A"}, agency_parts=own)
    agencies = result.agencies
    assert [(a.agency_code, a.agency_name) for a in agencies] == [("B", "B"), ("A", "Sở A"), ("C", "C")]
    b = agencies[0]
    assert (b.mismatches, b.missing_on_portal, b.phantom_overdue, b.points_lost) == (3, 1, 2, Decimal("0.75"))
    assert [(part.kind, part.points) for part in b.own_parts] == [
        ("missing_on_portal", Decimal("0.3")),
        ("unread", Decimal("-0.1")),
    ]
    assert (b.city_cases, b.overdue_in_city, b.overdue_on_portal) == (10, 2, 2)


def test_missing_values_of_any_kind_are_none() -> None:
    line = ("H26.01-250603-0001", "missing_in_city", "case_code", pd.NA, "x", "unknown", float("nan"), pd.NaT, 0)
    shown = frozen(costliest=frame("costliest", line)).top_mismatches[0]
    assert (shown.city_value, shown.agency_code, shown.since) == (None, None, None)
