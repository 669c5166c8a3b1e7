"""Mismatches with one fingerprint, or most of one, gathered into faults: one line for what is one repair."""

from __future__ import annotations

from typing import Final

import pandas as pd

FAULT_COLUMNS: Final = ("field", "cause", "agency_code", "procedure_code", "rows", "agencies", "procedures", "points")
DOMINANT: Final = 0.8
"""Share of a cause's mismatches from which one agency, or one procedure, is named as where the fault lies."""


def faults(counts: pd.DataFrame) -> pd.DataFrame:
    """FAULT_COLUMNS, the largest first; `agency_code` and `procedure_code` null where a fault is not theirs alone.

    `counts`: open mismatches by fingerprint: `agency_code`, `procedure_code`, `field`, `cause`, `rows`, `points`.
    """
    found = []
    for (field, cause), part in counts.groupby(["field", "cause"], sort=True):
        for agency, own in _cut(part, "agency_code"):
            for procedure, lines in _cut(own, "procedure_code"):
                sizes = (lines["rows"].sum(), lines["agency_code"].nunique(), lines["procedure_code"].nunique())
                found.append((field, cause, agency, procedure, *map(int, sizes), lines["points"].sum()))
    frame = pd.DataFrame(found, columns=list(FAULT_COLUMNS))
    return frame.sort_values(["rows", "field", "cause"], ascending=[False, True, True], ignore_index=True)


def _cut(part: pd.DataFrame, name: str) -> list[tuple[str | None, pd.DataFrame]]:
    """The part of the value that dominates a column, and the rest; or the whole where none does."""
    sums = part.groupby(name)["rows"].sum()
    if sums.empty or sums.max() < DOMINANT * part["rows"].sum():
        return [(None, part)]
    value = str(sums.idxmax())
    here = (part[name] == value).fillna(False).astype(bool)
    rest = part.loc[~here]
    return [(value, part.loc[here]), *([(None, rest)] if len(rest) else [])]
