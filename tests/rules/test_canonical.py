from __future__ import annotations

import hmac
import unicodedata
from datetime import date, timedelta
from typing import Any

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from schemas.case import CANONICAL_VERSION, CASE_SCHEMA, COMPARED, UNVERSIONED
from schemas.codes import Side
from tasks.rules.canonical import References, canonicalise, fingerprint, row_hash
from tasks.rules.typed import typed
from tasks.rules.workdays import WorkCalendar
from tests.rules.landed import landed
from tests.rules.pairs import ORDINARY, at, canonical

KEY = b"a key of the tests"
AGENCIES = [
    ("H26.01", "Sở Tư pháp"), ("H26.02", "Phường Hoà Bình"), ("H26.02", "UBND phường Hòa Bình"),
    ("H26.03", "Quận Đống Đa"), ("H26.04", "Phòng Tư pháp"), ("H26.05", "Phòng Tư pháp"), ("H26.06", None),
]  # fmt: skip
REFERENCES = References(
    pd.DataFrame(AGENCIES, columns=["agency_code", "agency_name"], dtype="string[pyarrow]"),
    pd.DataFrame({"procedure_code": ["1.000001", "1.000002"], "max_days": pd.array([3, None], "Int16")}),
    WorkCalendar(2024, 2026),
)


def cases(side: Side, *rows: dict[str, Any]) -> pa.Table:
    return canonicalise(side, typed(side, landed(side, *rows)), REFERENCES, KEY)


def case(side: Side, **values: Any) -> dict[str, Any]:
    return cases(side, values).to_pylist()[0]


def test_one_case_a_row_in_order_and_of_the_schema() -> None:
    codes = [f"H26.01-250603-000{n}" for n in (3, 1, 2)]
    for side in Side:
        table = cases(side, *({"case_code": code} for code in codes))
        assert table.schema == CASE_SCHEMA
        assert table["case_code"].to_pylist() == codes
        assert set(table["canonical_version"].to_pylist()) == {CANONICAL_VERSION}
        assert cases(side).schema == CASE_SCHEMA


EXTENSION = {
    "submissionChannel": "1",
    "onlinePayment": "0",
    "fees": [{"amount": "15.000"}],
    "accountVerifiedVneid": "0",
}
SPELLINGS: list[tuple[Side, dict[str, Any]]] = [
    (Side.PORTAL, {}),
    (Side.PORTAL, {"channel": "1", "online_payment": "0", "account_verified_vneid": "0"}),
    (Side.PORTAL, {"agency_name": " Sở\u00a0Tư  pháp\u200b", "received_at": "2025-06-03T01:00:00Z"}),
    (Side.PORTAL, {"fees": '[{"Gia": "10000.0"}, {"Gia": "5.000"}]', "online_payment": "3"}),
    (Side.PORTAL, {"due_at": "2025-06-10 16:30:00", "finished_at": "2025-06-09T03:00:00.000+0000"}),
    (Side.CITY, {"site_extension": orjson.dumps(EXTENSION).decode()}),
    (Side.CITY, {"site_extension": '{"fees": [{"amount": 15000}]}', "procedure_code": "1.000001.000.00.00.H26"}),
]  # fmt: skip


def test_the_same_case_in_any_spelling_of_any_side_has_one_hash() -> None:
    rows = [
        (side, {"fees": '[{"Gia": "15000"}]'} | values if side is Side.PORTAL else values) for side, values in SPELLINGS
    ]
    hashes = {case(side, **values)["row_hash"] for side, values in rows}
    assert len(hashes) == 1


CHANGED: dict[str, Any] = {
    "status_code": 10, "procedure_code": "2.000003", "agency_code": "H26.02", "submission_channel": 1,
    "received_at": at("3 08:01"), "due_at": at("10 16:31"), "finished_at": None, "online_payment": 1, "fee_total": 0,
    "has_digitised_component": True, "has_reused_component": True, "has_stored_component": True,
    "account_verified_vneid": True, "has_result": False, "clock_stopped_at": at("9 10:01"), "deadline_at": None,
}  # fmt: skip


def test_every_compared_field_and_no_other_is_in_the_row_hash() -> None:
    assert set(CHANGED) == set(COMPARED)
    before = canonical({})["row_hash"][0]
    assert all(canonical({name: value})["row_hash"][0] != before for name, value in CHANGED.items())
    others = {
        "record_id": "9",
        "agency_name": "x",
        "modified_at": at("1 00:00"),
        "due_precision": 2,
        "returned_at": None,
    }
    assert canonical(others)["row_hash"][0] == before


def test_a_version_ends_when_the_content_changes_and_not_when_it_is_read_again() -> None:
    frame = cases(Side.PORTAL, {})
    content = [name for name in CASE_SCHEMA.names if name not in UNVERSIONED]
    assert row_hash(frame, content).to_pylist() == frame["content_hash"].to_pylist()
    again = typed(Side.PORTAL, landed(Side.PORTAL, {}).assign(window_start=date(2025, 6, 9), landing_file="other"))
    assert canonicalise(Side.PORTAL, again, REFERENCES, KEY)["content_hash"] == frame["content_hash"]
    for change in (
        {"due_at": "202506101630"},
        {"applicant_name": "x"},
        {"record_id": "2"},
        {"agency_name": "Sở  Tư pháp"},
    ):
        assert cases(Side.PORTAL, change)["content_hash"] != frame["content_hash"], change


