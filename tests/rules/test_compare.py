from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from schemas.case import COMPARED, POLICY, FieldPolicy
from schemas.codes import Status
from schemas.mismatch import Kind
from tasks.rules import compare
from tasks.rules.compare import FINDING_COLUMNS, compared_alike, judge, shown_value
from tests.rules.pairs import NOW, OPEN, Values, at, pairs

S = Status


def kinds(city: Values, portal: Values) -> set[str]:
    return set(judge(pairs((city, portal)), NOW)["kind"])


def test_a_pair_in_agreement_has_no_mismatch() -> None:
    found = judge(pairs(({}, {}), (OPEN, OPEN)), NOW)
    assert found.empty
    assert tuple(found.columns) == FINDING_COLUMNS


@pytest.mark.parametrize(
    ("portal", "kind"),
    [
        ({"agency_code": "H26.02"}, Kind.AGENCY_DIFFERS),
        ({"agency_code": None}, Kind.AGENCY_DIFFERS),
        ({"procedure_code": "1.000001.H26"}, Kind.PROCEDURE_DIFFERS),
        ({"procedure_code": None}, Kind.PROCEDURE_DIFFERS),
        ({"submission_channel": 1}, Kind.CHANNEL_DIFFERS),
        ({"online_payment": 1}, Kind.PAYMENT_DIFFERS),
        ({"fee_total": 0}, Kind.PAYMENT_DIFFERS),
        ({"has_digitised_component": True}, Kind.DIGITISATION_DIFFERS),
        ({"has_reused_component": True}, Kind.DIGITISATION_DIFFERS),
        ({"has_stored_component": True}, Kind.DIGITISATION_DIFFERS),
        ({"account_verified_vneid": True}, Kind.DIGITISATION_DIFFERS),
        ({"received_at": at("3 15:00")}, Kind.RECEIVED_DIFFERS),
        ({"due_at": at("11 16:30"), "deadline_at": at("11 16:30")}, Kind.DUE_DIFFERS),
        ({"due_at": None, "due_precision": None}, Kind.DUE_DIFFERS),
        ({"finished_at": at("9 17:00"), "clock_stopped_at": at("9 17:00")}, Kind.FINISHED_DIFFERS),
        ({"has_result": False}, Kind.RESULT_MISSING),
        ({"status_code": S.RETURNED}, Kind.STATUS_AHEAD),
    ],
)
def test_each_difference_has_its_kind(portal: Values, kind: Kind) -> None:
    assert kinds({}, portal) == {kind.value}


def test_several_differences_of_one_kind_are_one_mismatch() -> None:
    found = judge(pairs(({}, {"online_payment": 1, "fee_total": 5_000, "has_reused_component": True})), NOW)
    assert sorted(found["kind"]) == ["digitisation_differs", "payment_differs"]
    assert found.set_index("kind").loc["payment_differs", "field"] == "online_payment"


def test_values_are_shown_as_people_read_them() -> None:
    frame = pairs(({}, {"received_at": at("3 15:00"), "agency_code": None, "agency_name": "Nơi lạ", "fee_total": 5}))
    found = judge(frame, NOW).set_index("kind")[["field", "city_value", "portal_value"]].astype(object)
    found = found.where(found.notna(), None)
    assert found.loc["received_differs"].tolist() == ["received_at", "2025-06-03 08:00:00", "2025-06-03 15:00:00"]
    assert found.loc["agency_differs"].tolist() == ["agency_name", "Sở Tư pháp", "Nơi lạ"]
    assert found.loc["payment_differs"].tolist() == ["fee_total", None, "5"]
    assert shown_value(pd.Series([True, None], dtype="boolean")).fillna("-").tolist() == ["True", "-"]


@pytest.mark.parametrize(
    ("city", "portal", "expected"),
    [
        ({}, {"received_at": at("3 08:00"), "received_precision": 1}, set()),
        ({"received_at": at("3 08:00:59")}, {"received_at": at("3 08:00"), "received_precision": 1}, set()),
        ({"received_at": at("3 08:00:59")}, {"received_at": at("3 08:00")}, {"received_differs"}),
        ({}, {"received_at": at("3 00:00"), "received_precision": 2}, set()),
        ({}, {"received_at": at("2 00:00"), "received_precision": 2}, {"received_differs"}),
        ({}, {"received_at": None, "received_precision": None}, {"received_differs"}),
    ],
)
def test_times_agree_at_the_coarser_precision(city: Values, portal: Values, expected: set[str]) -> None:
    assert kinds(city, portal) == expected


