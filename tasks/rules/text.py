"""Equality of Vietnamese text as a ladder: which spelling differences two systems may have and still mean the same.

Each rung is a rewriting; two texts are equal at a rung when their rewritings are. A rung includes those before it, so
texts equal at one rung are equal at every higher one. Equal only at a high rung is a data-quality finding, not a
mismatch.

Everything works on Arrow arrays, and on the distinct values alone, so a million agency names cost what 160 do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

ArrowText = Any
"""A `pa.Array` of `large_string` (pyarrow ships no types)."""

_ARROW_STRINGS: Final = (pd.ArrowDtype(pa.string()), pd.ArrowDtype(pa.large_string()))


class Rung(IntEnum):
    """What is forgiven, least first. Case is significant up to D_STROKE."""

    BYTES = 0
    NFC = 1
    SPACE = 2
    TONE = 3
    D_STROKE = 4
    NO_DIACRITICS = 5


# RE2 classes, because RE2's \s knows ASCII only. The controls 09-0D, 1C-1F and 85 are white space (Unicode, Python);
# every other Cc, and all Cf (zero width, byte order mark, soft hyphen, direction marks), shows nothing at all.
_WHITE: Final = r"[\t-\r\x{1c}-\x{20}\x{85}\p{Z}]+"
_UNSEEN: Final = r"[\p{Cf}\x{00}-\x{08}\x{0e}-\x{1b}\x{7f}-\x{84}\x{86}-\x{9f}]+"
_UNTIDY_WHITE: Final = r"^[\t-\r\x{1c}-\x{20}\x{85}\p{Z}]|[\t-\r\x{1c}-\x{1f}\x{85}]|[^\P{Z} ]|  | $"
_INVISIBLE: Final = r"[\p{Cf}\p{Cc}]|[^\P{Z} ]"

# The clusters whose tone two spelling schools place differently, in every case and with each of the five tone marks
# (huyền, sắc, ngã, hỏi, nặng): tone on the first vowel -> tone on the second. `gi` + vowel (già), `ua` and `ia` are not
# disputed, nor is a vowel with a second mark (hoặc); composed text keeps those apart by itself.
_SECOND_OF: Final = {
    unicodedata.normalize("NFC", first + tone) + second: first + unicodedata.normalize("NFC", second + tone)
    for vowels in ("oa", "oe", "uy")
    for first in (vowels[0], vowels[0].upper())
    for second in (vowels[1], vowels[1].upper())
    for tone in "\u0300\u0301\u0303\u0309\u0323"
}
_FIRST_OF: Final = {second: first for first, second in _SECOND_OF.items()}
_ON_FIRST: Final = "(?:[òóõỏọÒÓÕỎỌ][aAeE]|[ùúũủụÙÚŨỦỤ][yY])"
_ON_SECOND: Final = "(?:[oO][àáãảạÀÁÃẢẠèéẽẻẹÈÉẼẺẸ]|[uU][ỳýỹỷỵỲÝỸỶỴ])"
_LETTER: Final = r"[^\W\d_]"
# After q, u belongs to the consonant (quý) and there is no cluster. Classes of letters come first and look-behind last,
# because the search then skips ahead: ten times faster than naming the clusters.
_MISPLACED: Final = re.compile(f"(?:{_ON_FIRST}(?={_LETTER})|{_ON_SECOND}(?!{_LETTER}))(?<![qQ]..)")
_MAYBE_MISPLACED: Final = rf"{_ON_FIRST}\p{{L}}|{_ON_SECOND}(?:\P{{L}}|$)"

_D_STROKES: Final = (("\u00d0", "\u0110"), ("\u0189", "\u0110"), ("\u00f0", "\u0111"), ("\u0256", "\u0111"))


def arrow_text(text: pd.Series) -> ArrowText:
    """The column as one Arrow array of `large_string`; every kind of missing value becomes null.

    Raises `TypeError` (pyarrow's) when a value is neither text nor missing.
    """
    values = pa.array(text, type=pa.large_string(), from_pandas=True)
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def pandas_text(values: ArrowText, like: pd.Series) -> pd.Series:
    """`values` as a column with the index, name and string dtype of `like` (`str` when that holds no strings)."""
    dtype: Any = like.dtype  # Any: the stubs lack __from_arrow__
    if not isinstance(dtype, pd.StringDtype) and dtype not in _ARROW_STRINGS:
        dtype = pd.StringDtype("pyarrow", na_value=np.nan)
    column: pd.Series = pd.Series(dtype.__from_arrow__(values), index=like.index, name=like.name, dtype=dtype)
    return column


def _rewrite_where(values: ArrowText, needed: str, change: Callable[[ArrowText], ArrowText]) -> ArrowText:
    """`change` applied to the values that match `needed` only: matching is several times cheaper than rewriting."""
    mask = pc.fill_null(pc.match_substring_regex(values, needed), False)
    if not pc.any(mask).as_py():
        return values
    return pc.replace_with_mask(values, mask, change(values.filter(mask)))


def _nfc(values: ArrowText) -> ArrowText:
    return pc.utf8_normalize(values, "NFC")


def _space(values: ArrowText) -> ArrowText:
    # Removing a joiner can bring a letter and its accent together, hence the second composition.
    seen = _rewrite_where(values, _UNSEEN, lambda v: _nfc(pc.replace_substring_regex(v, _UNSEEN, "")))
    return _rewrite_where(
        seen, _UNTIDY_WHITE, lambda v: pc.utf8_trim(pc.replace_substring_regex(v, _WHITE, " "), characters=" ")
    )


def _move_tone(match: re.Match[str]) -> str:
    cluster = match.group()
    return _SECOND_OF.get(cluster) or _FIRST_OF[cluster]


def _tone(values: ArrowText) -> ArrowText:
    """The traditional spelling: tone on the second vowel before a letter (hoàn, ngoẻo), else on the first (hòa)."""
    # The look-around is Python's, since RE2 has none; only texts that seem to need it go there.
    return _rewrite_where(
        values,
        _MAYBE_MISPLACED,
        lambda v: pa.array([_MISPLACED.sub(_move_tone, text) for text in v.to_pylist()], type=v.type),
    )


def _d_stroke(values: ArrowText) -> ArrowText:
    for lookalike, letter in _D_STROKES:
        values = pc.replace_substring(values, lookalike, letter)
    return values


def _no_diacritics(values: ArrowText) -> ArrowText:
    lower = pc.replace_substring(pc.utf8_lower(values), "\u0111", "d")
    return _nfc(pc.replace_substring_regex(pc.utf8_normalize(lower, "NFD"), r"\p{Mn}+", ""))


_STEPS: Final[Mapping[Rung, Callable[[ArrowText], ArrowText]]] = MappingProxyType(
    {
        Rung.NFC: _nfc,
        Rung.SPACE: _space,
        Rung.TONE: _tone,
        Rung.D_STROKE: _d_stroke,
        Rung.NO_DIACRITICS: _no_diacritics,
    }
)


def fold(text: pd.Series, rung: Rung) -> pd.Series:
    """The text rewritten so that two texts equal at `rung` become identical. Shape, index and nulls are kept.

    The result is a key for comparing; only up to TONE is it also correct spelling.
    """
    encoded = arrow_text(text).dictionary_encode()
    values = encoded.dictionary
    for step in Rung:
        if Rung.BYTES < step <= rung:
            values = _STEPS[step](values)
    return pandas_text(pc.take(values, encoded.indices), like=text)


def equal_rung(a: pd.Series, b: pd.Series) -> pd.Series:
    """The lowest rung at which `a` and `b` are equal, row by row (nullable Int8, index of `a`).

    Null where they are equal at no rung or a side is missing. Raises `ValueError` when the lengths differ.
    """
    if len(a) != len(b):
        raise ValueError(f"columns of {len(a)} and {len(b)} rows cannot be compared row by row")
    left, right = arrow_text(a), arrow_text(b)
    rungs = np.full(len(a), -1, dtype=np.int8)
    rows = np.flatnonzero(pc.and_(left.is_valid(), right.is_valid()).to_numpy(zero_copy_only=False))
    left, right = left.take(pa.array(rows)), right.take(pa.array(rows))
    for rung in Rung:
        if rung is not Rung.BYTES:
            both = pa.concat_arrays([left, right]).dictionary_encode()
            folded = pc.take(_STEPS[rung](both.dictionary), both.indices)
            left, right = folded[: len(rows)], folded[len(rows) :]
        same = pc.equal(left, right).to_numpy(zero_copy_only=False)
        rungs[rows[same]] = rung
        open_rows = pa.array(np.flatnonzero(~same))
        rows, left, right = rows[~same], left.take(open_rows), right.take(open_rows)
        if not len(rows):
            break
    return pd.Series(pd.arrays.IntegerArray(rungs, rungs < 0), index=a.index, name=a.name)


def invisible(text: pd.Series) -> pd.Series:
    """Whether a text holds a character that does not show (nullable boolean, null stays null).

    That is any control or format character (categories Cc and Cf) and any separator other than the plain space.
    """
    hit = pc.match_substring_regex(arrow_text(text), _INVISIBLE)
    mask = hit.is_null().to_numpy(zero_copy_only=False)
    found = pc.fill_null(hit, False).to_numpy(zero_copy_only=False)
    return pd.Series(pd.arrays.BooleanArray(found, mask), index=text.index, name=text.name)