def test_null_is_no_text_and_fields_do_not_run_together() -> None:
    table = pa.table({"a": ["x", "x\x1f", "", None], "b": ["y", "", "xy", "xy"]})
    assert pc.count_distinct(row_hash(table, ["a", "b"])).as_py() == 4
    assert row_hash(table, ["a"]) != row_hash(table, ["b"])


def test_null_policy() -> None:
    for side in Side:
        said = case(side)
        assert (said["submission_channel"], said["online_payment"]) == (1, 0)
        assert (said["has_digitised_component"], said["account_verified_vneid"]) == (False, False)
        assert said["fee_total"] is None
    for nothing in ("", None):
        assert case(Side.PORTAL, procedure_code=nothing)["procedure_code"] is None
        city = case(Side.CITY, procedure_code=nothing, agency_code=nothing)
        assert (city["procedure_code"], city["agency_code"]) == (None, None)


def test_a_component_says_what_the_record_itself_leaves_open() -> None:
    components = '[{"DuocSoHoa": "1"}]'
    flags = [case(Side.PORTAL, components=components, has_digitised_component=said)["has_digitised_component"]
             for said in ("", "0", "1")]  # fmt: skip
    assert flags == [True, False, True]


@pytest.mark.parametrize(
    ("name", "code", "rung"),
    [
        ("Sở Tư pháp", "H26.01", 0),
        (unicodedata.normalize("NFD", "Sở Tư pháp"), "H26.01", 1),
        (" Sở\u00a0Tư  pháp\u200b", "H26.01", 2),
        ("Phường Hòa Bình", "H26.02", 3),
        ("UBND phường Hòa Bình", "H26.02", 0),
        ("Quận Ðống Ɖa", "H26.03", 4),
        ("Quan Dong Da", None, None),
        ("SỞ TƯ PHÁP", None, None),
        ("Phòng Tư pháp", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_the_portals_names_become_codes_on_the_ladder(name: str | None, code: str | None, rung: int | None) -> None:
    said = case(Side.PORTAL, agency_name=name)
    assert (said["agency_code"], said["agency_rung"]) == (code, rung)
    assert case(Side.CITY, agency_name=name)["agency_code"] == "H26.01", "the city sends its own code"


def test_the_suffix_is_the_citys_own_business_and_a_fault_on_the_portal() -> None:
    assert case(Side.CITY, procedure_code="1.000001.H26")["procedure_code"] == "1.000001"
    assert case(Side.CITY, procedure_code="KQ.1")["procedure_code"] == "KQ.1"
    assert case(Side.PORTAL, procedure_code="1.000001.H26")["procedure_code"] == "1.000001.H26"


def test_days_are_vietnams() -> None:
    midnight = case(Side.PORTAL, received_at="20250603000000", submitted_at="20250601120000")
    assert midnight["received_day"] == midnight["listed_day"] == date(2025, 6, 3)
    waiting = case(Side.PORTAL, received_at="", status_code="1", submitted_at="2025-06-01T17:00:00Z")
    assert (waiting["received_day"], waiting["listed_day"]) == (None, date(2025, 6, 2))


def test_deadlines_last_as_long_as_the_text_can_mean() -> None:
    end = timedelta(microseconds=1)
    deadlines = {
        "20250610163000": at("10 16:30"),
        "202506101630": at("10 16:31") - end,
        "20250610": at("11 00:00") - end,
    }
    for text, deadline in deadlines.items():
        assert case(Side.PORTAL, due_at=text)["deadline_at"] == deadline
    counted = {"20250603080000": at("6 08:00"), "20250603": at("7 00:00") - end}
    for text, deadline in counted.items():
        said = case(Side.PORTAL, due_at="", received_at=text)
        assert said["deadline_at"] == deadline, "three working days after the receipt"
    assert case(Side.PORTAL, due_at="", procedure_code="1.000002")["deadline_at"] is None
    assert case(Side.PORTAL, due_at="", procedure_code="1.000001.H26")["deadline_at"] == at("6 08:00")


def test_only_the_city_says_when_it_last_changed_a_case() -> None:
    assert case(Side.CITY)["modified_at"] == ORDINARY["modified_at"]
    assert case(Side.PORTAL)["modified_at"] is None


def test_fingerprints_tell_persons_apart_without_telling_who_they_are() -> None:
    def print_of(*people: tuple[str | None, str | None]) -> list[int | None]:
        names, numbers = (pd.Series(list(part), dtype="string[pyarrow]") for part in zip(*people, strict=True))
        return [None if pd.isna(one) else one for one in fingerprint(names, numbers, KEY)]

    one = ("Nguyễn Văn Đức", "001")
    prints = print_of(one, ("NGUYỄN  VĂN ĐỨC ", "001"), ("Nguyen Van Duc", " 001"), (None, "001"), ("Lê Hoà", "001"))
    assert prints[0] == prints[1] == prints[2]
    assert len({*prints}) == 3
    assert print_of(("", None), (None, ""), (" ", " ")) == [None, None, None]
    digest = hmac.new(KEY, b"nguyen van duc\x1f001", "sha256").digest()
    assert prints[0] == int.from_bytes(digest[:8], "big", signed=True)
    assert fingerprint(pd.Series([one[0]]), pd.Series([one[1]]), b"another")[0] != prints[0]