LATE: Values = {"finished_at": at("11 10:00"), "clock_stopped_at": at("11 10:00")}


def test_an_overdue_verdict_that_flips_takes_the_place_of_its_cause() -> None:
    assert kinds({}, LATE) == {"phantom_overdue"}
    assert kinds(LATE, {}) == {"hidden_overdue"}
    early_due: Values = {"due_at": at("8 16:30"), "deadline_at": at("8 16:30")}
    found = judge(pairs(({}, early_due)), NOW)
    assert found[["kind", "field"]].values.tolist() == [["phantom_overdue", "due_at"]]
    # A step that has not arrived: the clock runs on the portal although the case is long finished.
    assert kinds({}, OPEN) == {"status_behind", "phantom_overdue"}


def test_what_cannot_be_judged_is_no_flip() -> None:
    no_deadline: Values = {"due_at": None, "due_precision": None, "deadline_at": None}
    assert kinds(LATE, LATE | no_deadline) == {"due_differs"}


def day_due(**more: Any) -> Values:
    """Due on the tenth, without a time: until its end."""
    return {
        "due_at": at("10 00:00"),
        "due_precision": 2,
        "deadline_at": at("10 23:59:59").replace(microsecond=999_999),
    } | more


def test_a_coarser_time_flips_no_verdict() -> None:
    evening: Values = {"finished_at": at("10 20:00"), "clock_stopped_at": at("10 20:00")}
    assert kinds(evening, evening | day_due()) == set()
    # The same with 26 hours of waiting on both sides: the moved end of a day no longer looks like a day.
    waited = day_due(deadline_at=at("12 01:59:59").replace(microsecond=999_999))
    moved: Values = {"finished_at": at("11 20:00"), "clock_stopped_at": at("11 20:00"), "deadline_at": at("11 18:30")}
    assert kinds(moved, moved | waited) == set()
    # Waiting that one side does not know of is a difference.
    assert kinds(moved, moved | {"deadline_at": at("12 18:30")}) == {"hidden_overdue"}


def test_a_deadline_counted_from_a_coarser_receipt_flips_no_verdict() -> None:
    counted: Values = {"due_at": None, "due_precision": None}
    city = counted | {"finished_at": at("6 09:00"), "clock_stopped_at": at("6 09:00"), "deadline_at": at("6 08:00")}
    portal = city | {
        "received_at": at("3 00:00"), "received_precision": 2,
        "deadline_at": at("6 23:59:59").replace(microsecond=999_999),
    }  # fmt: skip
    assert kinds(city, portal) == set()
    assert kinds(city, portal | {"received_at": at("4 00:00"), "deadline_at": at("7 23:59:59")}) == {
        "hidden_overdue",
        "received_differs",
    }


def test_the_precision_of_a_finish_time_is_no_excuse_for_another_stop() -> None:
    """Both cases wait for a supplement since different minutes; a leftover finish day has nothing to do with it."""
    waits: Values = {
        "status_code": S.SUPPLEMENT_REQUESTED, "has_result": False, "finished_at": at("10 00:00"),
        "finished_precision": 2, "clock_stopped_at": at("10 16:29"),
    }  # fmt: skip
    assert kinds(waits, waits | {"clock_stopped_at": at("10 16:31")}) == {"phantom_overdue"}


