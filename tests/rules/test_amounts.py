from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.rules.amounts import parse_dong


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("50000", 50_000),
        ("50.000", 50_000),
        ("50,000", 50_000),
        ("50000.0", 50_000),
        ("50000.00", 50_000),
        (" 50 000 ", 50_000),
        ("1\u00a0500\u00a0000", 1_500_000),
        ("0", 0),
        ("0.00", 0),
        ("0.000", 0),
        ("1.500.000", 1_500_000),
        ("1.500.000,00", 1_500_000),
        ("1,500,000.0", 1_500_000),
        ("999999999999999999", 999_999_999_999_999_999),
    ],
)
def test_whole_amounts(text: str, amount: int) -> None:
    row = parse_dong(pd.Series([text])).iloc[0]
    assert (row["amount"], row["bad"]) == (amount, False)


NO_AMOUNT = ["-5", "+5", "50.5", "50.05", "1.500.00", "1,500.000", "50.0000", "5.00.000", "50000.000", "0.500", "1."]
NO_AMOUNT += [".5", "1e5", "50.000 đ", "miễn phí", "5 0", "\u0665", "9999999999999999999", "1_000", "0x10", "NaN"]


@pytest.mark.parametrize("text", NO_AMOUNT)
def test_anything_else_is_bad(text: str) -> None:
    row = parse_dong(pd.Series([text])).iloc[0]
    assert row["bad"]
    assert pd.isna(row["amount"])


def test_blank_and_missing_are_no_amount_and_not_bad() -> None:
    read = parse_dong(pd.Series([None, "", "  ", "\u00a0"], index=[4, 5, 6, 7], dtype="str"))
    assert read["amount"].isna().all()
    assert not read["bad"].any()
    assert read.dtypes.astype(str).to_dict() == {"amount": "Int64", "bad": "bool"}
    assert read.index.tolist() == [4, 5, 6, 7]
    assert parse_dong(pd.Series([], dtype="str")).dtypes.astype(str).to_dict() == {"amount": "Int64", "bad": "bool"}


def slow_dong(text: str) -> int | None:
    """Reads separators from the right, as a person would."""
    body, separators = text.strip(), ".,\u00a0 "
    used = [char for char in body if char in separators]
    if not body or any(char not in "0123456789" + separators for char in body):
        return None
    groups = body
    for char in separators:
        groups = groups.replace(char, "|")
    head, *rest = groups.split("|")
    if rest and len(rest[-1]) in (1, 2):
        decimals, mark = rest.pop(), used.pop()
        if int(decimals) or mark not in ".," or mark in used:
            return None
    one_kind = len({" " if char == "\u00a0" else char for char in used}) <= 1
    if not head or not one_kind or any(len(group) != 3 for group in rest):
        return None
    digits = head + "".join(rest)
    lone_zero = head == "0" and rest == ["000"] and used[0] in ".,"
    if rest and not lone_zero and (len(head) > 3 or head.startswith("0")):
        return None
    return int(digits) if len(digits) <= 18 else None


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text("015.,", max_size=9) | st.from_regex(r"\A[0-9]{1,4}([., \u00a0][0-9]{3}){0,3}([.,]0{0,2})?\Z")))
def test_parse_agrees_with_reading_from_the_right(texts: list[str]) -> None:
    read = parse_dong(pd.Series(texts, dtype="str"))
    amounts = [None if pd.isna(amount) else amount for amount in read["amount"]]
    assert amounts == [slow_dong(text) for text in texts]
    assert read["bad"].tolist() == [bool(t.strip()) and a is None for t, a in zip(texts, amounts, strict=True)]
