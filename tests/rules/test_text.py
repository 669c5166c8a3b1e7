from __future__ import annotations

import unicodedata

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.rules.text import Rung, equal_rung, fold, invisible

TONES = "\u0300\u0301\u0303\u0309\u0323"
ALPHABET = "oaeuyqginQOAUY" + "òàáảãạẹẻỳỷỹụùÒỶặậấơư" + TONES + "\u0306đĐÐƉðɖ \u00a0\t\n\u200b\ufeff\u00ad\u0007z1."
texts = st.lists(st.one_of(st.none(), st.text(ALPHABET, max_size=8)), min_size=1, max_size=40)


def bare_and_tone(char: str) -> tuple[str, str]:
    parts = unicodedata.normalize("NFD", char)
    tones = "".join(part for part in parts if part in TONES)
    return "".join(part for part in parts if part not in TONES), tones


def slow_tone(text: str) -> str:
    chars, i = list(text), 0
    while i + 1 < len(chars):
        (first, tone1), (second, tone2) = bare_and_tone(chars[i]), bare_and_tone(chars[i + 1])
        cluster = (first + second).lower() in ("oa", "oe", "uy") and len(tone1 + tone2) == 1
        if cluster and not (i and chars[i - 1] in "qQ"):
            closed = i + 2 < len(chars) and chars[i + 2].isalpha()
            spelled = (first, second + tone1 + tone2) if closed else (first + tone1 + tone2, second)
            chars[i : i + 2] = [unicodedata.normalize("NFC", part) for part in spelled]
        i += 1
    return "".join(chars)


def slow_fold(text: str, rung: Rung) -> str:
    if rung >= Rung.NFC:
        text = unicodedata.normalize("NFC", text)
    if rung >= Rung.SPACE:
        text = "".join(c for c in text if c.isspace() or unicodedata.category(c) not in ("Cf", "Cc"))
        text = " ".join(unicodedata.normalize("NFC", text).split())
    if rung >= Rung.TONE:
        text = slow_tone(text)
    if rung >= Rung.D_STROKE:
        text = text.translate(str.maketrans("ÐƉðɖ", "ĐĐđđ"))
    if rung >= Rung.NO_DIACRITICS:
        text = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
        text = unicodedata.normalize("NFC", "".join(c for c in text if unicodedata.category(c) != "Mn"))
    return text


@settings(max_examples=150, deadline=None)
@given(texts, st.sampled_from(Rung))
def test_fold_agrees_with_the_slow_oracle(values: list[str | None], rung: Rung) -> None:
    expected = [None if value is None else slow_fold(value, rung) for value in values]
    folded = fold(pd.Series(values, dtype="string[pyarrow]"), rung)
    assert [None if pd.isna(value) else value for value in folded] == expected


@settings(max_examples=100, deadline=None)
@given(texts, texts, st.sampled_from(Rung))
def test_equal_rung_is_the_lowest_rung_of_equality(left: list[str | None], right: list[str | None], rung: Rung) -> None:
    # Folded copies of one side make equal pairs at every rung; random pairs alone would hardly ever meet.
    a = left + left
    b = (right * len(left))[: len(left)] + [None if x is None else slow_fold(x, rung) for x in left]
    found = equal_rung(pd.Series(a, dtype="str"), pd.Series(b, dtype="str"))
    for x, y, got in zip(a, b, found, strict=True):
        missing = x is None or y is None
        slow = next((r for r in Rung if not missing and slow_fold(str(x), r) == slow_fold(str(y), r)), None)
        assert (None if pd.isna(got) else got) == slow
    assert found.dtype == "Int8"


@pytest.mark.parametrize(
    ("a", "b", "rung"),
    [
        ("Hoà", "Hoà", Rung.BYTES),
        ("Hoa\u0300", "Hoà", Rung.NFC),
        ("Phường\u00a0 Ba\u200b Đình ", "Phường Ba Đình", Rung.SPACE),
        ("Hoà", "Hòa", Rung.TONE),
        ("thuỷ lợi", "thủy lợi", Rung.TONE),
        ("khoẻ", "khỏe", Rung.TONE),
        ("Uỷ ban, Uỷ ban", "Ủy ban, Ủy ban", Rung.TONE),
        ("hòan", "hoàn", Rung.TONE),
        ("XÃ HOÀ THUỶ", "XÃ HÒA THỦY", Rung.TONE),
        ("\u00d0ống \u0189a", "Đống Đa", Rung.D_STROKE),
        ("ba \u0110ình", "BA DINH", Rung.NO_DIACRITICS),
        ("Hà Nội", "hà nội", Rung.NO_DIACRITICS),
        ("Hà Nội", "Hải Phòng", None),
        ("qua", None, None),
        (None, None, None),
    ],
)
def test_ladder_examples(a: str | None, b: str | None, rung: Rung | None) -> None:
    found = equal_rung(pd.Series([a], dtype="str"), pd.Series([b], dtype="str"))[0]
    assert pd.isna(found) if rung is None else found == rung


def test_tone_rung_leaves_undisputed_words_alone() -> None:
    words = pd.Series(["quà", "quý", "Quỳnh", "già", "giá", "hoặc", "hoàn", "huỳnh", "của", "ngoẻo", "khuỷu", "thuế"])
    assert fold(words, Rung.TONE).tolist() == words.tolist()


def test_fold_keeps_index_name_dtype_and_nulls() -> None:
    for dtype in ("str", "string[pyarrow]", "object"):
        folded = fold(pd.Series(["Á", None], index=[7, 9], name="who", dtype=dtype), Rung.NFC)
        assert folded.index.tolist() == [7, 9]
        assert folded.name == "who"
        assert folded.isna().tolist() == [False, True]
        assert folded.dtype == ("str" if dtype == "object" else dtype)
    assert fold(pd.Series([], dtype="str"), Rung.NO_DIACRITICS).empty


def test_invisible_finds_what_does_not_show() -> None:
    hidden = ["a\u200bb", "\ufeffa", "a\u00a0b", "a\tb", "a\u2028b", "\u00ad", "a\x00", "a\u3000b", "\x85"]
    shown = ["", "a b", "Hoà Bình", "đ", "a\u0300"]
    found = invisible(pd.Series([*hidden, *shown, None], dtype="str"))
    assert found.dtype == "boolean"
    assert found[:-1].tolist() == [True] * len(hidden) + [False] * len(shown)
    assert pd.isna(found.iloc[-1])


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="1 and 2 rows"):
        equal_rung(pd.Series(["a"]), pd.Series(["a", "b"]))
