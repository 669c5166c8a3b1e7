"""Money on the wire: text to whole dong.

Source: wire contract, section 3.3 (`Gia` travels as text) and design, section 6 (money is integer dong). Dong has no
fraction, so a decimal part must be zero. A separator followed by exactly three digits groups thousands; one or two
digits after the last separator are a decimal part. Text that mixes separators, or uses one for both purposes, reads
differently in different countries and is refused rather than guessed.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from tasks.rules.text import arrow_text

_SPACE: Final = r"[ \x{a0}\x{2009}\x{202f}]"
# A group of thousands never starts with 0: "0.500" is half a dong, not five hundred.
_LEAD: Final = "[1-9][0-9]{0,2}"
_AMOUNT: Final = "|".join(
    (
        r"[0-9]+(?:[.,]0{1,2})?",
        r"0[.,]000",
        rf"{_LEAD}(?:\.[0-9]{{3}})+(?:,0{{1,2}})?",
        rf"{_LEAD}(?:,[0-9]{{3}})+(?:\.0{{1,2}})?",
        rf"{_LEAD}(?:{_SPACE}[0-9]{{3}})+(?:[.,]0{{1,2}})?",
    )
)
_DECIMALS: Final = r"[.,]0{1,2}$"
_GROUPING: Final = rf"[.,]|{_SPACE}"
_LONGEST: Final = 18
"""Digits that always fit into 64 bits."""


def parse_dong(text: pd.Series) -> pd.DataFrame:
    """Read amounts of dong. One row a text, same index; nothing is raised for bad text.

    Columns: `amount` (Int64 dong, null when missing or bad) and `bad` (bool: text that is no whole amount of dong of at
    most 18 digits; a sign, a currency word or a fraction is bad). Missing and blank text is not bad.
    """
    values = pc.utf8_trim_whitespace(arrow_text(text))
    written = pc.fill_null(pc.not_equal(values, ""), False)
    digits = pc.replace_substring_regex(pc.replace_substring_regex(values, _DECIMALS, ""), _GROUPING, "")
    shaped = pc.match_substring_regex(values, f"^(?:{_AMOUNT})$")
    good = pc.fill_null(pc.and_(shaped, pc.less_equal(pc.utf8_length(digits), _LONGEST)), False)
    numbers = pc.cast(pc.if_else(good, digits, "0"), "int64").to_numpy(zero_copy_only=False)
    missing = ~good.to_numpy(zero_copy_only=False)
    bad = np.asarray(written.to_numpy(zero_copy_only=False)) & missing
    return pd.DataFrame({"amount": pd.arrays.IntegerArray(numbers, missing), "bad": bad}, index=text.index)
