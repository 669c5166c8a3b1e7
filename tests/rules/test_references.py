from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest

from schemas.codes import Side
from tasks.rules.canonical import References, canonicalise
from tasks.rules.references import NO_FORMS, meant, new_form
from tasks.rules.typed import typed
from tasks.rules.workdays import WorkCalendar
from tests.rules.landed import landed

FORMS = pd.DataFrame(
    [("000.00.12.H26", "H26.12"), ("000.00.99.H26-250603-0001", "H26.01-250603-0777")], columns=["old_form", "new_form"]
)
MERGER = date(2025, 7, 1)
ALIASES = pd.DataFrame(
    [
        ("H26.25", "H26.130", None, None),  # a district that is gone; its cases are the ward's now, whatever their day
        ("UBND quận Hoàng Mai", "H26.130", None, None),
        ("UBND phường Láng", "H26.131", None, MERGER),  # one name, before and after
        ("UBND phường Láng", "H26.132", MERGER, None),
    ],
    columns=["alias", "agency_code", "valid_from", "valid_to"],
)
RENUMBERED = pd.DataFrame(
    [("HN-0012", "1.001612", None, None), ("1.000009", "1.000010", MERGER, None)],
    columns=["code", "procedure_code", "valid_from", "valid_to"],
)
REFERENCES = References(
    pd.DataFrame({"agency_code": ["H26.01"], "agency_name": ["Sở Tư pháp"]}, dtype="string[pyarrow]"),
    pd.DataFrame({"procedure_code": ["1.000001"], "max_days": pd.array([3], "Int16")}),
    WorkCalendar(2024, 2026),
    ALIASES,
    RENUMBERED,
)


def text(*values: str | None) -> pd.Series:
    return pd.Series(values, dtype="string[pyarrow]")


def plain(values: pd.Series) -> list[Any]:
    return [None if pd.isna(value) else value for value in values]


def test_case_codes_take_their_new_form() -> None:
    codes = text("000.00.12.H26-250603-0001", "000.00.99.H26-250603-0001", "000.00.99.H26-250603-0002", None, "x")
    assert plain(new_form(codes, FORMS)) == [
        "H26.12-250603-0001", "H26.01-250603-0777", "000.00.99.H26-250603-0002", None, "x",
    ]  # fmt: skip
    assert new_form(codes, NO_FORMS) is codes


def test_both_forms_of_a_code_are_one_case_and_the_own_code_is_kept() -> None:
    rows = [
        {"case_code": code} for code in ("000.00.12.H26-250603-0001", "H26.12-250603-0001", "000.00.12.h26-250603-0001")
    ]
    found = typed(Side.CITY, landed(Side.CITY, *rows), forms=FORMS)
    assert plain(found["case_code"])[:2] == ["H26.12-250603-0001"] * 2
    assert plain(found["own_code"]) == ["000.00.12.H26-250603-0001", None, None]
    assert plain(found["probable_code"]) == ["H26.12-250603-0001"] * 3, "also of a malformed one"


def test_a_line_holds_from_its_first_day_to_before_its_last() -> None:
    names = text(*["UBND phường Láng"] * 4, "H26.25", "other")
    days = pd.Series([date(2025, 6, 30), MERGER, date(2026, 1, 1), None, None, MERGER], dtype=object)
    assert plain(meant(names, days, ALIASES)) == ["H26.131", "H26.132", "H26.132", None, "H26.130", None]


def compared(side: Side, **values: Any) -> dict[str, Any]:
    cases = canonicalise(side, typed(side, landed(side, values)), REFERENCES, b"key").to_pylist()
    return {name: cases[0][name] for name in ("agency_code", "procedure_code")}


@pytest.mark.parametrize(
    ("received", "city", "portal", "code"),
    [
        ("03/06/2025 08:00:00", "H26.25", "UBND quận Hoàng Mai", "H26.130"),
        ("03/06/2025 08:00:00", "H26.131", "UBND phường Láng", "H26.131"),
        ("03/07/2025 08:00:00", "H26.132", "UBND phường  Láng\u200b", "H26.132"),
        ("03/07/2025 08:00:00", "H26.01", "Sở Tư pháp", "H26.01"),
    ],
)
def test_agencies_meet_across_the_merger(received: str, city: str, portal: str, code: str) -> None:
    when = {"received_at": received, "due_at": "", "finished_at": "", "status_code": "new"}
    assert compared(Side.CITY, agency_code=city, **when)["agency_code"] == code
    assert compared(Side.PORTAL, agency_name=portal, **when | {"status_code": "2"})["agency_code"] == code


@pytest.mark.parametrize(
    ("side", "day", "written", "code"),
    [
        (Side.CITY, "03/06/2025", "HN-0012", "1.001612"),
        (Side.PORTAL, "03/06/2025", "HN-0012", "HN-0012"),  # a local code on the portal is a fault
        (Side.CITY, "03/07/2025", "1.000009.H26", "1.000010"),
        (Side.PORTAL, "03/07/2025", "1.000009", "1.000010"),
        (Side.PORTAL, "03/06/2025", "1.000009", "1.000009"),  # not renumbered yet
        (Side.PORTAL, "03/07/2025", "1.000009.H26", "1.000009.H26"),
    ],
)
def test_local_and_renumbered_procedures(side: Side, day: str, written: str, code: str) -> None:
    status = "new" if side is Side.CITY else "2"
    row = compared(side, procedure_code=written, received_at=day, due_at="", finished_at="", status_code=status)
    assert row["procedure_code"] == code
