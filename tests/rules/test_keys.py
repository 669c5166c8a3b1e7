from __future__ import annotations

from functools import cache

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.rules.keys import CASE_CODE, edit_distance, probable_code, split_procedure, well_formed

GOOD = [
    "000.17.22.H56-210531-0001",
    "000.00.53.H48-220921-0099",
    "H56.14-240823-0001",
    "H21.123-240823-0001",
    "G22.01.02-240823-0001",
    "H26-240823-00001",
    "G09.20-20260609-0092637",
    "H26.012.03-260125-AB0123",
    "H26.012.03-260125-0A1234",
]
BAD = ["", " H26-240823-0001", "H26-240823-0001\n", "h26-240823-0001", "H26-240823-001", "H26-240823-00010203"]
BAD += ["H26-2408231-0001", "H6-240823-0001", "H26.1-240823-0001", "H26\u2013240823\u20130001", "H26-24082\u0663-0001"]


def test_forms_found_in_the_field() -> None:
    assert well_formed(pd.Series([*GOOD, *BAD, None], dtype="str")).tolist() == [True] * len(GOOD) + [False] * (
        len(BAD) + 1
    )
    assert well_formed(pd.Series([], dtype="str")).dtype == bool


@settings(max_examples=80, deadline=None)
@given(st.lists(st.from_regex(CASE_CODE) | st.text("H26.-0123456789AGh \n", max_size=26), max_size=20))
def test_arrow_and_python_read_one_pattern_alike(codes: list[str]) -> None:
    expected = [CASE_CODE.match(code) is not None for code in codes]
    assert well_formed(pd.Series(codes, dtype="str")).tolist() == expected


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("H26.14-240823-0001", "H26.14-240823-0001"),
        (" h26.14-240823-0001\u200b", "H26.14-240823-0001"),
        ("Ｈ２６.14－240823－0001", "H26.14-240823-0001"),
        ("H26.14 \u2013 240823 \u2013 0001\r\n", "H26.14-240823-0001"),
        ("\ufeffH26.14-\u00a0240823-0001", "H26.14-240823-0001"),
        ("không có mã", None),
        ("", None),
        (None, None),
    ],
)
def test_probable_code(code: str | None, meant: str | None) -> None:
    guess = probable_code(pd.Series([code, GOOD[0]], dtype="string[pyarrow]", index=[3, 4]))
    assert guess[4] == GOOD[0]
    assert pd.isna(guess[3]) if meant is None else guess[3] == meant


def test_split_procedure() -> None:
    codes = ["1.001612.000.00.00.H48", "1.000948.H38", "2.000815", "1.0016129", "1.001612.", "KQ.G07.000122", "", None]
    parts = split_procedure(pd.Series(codes, dtype="str"))
    assert parts["base"].dropna().tolist() == ["1.001612", "1.000948", "2.000815"]
    assert parts["suffix"].dropna().tolist() == ["000.00.00.H48", "H38", ""]
    assert parts["base"].isna().equals(parts["suffix"].isna())


def slow_distance(a: str, b: str) -> int:
    @cache
    def d(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        best = min(d(i - 1, j) + 1, d(i, j - 1) + 1, d(i - 1, j - 1) + (a[i - 1] != b[j - 1]))
        if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
            best = min(best, d(i - 2, j - 2) + 1)
        return best

    return d(len(a), len(b))


@settings(max_examples=300, deadline=None)
@given(st.text("ab0-", max_size=7), st.text("ab0-", max_size=7), st.integers(0, 4))
def test_edit_distance_agrees_with_the_recursive_definition(a: str, b: str, limit: int) -> None:
    assert edit_distance(a, b, limit) == min(slow_distance(a, b), limit + 1)


def test_edit_distance_examples() -> None:
    assert edit_distance("H26-240823-0001", "H26-240832-0001") == 1
    assert edit_distance("H26-240823-0001", "H26-240823-0001") == 0
    assert edit_distance("H26-240823-0001", "G09.20-20260609-0092637") == 3
    with pytest.raises(ValueError, match="negative"):
        edit_distance("a", "b", -1)
