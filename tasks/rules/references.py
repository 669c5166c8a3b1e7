"""What a site's reference tables make of codes and names, before anything is compared."""

from __future__ import annotations

from typing import Final

import pandas as pd

from schemas.references import FILES

NO_FORMS: Final = pd.DataFrame(columns=list(FILES["case_codes"]))


def new_form(code: pd.Series, forms: pd.DataFrame) -> pd.Series:
    """Case codes in their new form (index and dtype of `code`); what no line of `forms` names stays as it is.

    `forms`: `old_form`, `new_form`, whole codes or what stands before the first hyphen. A whole code goes first.
    """
    if forms.empty:
        return code
    table = dict(zip(forms["old_form"], forms["new_form"], strict=True))
    parts = code.str.extract(r"^([^-]*)(-.*)$")
    begun = parts[0].map(table) + parts[1]
    return code.map(table).fillna(begun).fillna(code).astype(code.dtype)


def meant(value: pd.Series, day: pd.Series, table: pd.DataFrame) -> pd.Series:
    """What each code or name means on its day by a table of two columns and their validity; null where no line says it.

    `table`: the value, what it means, `valid_from`, `valid_to` (days; None: without bound). A value without a day is
    met by lines without bounds only.
    """
    key, target = table.columns[:2]
    said = pd.Series(pd.NA, index=value.index, dtype="string[pyarrow]")
    known = value.isin(table[key])
    if not known.any():
        return said
    asked = pd.DataFrame({"value": value[known].astype(object), "day": pd.to_datetime(day[known])})
    asked["row"] = range(len(asked))
    lines = asked.merge(table, left_on="value", right_on=key)
    first, after = pd.to_datetime(lines["valid_from"]), pd.to_datetime(lines["valid_to"])
    holds = (first.isna() | (first <= lines["day"])) & (after.isna() | (lines["day"] < after))
    found = lines.loc[holds].drop_duplicates("row").set_index("row")[target]
    said.loc[known] = found.reindex(range(len(asked))).to_numpy()
    return said
