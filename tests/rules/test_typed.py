from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from schemas.codes import CITY_STATUS_WORDS, Side, Status
from tasks.rules.typed import latest, typed
from tests.rules.landed import landed

FLAGS = ["key_bad", "time_bad", "code_bad", "amount_bad", "list_bad", "received_absent"]


def read(side: Side, **values: Any) -> Any:
    frame = typed(side, landed(side, values, {}))
    assert not frame.loc[1, FLAGS].any(), "the row beside it is an ordinary one"
    return frame.iloc[0]


def raised(side: Side, **values: Any) -> set[str]:
    row = read(side, **values)
    return {flag for flag in FLAGS if row[flag]}


@pytest.mark.parametrize("side", list(Side))
def test_an_ordinary_row_raises_no_flag(side: Side) -> None:
    row = read(side)
    assert raised(side) == set()
    assert row["status_code"] == 9
    assert str(row["due_at"]) == "2025-06-10 09:30:00+00:00"
    assert (row["due_at_precision"], row["due_latest_at"]) == (0, row["due_at"])
    assert row["probable_code"] == row["case_code"]


def test_statuses_of_both_sides() -> None:
    words = landed(Side.CITY, *({"status_code": word} for word in CITY_STATUS_WORDS))
    assert typed(Side.CITY, words)["status_code"].tolist() == [int(code) for code in CITY_STATUS_WORDS.values()]
    assert typed(Side.CITY, words, {"new": 1, "receiving": 2})["status_code"].dropna().tolist() == [2, 1]
    numbers = landed(Side.PORTAL, *({"status_code": str(int(code))} for code in Status))
    assert typed(Side.PORTAL, numbers)["status_code"].tolist() == [int(code) for code in Status]


@pytest.mark.parametrize(
    ("side", "text"),
    [(Side.PORTAL, text) for text in ("0", "11", "09", " 9", "9.0", "done", "", None)]
    + [(Side.CITY, text) for text in ("handover", "9", "Releasing", "", None)],
)
def test_other_statuses_are_null_and_not_guessed(side: Side, text: str | None) -> None:
    assert pd.isna(read(side, status_code=text)["status_code"])


def test_null_keys_and_malformed_keys() -> None:
    for nothing in ("", None):
        row = read(Side.PORTAL, case_code=nothing)
        assert pd.isna(row["case_code"])
        assert not row["key_bad"], "without a key there is none to be malformed"
    row = read(Side.PORTAL, case_code="h26.01-250603-0001\u200b")
    assert row["key_bad"]
    assert row["probable_code"] == "H26.01-250603-0001"
    assert pd.isna(read(Side.PORTAL, case_code="?")["probable_code"])


@pytest.mark.parametrize("name", ["received_at", "due_at", "finished_at", "submitted_at", "returned_at"])
def test_a_time_that_cannot_be_read_is_null_and_flagged(name: str) -> None:
    for side in Side:
        row = read(side, **{name: "31/02/2025 08:00:00"})
        assert row["time_bad"]
        assert pd.isna(row[name])
        assert not row["received_absent"], "a received time that cannot be read is not absent"
        assert raised(side, **{name: ""}) <= {"received_absent"}


def test_a_received_time_is_owed_once_the_case_is_received() -> None:
    for status in Status:
        before = {Status.REGISTERED, Status.REFUSED, Status.WITHDRAWN}  # also possible before the receipt
        expected = set() if status in before else {"received_absent"}
        assert raised(Side.PORTAL, status_code=str(int(status)), received_at="") == expected
    assert raised(Side.PORTAL, status_code="?", received_at="") == set(), "an unknown status says nothing about it"


def test_codes_of_the_portal() -> None:
    lists = {
        "channel": "123",
        "online_payment": "0123",
        "has_digitised_component": "01",
        "account_verified_vneid": "01",
    }
    for name, known in lists.items():
        for text in "01239":
            assert raised(Side.PORTAL, **{name: text}) == (set() if text in known else {"code_bad"}), (name, text)
        for nothing in ("", None):
            assert pd.isna(read(Side.PORTAL, **{name: nothing})[name])
    assert read(Side.PORTAL, online_payment="3")["online_payment"] == 0


@pytest.mark.parametrize("side", list(Side))
def test_a_code_with_a_control_character_is_bad(side: Side) -> None:
    """Such characters keep values apart in the text under a hash: two different cases could get one hash."""
    assert raised(side, procedure_code="1.000001\x1f") == {"code_bad"}
    assert raised(side, agency_code="H26.01\x1f2") == ({"code_bad"} if side is Side.CITY else set())


def test_codes_of_the_citys_extension() -> None:
    row = read(Side.CITY, site_extension='{"submissionChannel": 2, "onlinePayment": "1", "accountVerifiedVneid": null}')
    assert (row["channel"], row["online_payment"]) == (2, 1)
    assert pd.isna(row["account_verified_vneid"])
    assert raised(Side.CITY, site_extension='{"submissionChannel": true}') == {"code_bad"}


def test_what_a_coarse_time_can_mean_at_the_latest() -> None:
    row = read(Side.PORTAL, due_at="20250610", received_at="202506030800")
    assert str(row["due_latest_at"]) == "2025-06-10 16:59:59.999999+00:00"
    assert str(row["received_latest_at"]) == "2025-06-03 01:00:59.999999+00:00"
    none = pd.Series([pd.NaT], dtype="datetime64[us, UTC]")
    assert latest(none, pd.Series([pd.NA], dtype="Int8")).isna().all()


def test_the_landed_frame_is_left_alone_and_the_index_kept() -> None:
    frame = landed(Side.CITY, {}, {}).set_axis([7, 9])
    before = frame.copy()
    found = typed(Side.CITY, frame)
    pd.testing.assert_frame_equal(frame, before)
    assert found.index.tolist() == [7, 9]
    for side in Side:
        assert typed(side, landed(side)).empty
