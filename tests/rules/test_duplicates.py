from __future__ import annotations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.rules.duplicates import CONFLICT, KEEP, REREAD, identities, repeated_keys, with_duplicates

rows = st.tuples(st.sampled_from(["A", "B", "", None]), st.sampled_from(["1", "2", "", None]), st.sampled_from("xyz"))


def judge(table: list[tuple[str | None, str | None, str]]) -> list[str]:
    frame = pd.DataFrame(table, columns=["case_code", "record_id", "payload"], dtype="string[pyarrow]")
    keys = frame.assign(identity=identities(frame["record_id"], frame["payload"]))
    return repeated_keys(keys.set_index(frame.index + 5)).tolist()


def slow(table: list[tuple[str | None, str | None, str]]) -> list[str]:
    """Each row against every other."""
    known = [(code, ("id", number) if number else ("content", text)) if code else None for code, number, text in table]
    fates = []
    for place, key in enumerate(known):
        if key is None:
            fates.append(KEEP)
        elif key in known[place + 1 :]:
            fates.append(REREAD)
        else:
            fates.append(CONFLICT if any(k and k[0] == key[0] and k != key for k in known) else KEEP)
    return fates


@settings(max_examples=50)
@given(st.lists(rows, max_size=12))
def test_every_row_against_every_other(table: list[tuple[str | None, str | None, str]]) -> None:
    assert judge(table) == slow(table)


def test_examples() -> None:
    assert judge([("A", "1", "old"), ("A", "1", "new"), ("B", "2", "x")]) == [REREAD, KEEP, KEEP]
    assert judge([("A", "1", "x"), ("A", "2", "x"), ("A", "1", "y")]) == [REREAD, CONFLICT, CONFLICT]
    assert judge([("A", "", "x"), ("A", None, "x")]) == [REREAD, KEEP], (
        "without numbers, the same content is one record"
    )
    assert judge([("", "1", "x"), (None, "1", "x")]) == [KEEP, KEEP], "rows without a code belong to no case"


def test_records_that_are_bad_anyway_are_duplicates_all_the_same() -> None:
    """All but those with a malformed code, which is no case's."""
    text = {"dtype": "string[pyarrow]"}
    rows = pd.DataFrame(
        {
            "reason": pd.Series([None, "bad_status", "malformed_key", "bad_status"], **text),
            "reasons": pd.Series([None, "bad_status,bad_code", "malformed_key", "bad_status"], **text),
            "key_bad": [False, False, True, False],
        }
    )
    told, alone = with_duplicates(rows, pd.Series([True, True, True, False]))
    assert alone.tolist() == [True, False, False, False]
    assert told["reason"].tolist() == ["duplicate_key", "bad_status", "malformed_key", "bad_status"]
    assert told["reasons"].tolist() == [
        "duplicate_key", "bad_status,bad_code,duplicate_key", "malformed_key", "bad_status",
    ]  # fmt: skip
