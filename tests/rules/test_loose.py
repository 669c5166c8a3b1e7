from __future__ import annotations

from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.rules.compare import FINDING_COLUMNS
from tasks.rules.loose import ambiguous
from tests.rules.pairs import at

NAMES = ["case_code", "procedure_code", "agency_code", "received_at", "applicant_fingerprint"]
BLOCK: dict[str, Any] = {
    "procedure_code": "1.000001", "agency_code": "H26.01", "received_at": at("3 08:00"), "applicant_fingerprint": 1,
}  # fmt: skip


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame([BLOCK | row for row in rows], columns=NAMES)
    others = {"received_at": "datetime64[us, UTC]", "applicant_fingerprint": "Int64"}
    types = dict.fromkeys(NAMES, "string[pyarrow]") | others
    return table.astype(types)


def matches(city: list[dict[str, Any]], portal: list[dict[str, Any]]) -> dict[str, str]:
    found = ambiguous(frame(city), frame(portal))
    assert tuple(found.columns) == FINDING_COLUMNS
    assert (found["city_value"] == found["case_code"]).all()
    return dict(zip(found["case_code"], found["portal_value"], strict=True))


def one(code: str, **other: Any) -> list[dict[str, Any]]:
    return [{"case_code": code} | other]


def test_two_edits_are_a_look_alike_and_three_are_not() -> None:
    assert matches(one("H26-250603-0001"), one("H26-250603-0010")) == {"H26-250603-0001": "H26-250603-0010"}
    assert matches(one("H26-250603-0001"), one("H26-250603-0023")) == {"H26-250603-0001": "H26-250603-0023"}
    assert matches(one("H26-250603-0001"), one("H26-250603-0234")) == {}


def test_everything_else_must_be_the_same_and_known() -> None:
    for name, other in (("procedure_code", "2.000003"), ("agency_code", "H26.02"), ("applicant_fingerprint", 2),
                        ("received_at", at("4 00:00"))):  # fmt: skip
        assert matches(one("H26-250603-0001"), one("H26-250603-0002", **{name: other})) == {}
        nothing = one("H26-250603-0002", **{name: None})
        assert matches(one("H26-250603-0001", **{name: None}), nothing) == {}, "two unknown values are not the same"
    late, early = one("H26-250603-0001", received_at=at("3 00:00")), one("H26-250603-0002", received_at=at("3 23:59"))
    assert matches(late, early), "the day is Vietnam's"


def test_candidates_are_listed_nearest_first() -> None:
    near = [{"case_code": f"H26-250603-{tail}"} for tail in ("0012", "0002", "9999", "0000")]
    assert matches(one("H26-250603-0001"), near) == {
        "H26-250603-0001": "H26-250603-0000, H26-250603-0002, H26-250603-0012"
    }
    assert matches([], near) == matches(one("H26-250603-0001"), []) == matches([], []) == {}


def far(a: str, b: str) -> bool:
    """Whether more than two edits lie between two codes: by trying them, not by the usual table."""

    def around(code: str) -> set[str]:
        cut = [(code[:n], code[n:]) for n in range(len(code) + 1)]
        return {code} | {
            made
            for left, right in cut
            for made in (
                *(left + c + right for c in "01"),
                left + right[1:],
                *(left + c + right[1:] for c in "01" if right),
                left + right[1:2] + right[:1] + right[2:],
            )
        }

    return not around(a) & around(b)


codes = st.lists(st.text("01", min_size=3, max_size=6), max_size=4, unique=True)


@settings(max_examples=25)
@given(codes, codes)
def test_against_trying_all_edits(city: list[str], portal: list[str]) -> None:
    found = matches([{"case_code": code} for code in city], [{"case_code": code} for code in portal])
    near = {a: {b for b in portal if not far(a, b)} for a in city}
    assert {code: set(listed.split(", ")) for code, listed in found.items()} == {a: b for a, b in near.items() if b}
