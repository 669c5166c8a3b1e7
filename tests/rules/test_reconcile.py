from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import pytest

from schemas.codes import Side, Status
from schemas.mismatch import PRECEDENCE, Kind
from tasks.rules.lag import LAG_COLUMNS
from tasks.rules.reconcile import Ground, reconcile
from tests.rules.pairs import NOW, Values, at, pairs

LEDGER = [
    "case_code", "kind", "field", "city_value", "portal_value", "agency_code", "procedure_code", "since", "verdict",
    "leading", "cause", "suppression_id",
]  # fmt: skip
JUNE = [(side.value, date(2025, 6, 1), date(2025, 7, 1)) for side in Side]


def ground(*, unreadable: set[str] = frozenset(), windows: list[Any] | None = None) -> Ground:  # type: ignore[assignment]
    rows = [(*row, NOW)[:4] for row in (JUNE if windows is None else windows)]
    read = pd.DataFrame(rows, columns=["side", "window_start", "window_end", "read_at"])
    return Ground(NOW, pd.Timedelta("1h"), pd.Timedelta("24h"), frozenset(unreadable), read)


def doubled(*rows: tuple[str, str, int]) -> pd.DataFrame:
    types = {"side": "string[pyarrow]", "case_code": "string[pyarrow]", "records": "int64"}
    return pd.DataFrame(rows, columns=list(types)).astype(types)


def found(
    batch: pd.DataFrame, on: Ground | None = None, twice: pd.DataFrame | None = None
) -> dict[tuple[str, str], str]:
    findings = reconcile([batch], doubled() if twice is None else twice, on or ground())
    assert set(findings.columns) == set(LEDGER)
    assert not findings.duplicated(["case_code", "kind"]).any()
    return {(code[-4:], kind): verdict for code, kind, verdict in findings[["case_code", "kind", "verdict"]].to_numpy()}


def test_nothing_differs() -> None:
    for batches in ([], [pairs(({}, {}))]):
        empty = reconcile(batches, doubled(), ground())
        assert empty.empty
        assert set(empty.columns) == set(LEDGER)


def test_presence() -> None:
    other: Values = {"applicant_fingerprint": 2}
    batch = pairs(({}, None), (None, other), ({"status_code": Status.REGISTERED}, None), ({"received_at": None}, None))
    assert found(batch) == {("0000", "missing_on_portal"): "confirmed", ("0001", "missing_in_city"): "confirmed"}


def test_the_missing_side_has_no_value() -> None:
    findings = reconcile([pairs((None, {}))], doubled(), ground())
    assert findings[["field", "portal_value", "agency_code", "since"]].to_numpy().tolist() == [
        ["case_code", "H26.01-250603-0000", "H26.01", pd.Timestamp(at("3 08:00"))]
    ]
    assert findings["city_value"].isna().all()


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [("19 19:00:01", "in_flight"), ("19 19:00:00", "late"), ("18 20:00:01", "late"), ("18 20:00:00", "confirmed")],
)
def test_age_decides_the_verdict(changed: str, verdict: str) -> None:
    modified: Values = {"modified_at": at(changed)}
    batch = pairs((modified, {"submission_channel": 1}), (modified, None))
    assert set(found(batch).values()) == {verdict}


def test_a_partner_in_quarantine_is_unknown_and_not_missing() -> None:
    batch = pairs(({}, None), (None, {"applicant_fingerprint": 2}), ({}, {"submission_channel": 1}))
    codes = set(batch["case_code"])
    assert set(found(batch, ground(unreadable=codes)).values()) == {"unknown"}
    assert found(batch, ground(unreadable={"H26.01-250603-0002"})) == {
        ("0000", "missing_on_portal"): "confirmed",
        ("0001", "missing_in_city"): "confirmed",
        ("0002", "channel_differs"): "unknown",
    }


@pytest.mark.parametrize(
    ("window", "verdict"),
    [
        ((date(2025, 6, 3), date(2025, 6, 4)), "confirmed"),
        ((date(2025, 6, 1), date(2025, 6, 3)), "unknown"),
        ((date(2025, 6, 4), date(2025, 7, 1)), "unknown"),
    ],
)
def test_a_day_that_was_not_listed_is_unknown(window: tuple[date, date], verdict: str) -> None:
    only_city, only_portal = pairs(({}, None)), pairs((None, {}))
    for batch, silent in ((only_city, Side.PORTAL), (only_portal, Side.CITY)):
        windows = [row for row in JUNE if row[0] != silent.value] + [(silent.value, *window)]
        assert set(found(batch, ground(windows=windows)).values()) == {verdict}
    assert set(found(only_city, ground(windows=[])).values()) == {"unknown"}


def read_at(city: str, portal: str) -> list[Any]:
    """June, read on both sides, each last at its time."""
    return [(*row, pd.Timestamp(at(text))) for row, text in zip(JUNE, (city, portal), strict=True)]


