"""Rows that repeat a key: a row read twice is dropped, two records with one case code are set aside."""

from __future__ import annotations

import pandas as pd
import xxhash

from schemas.codes import QuarantineReason

KEEP, REREAD, CONFLICT = "keep", "reread", "conflict"


def identities(record_id: pd.Series, payload: pd.Series) -> pd.Series:
    """What makes a row its own record: its record id, or its whole content where the listing has none (text)."""
    known = record_id.replace("", pd.NA)
    nameless = known.isna()
    digests = [f"payload:{xxhash.xxh3_128_hexdigest(text.encode())}" for text in payload[nameless]]
    return known.mask(nameless, pd.Series(digests, index=known.index[nameless], dtype="string[pyarrow]"))


def repeated_keys(keys: pd.DataFrame) -> pd.Series:
    """For each row `keep`, `reread` or `conflict`, same index (text).

    `keys` has `case_code` (null or "" when there is none) and `identity` (`identities`), in reading order. Of rows with
    one identity the last one read is kept: pages overlap and a record may change between two of them. Rows of different
    records with one case code are a `conflict`, all of them: no rule says which is true. Rows without a case code are
    kept, each for itself.
    """
    code = keys["case_code"].replace("", pd.NA)
    known = code.notna()
    reread = known & keys[["case_code", "identity"]].duplicated(keep="last")
    standing = keys.loc[known & ~reread]
    records = standing.groupby("case_code")["identity"].transform("size")
    conflict = pd.Series(False, index=keys.index)
    conflict[standing.index] = records > 1
    return pd.Series(KEEP, index=keys.index).mask(reread, REREAD).mask(conflict, CONFLICT).astype("string[pyarrow]")


def with_duplicates(rows: pd.DataFrame, repeated: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
    """`rows` with the duplicate among their reasons, and which of them have no other reason (bool).

    `rows`: `reason`, `reasons` (null where nothing is wrong), `key_bad`; `repeated`: another record has the row's code.
    A row that is bad anyway keeps its leading reason; a malformed code belongs to no case, so it doubles none.
    """
    conflict = repeated & rows["reason"].isna()
    besides = repeated & rows["reason"].notna() & ~rows["key_bad"]
    said = QuarantineReason.DUPLICATE_KEY.value
    reasons = rows["reasons"].mask(besides, rows["reasons"] + f",{said}").mask(conflict, said)
    return rows.assign(reason=rows["reason"].mask(conflict, said), reasons=reasons), conflict