def test_returns_and_requests_are_compared_as_far_as_the_coarser_side_says() -> None:
    returned: Values = {
        "status_code": S.RETURNED, "finished_at": None, "finished_precision": None, "returned_at": at("10 16:40"),
        "returned_precision": 0, "clock_stopped_at": at("10 16:40"),
    }  # fmt: skip
    by_day = returned | {"returned_at": at("10 00:00"), "returned_precision": 2, "clock_stopped_at": at("10 00:00")}
    assert kinds(returned, by_day) == set()
    assert kinds(returned, by_day | {"returned_precision": 0}) == {"hidden_overdue"}
    asked: Values = {
        "status_code": S.SUPPLEMENT_REQUESTED, "finished_at": None, "finished_precision": None, "has_result": False,
        "supplement_requests": 1, "supplement_precision": 0, "clock_stopped_at": at("10 16:40"),
    }  # fmt: skip
    asked_by_day = asked | {"supplement_precision": 2, "clock_stopped_at": at("10 00:00")}
    assert kinds(asked, asked_by_day) == set()
    assert kinds(asked, asked_by_day | {"clock_stopped_at": at("9 00:00")}) == {"hidden_overdue"}
    # Waited 26 hours; by days that is one day or two.
    waited: Values = {
        "supplement_requests": 1, "supplement_precision": 0, "finished_at": at("11 18:00"),
        "clock_stopped_at": at("11 18:00"), "deadline_at": at("11 18:30"),
    }  # fmt: skip
    by_days = waited | {"supplement_precision": 2, "deadline_at": at("11 16:30")}
    assert kinds(waited, by_days) == set()
    assert kinds(waited, by_days | {"supplement_requests": 2}) == {"phantom_overdue"}
    assert kinds(waited, by_days | {"deadline_at": at("10 16:30")}) == {"phantom_overdue"}


HANDED_OVER: Values = {"finished_at": None, "finished_precision": None, "clock_stopped_at": at("9 11:00")}
"""Ended by the return, without a finish time."""


@pytest.mark.parametrize(
    ("city", "portal", "expected"),
    [
        # The portal says "returned" and should have a finish time; that the statuses differ explains nothing.
        ({}, HANDED_OVER | {"status_code": S.RETURNED}, {"status_ahead", "finished_differs"}),
        (HANDED_OVER, {"status_code": S.RETURNED}, {"status_ahead", "finished_differs"}),
        (HANDED_OVER, {}, {"finished_differs"}),
        # The portal is before the end: its status says already that the finish has not arrived.
        ({"deadline_at": at("20 16:30")}, OPEN | {"deadline_at": at("20 16:30")}, {"status_behind"}),
        (OPEN | {"deadline_at": at("20 16:30")}, {"deadline_at": at("20 16:30")}, {"status_ahead"}),
        # The made-up finish time belongs to the rewriting of the status.
        (
            OPEN | {"status_code": S.STOPPED, "finished_at": at("6 09:00"), "finished_precision": 0,
                    "clock_stopped_at": at("6 09:00")},
            {"finished_at": at("3 08:00"), "clock_stopped_at": at("3 08:00")},
            {"status_rewritten"},
        ),
    ],
)  # fmt: skip
def test_a_status_explains_the_finish_time_only_before_the_end(
    city: Values, portal: Values, expected: set[str]
) -> None:
    assert kinds(city, portal) == expected


def test_a_result_counts_once_the_case_is_finished() -> None:
    due: Values = {"deadline_at": at("20 16:30")}
    early = OPEN | due | {"has_result": True}
    assert kinds(early, due | {"has_result": False}) == {"status_ahead"}  # not finished on both sides
    assert kinds(due, OPEN | due) == {"status_behind"}
    assert kinds({"has_result": False}, {}) == {"digitisation_differs"}
    assert kinds(OPEN | due, due | {"has_result": True}) == {"status_ahead"}


def test_a_tolerance_of_the_policy_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kinds({"fee_total": 1_000}, {"fee_total": 1_001}) == {"payment_differs"}
    late: Values = {"received_at": at("3 08:05")}
    assert kinds({}, late) == {"received_differs"}
    relaxed = {"fee_total": FieldPolicy(tolerance=1), "received_at": FieldPolicy(tolerance=300)}
    monkeypatch.setattr(compare, "POLICY", {**POLICY, **relaxed})
    assert kinds({"fee_total": 1_000}, {"fee_total": 1_001}) == set()
    assert kinds({"fee_total": 1_000}, {"fee_total": 1_002}) == {"payment_differs"}
    assert kinds({"fee_total": 1_000}, {"fee_total": None}) == {"payment_differs"}
    assert kinds({}, late) == set()
    assert kinds({}, {"received_at": at("3 08:06")}) == {"received_differs"}


def test_the_slow_twin_of_the_hash() -> None:
    frame = pairs(({}, {}), ({}, {"fee_total": 0}), ({"due_at": None}, {"due_at": None}))
    assert compared_alike(frame, COMPARED).tolist() == [True, False, True]
    assert (frame["city_row_hash"] == frame["portal_row_hash"]).tolist() == [True, False, True]