@pytest.mark.parametrize(
    ("changed", "city", "portal", "verdict"),
    [
        ("19 10:00", "19 20:00", "18 20:00", "unknown"),  # the portal's read of today failed, the city's news is newer
        ("17 10:00", "19 20:00", "18 20:00", "confirmed"),  # it failed, and yesterday's read had seen enough
        ("18 10:00", "19 20:00", "18 20:00", "late"),  # yesterday it was late; nobody has looked since
        ("19 10:00", "18 20:00", "19 20:00", "unknown"),
        ("19 10:00", "19 20:00", "19 20:00", "late"),
        ("19 20:30", "19 20:00", "19 20:00", "in_flight"),  # changed while the run was reading
    ],
)
def test_a_side_that_was_not_read_since_the_change_says_nothing(
    changed: str, city: str, portal: str, verdict: str
) -> None:
    news: Values = {"modified_at": at(changed)}
    on = ground(windows=read_at(city, portal))
    assert set(found(pairs((news, None), (news, {"submission_channel": 1})), on).values()) == {verdict}


def test_news_of_the_portal_that_the_city_was_not_asked_about_is_unknown() -> None:
    batch = pairs(({}, {"submission_channel": 1}))
    on = ground(windows=read_at("18 20:00", "19 20:00"))
    for recorded, verdict in (("19 20:00", "unknown"), ("18 20:00", "confirmed"), ("19 07:00", "confirmed")):
        fresh = batch.assign(portal_recorded_from=pd.Series([at(recorded)], dtype="datetime64[us, UTC]"))
        assert set(found(fresh, on).values()) == {verdict}


def test_a_measured_lag_takes_the_place_of_the_setting() -> None:
    measured = pd.DataFrame([("to_portal", "", 500, 60, 7_200, 10_800)], columns=list(LAG_COLUMNS))
    news: Values = {"modified_at": at("19 18:30")}
    batch = pairs((news, None), (None, {"received_at": at("19 18:30"), "applicant_fingerprint": 2}))
    assert set(found(batch).values()) == {"late"}
    quick = replace(ground(), measured=measured)
    assert found(batch, quick) == {("0000", "missing_on_portal"): "in_flight", ("0001", "missing_in_city"): "late"}
    skewed = replace(quick, skew={Side.CITY: pd.Timedelta("2h")})
    assert found(batch, skewed)["0000", "missing_on_portal"] == "confirmed", "changed at 16:30 by our clock"


def test_look_alikes_are_one_question_and_not_two_missing_cases() -> None:
    batch = pairs(({}, None), (None, {}), (None, {"applicant_fingerprint": 2}))
    assert found(batch) == {("0000", "ambiguous"): "confirmed", ("0002", "missing_in_city"): "confirmed"}
    told = reconcile([batch], doubled(), ground()).set_index("kind")["cause"]
    assert told.to_dict() == {"ambiguous": "look-alike code, 1 edit", "missing_in_city": "not in city"}


def test_a_case_whose_partner_is_known_is_no_candidate_for_another() -> None:
    """The city's 0000 has a partner, unreadable; the look-alike on the portal is a ghost of its own."""
    batch = pairs(({}, None), (None, {}))
    assert found(batch, ground(unreadable={"H26.01-250603-0000"})) == {
        ("0000", "missing_on_portal"): "unknown",
        ("0001", "missing_in_city"): "confirmed",
    }


def test_look_alikes_meet_across_batches() -> None:
    one, two = pairs(({}, None)), pairs((None, {"case_code": "H26.01-250603-0010"}))
    findings = reconcile([one, two], doubled(), ground())
    assert findings[["kind", "city_value", "portal_value"]].to_numpy().tolist() == [
        ["ambiguous", "H26.01-250603-0000", "H26.01-250603-0010"]
    ]


def test_duplicates_are_confirmed_at_once() -> None:
    twice = doubled(("city", "H26.01-250603-7777", 2), ("portal", "H26.01-250603-7777", 3))
    findings = reconcile([], twice, ground())
    assert set(findings["verdict"]) == {"confirmed"}
    rows = findings.set_index("kind")[["city_value", "portal_value"]].astype(object)
    assert rows.where(rows.notna(), None).T.to_dict("list") == {
        "duplicate_in_city": ["2 records", None],
        "duplicate_on_portal": [None, "3 records"],
    }


def test_the_first_kind_by_precedence_leads() -> None:
    everything: Values = {
        "agency_code": "H26.02", "procedure_code": None, "submission_channel": 1, "fee_total": 1, "has_result": False,
        "finished_at": at("11 10:00"), "clock_stopped_at": at("11 10:00"), "received_at": at("4 08:00"),
        "account_verified_vneid": True, "status_code": Status.RETURNED,
    }  # fmt: skip
    findings = reconcile([pairs(({}, everything), ({}, {"submission_channel": 1}))], doubled(), ground())
    assert findings.loc[findings["leading"], ["case_code", "kind"]].to_numpy().tolist() == [
        ["H26.01-250603-0000", "phantom_overdue"],
        ["H26.01-250603-0001", "channel_differs"],
    ]
    listed = findings.loc[findings["case_code"] == "H26.01-250603-0000", "kind"].tolist()
    assert listed == sorted(listed, key=lambda kind: PRECEDENCE[Kind(kind)])
    assert len(listed) == 9


def test_owner_and_procedure_are_the_citys_or_else_the_portals() -> None:
    ghost: Values = {"agency_code": "H26.09", "procedure_code": "2.000003", "applicant_fingerprint": 2}
    batch = pairs(({}, {"agency_code": "H26.02"}), (None, ghost), ({"agency_code": None}, {}))
    owners = reconcile([batch], doubled(), ground()).set_index("case_code")["agency_code"]
    assert owners.tolist() == ["H26.01", "H26.09", "H26.01"]
