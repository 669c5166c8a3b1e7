"""Rows that repeat a key: a row read twice is dropped, two records with one case code are set aside."""

from __future__ import annotations

import pandas as pd

KEEP, REREAD, CONFLICT = "keep", "reread", "conflict"


def repeated_keys(keys: pd.DataFrame) -> pd.Series:
    """For each row `keep`, `reread` or `conflict`, same index (text).

    `keys` has `case_code` (null or "" when there is none) and `record_id`, the record's own identity on its side, in
    reading order. Of rows with one record id the last one read is kept: pages overlap and a record may change between
    two of them. Rows of different records with one case code are a `conflict`, all of them: no rule says which is true.
    Rows without a case code or record id are kept, each for itself.
    """
    code = keys["case_code"].replace("", pd.NA)
    identity = keys["record_id"].replace("", pd.NA)
    known = code.notna() & identity.notna()
    reread = known & pd.DataFrame({"code": code, "id": identity}).duplicated(keep="last")
    standing = keys.loc[known & ~reread]
    records = standing.groupby("case_code")["record_id"].transform("size")
    conflict = pd.Series(False, index=keys.index)
    conflict[standing.index] = records > 1
    return pd.Series(KEEP, index=keys.index).mask(reread, REREAD).mask(conflict, CONFLICT).astype("string[pyarrow]")
