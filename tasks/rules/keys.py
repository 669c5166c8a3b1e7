"""Case and procedure codes: is a key well formed, what was probably meant, how far apart are two of them.

Source: wire contract, section 7: the forms of case codes found in the field (7.1), the form of Circular
04/2025/TT-VPCP (`...-YYMMDD-AAXXXX`), procedure codes with local suffixes (7.3). Keys are checked before any join;
nothing here ever repairs one, it only says what to tell a person.
"""

from __future__ import annotations

import re
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tasks.rules.text import arrow_text, pandas_text

# [0-9], not \d: Python's \d accepts the digits of every script, Arrow's engine does not.
_CASE_BODY: Final = (
    r"(?:[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.)?[A-Z][0-9]{2}(?:\.[0-9]{2,3}){0,3}"
    r"-(?:[0-9]{6}|[0-9]{8})-(?:[0-9]{4,7}|[0-9A-Z]{2}[0-9]{4})"
)
CASE_CODE: Final = re.compile(rf"^{_CASE_BODY}\Z")
r"""A well-formed case code. Ends in \Z because Python's $ would let a trailing line feed pass."""

_CASE_ARROW: Final = rf"^(?:{_CASE_BODY})$"
_PROCEDURE_ARROW: Final = r"^(?P<base>[0-9]\.[0-9]{6})(?:\.(?P<suffix>[0-9A-Za-z.]+))?$"

# Word processors turn the hyphen into these; NFKC leaves them as they are.
_DASHES: Final = r"\s*[\x{2010}-\x{2015}\x{2212}]\s*"
_NOT_SHOWN: Final = r"[\p{Z}\p{Cc}\p{Cf}]+"


def well_formed(code: pd.Series) -> pd.Series:
    """Whether each code has one of the known forms exactly as written (bool; missing is False; nothing is stripped)."""
    hit = pc.fill_null(pc.match_substring_regex(arrow_text(code), _CASE_ARROW), False)
    return pd.Series(hit.to_numpy(zero_copy_only=False), index=code.index, name=code.name)


def probable_code(code: pd.Series) -> pd.Series:
    """What a malformed code most probably means (text, index and dtype of `code`), null when no guess is well formed.

    Compatibility forms, dashes, white space, invisible characters and case are forgiven; a well-formed code is its own
    answer. Used to say "this case is unknown on that side" instead of "missing"; never to join.
    """
    values = arrow_text(code)
    bad = ~pc.fill_null(pc.match_substring_regex(values, _CASE_ARROW), False).to_numpy(zero_copy_only=False)
    if not bad.any():
        return pandas_text(values, like=code)
    guess = pc.utf8_normalize(values.filter(pa.array(bad)), "NFKC")
    guess = pc.replace_substring_regex(pc.replace_substring_regex(guess, _DASHES, "-"), _NOT_SHOWN, "")
    guess = pc.utf8_upper(guess)
    guess = pc.if_else(pc.match_substring_regex(guess, _CASE_ARROW), guess, None)
    return pandas_text(pc.replace_with_mask(values, pa.array(bad), guess), like=code)


def split_procedure(code: pd.Series) -> pd.DataFrame:
    """Split procedure codes into the national base and the local suffix; one row a code, same index.

    Columns (dtype of `code`): `base` (`d.dddddd`) and `suffix` (what follows the base and its dot, "" when nothing
    does: `000.00.00.H48`, `H38`). Both are null when the code is missing or not of that form.
    """
    parts = pc.extract_regex(arrow_text(code), _PROCEDURE_ARROW)
    base = pc.struct_field(parts, "base")
    suffix = pc.if_else(base.is_valid(), pc.fill_null(pc.struct_field(parts, "suffix"), ""), None)
    columns = {"base": pandas_text(base, like=code), "suffix": pandas_text(suffix, like=code)}
    return pd.DataFrame(columns, index=code.index)


def edit_distance(a: str, b: str, limit: int = 2) -> int:
    """Optimal string alignment distance: insert, delete, replace or swap two neighbours, each 1.

    Returns `limit + 1` as soon as the distance must exceed `limit`; only look-alikes are of interest. Raises
    `ValueError` for a negative limit.
    """
    if limit < 0:
        raise ValueError(f"limit must not be negative, got {limit}")
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    before: list[int] = []
    above = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        # A swap reaches back two rows, so both must be past the limit before giving up.
        if min(row) > limit and min(above) > limit:
            return limit + 1
        before, above = above, row
    return min(above[-1], limit + 1)
