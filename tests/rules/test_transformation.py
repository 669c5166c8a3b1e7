from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from schemas.codes import Status as S
from tasks.rules.compare import judge
from tasks.rules.transformation import causes
from tests.rules.pairs import NOW, OPEN, Values, at, pairs

FAR: Values = {"deadline_at": at("20 16:30")}


def told(city: Values, portal: Values) -> dict[str, str]:
    """Kind -> cause of one pair, beside another that agrees."""
    batch = pairs(({}, {}), (city, portal))
    found = judge(batch, NOW)
    places = pd.Index(batch["case_code"]).get_indexer(found["case_code"])
    return dict(zip(found["kind"], causes(found, batch, places), strict=True))


@pytest.mark.parametrize(
    ("city", "portal", "cause"),
    [
        ("10 16:30", "10 23:30", "shift +07:00"),
        ("10 16:30", "10 09:30", "shift -07:00"),
        ("10 16:30", "9 23:30", "shift -17:00"),
        ("10 16:30", "10 00:00", "date only"),
        ("10 07:00", "10 00:00", "date only"),
        ("10 16:30:15", "10 16:30", "seconds cut"),
        ("10 16:30", "13 16:30", "days +3"),
        ("10 16:30", "10 17:11", "other time"),
        ("10 16:30", None, "absent on portal"),
        (None, "10 16:30", "absent in city"),
    ],
)
def test_times(city: str | None, portal: str | None, cause: str) -> None:
    due = [{"due_at": at(text) if text else None, **FAR} for text in (city, portal)]
    expected = {"due_differs": "other time" if cause == "shift -17:00" else cause}
    assert told(*due) == expected


def test_day_and_month() -> None:
    swapped = at("9 10:00").replace(month=9, day=6)
    assert told({}, {"finished_at": swapped, "clock_stopped_at": at("9 10:00")}) == {
        "finished_differs": "day and month swapped"
    }


@pytest.mark.parametrize(
    ("city", "portal", "cause"),
    [
        (S.PROCESSING, S.RECEIVED, "one status behind"),
        (S.SUPPLEMENT_REQUESTED, S.RECEIVED, "several statuses behind"),
        (S.RECEIVED, S.PROCESSING, "one status ahead"),
        (S.RECEIVED, S.SUPPLEMENT_REQUESTED, "several statuses ahead"),
        (S.WITHDRAWN, S.REFUSED, "backwards or astray"),
        (S.PAYMENT_REQUESTED, S.FINISHED, "rewritten to 9"),
    ],
)
def test_statuses(city: S, portal: S, cause: str) -> None:
    states: list[Values] = [OPEN | FAR | {"status_code": status} for status in (city, portal)]
    (found,) = {cause for kind, cause in told(*states).items() if kind.startswith("status")}
    assert found == cause


@pytest.mark.parametrize(
    ("field", "city", "portal", "cause"),
    [
        ("procedure_code", "1.000001", "1.000001.H26", "suffix kept"),
        ("procedure_code", "1.000001", "1.000002", "other value"),
        ("procedure_code", "1.000001", None, "absent on portal"),
        ("submission_channel", 2, 1, "2 became 1"),
        ("fee_total", 15_000, 15_000_000, "thousandfold"),
        ("fee_total", 15_000, 15, "a thousandth"),
        ("fee_total", 0, 15, "other value"),
        ("fee_total", 15_000, None, "absent on portal"),
        ("account_verified_vneid", True, False, "True became False"),
        ("has_result", True, False, "lost"),
    ],
)
def test_values(field: str, city: Any, portal: Any, cause: str) -> None:
    assert list(told({field: city}, {field: portal}).values()) == [cause]


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("Sở Tư pháp", "unknown to the catalogue"),
        ("SO TU PHAP", "without diacritics or in capitals"),
        ("Sở Tư", "cut off"),
        ("Sở Y tế", "other value"),
    ],
)
def test_agencies(name: str, cause: str) -> None:
    assert told({}, {"agency_code": None, "agency_name": name}) == {"agency_differs": cause}
    long = "Sở " * 400
    assert told({"agency_name": long}, {"agency_code": None, "agency_name": long[:1_000]}) == {
        "agency_differs": "cut at 1000"
    }
