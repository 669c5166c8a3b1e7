"""The loose second pass: cases missing on either side whose codes look alike.

Only the residue comes here. A candidate shares procedure, agency, received day and applicant, and its code is at most
two edits away. It is never an automatic match: both codes become one `ambiguous` finding for a person.
"""

from __future__ import annotations

from typing import Final

import pandas as pd

from schemas.mismatch import Kind
from tasks.rules.compare import FINDING_COLUMNS
from tasks.rules.keys import edit_distance

MAX_EDITS: Final = 2
_BLOCK: Final = ["procedure_code", "agency_code", "day", "applicant_fingerprint"]


def ambiguous(city: pd.DataFrame, portal: pd.DataFrame) -> pd.DataFrame:
    """Candidates among the cases that the other side lacks.

    Both frames have `case_code`, `procedure_code`, `agency_code`, `received_at`, `applicant_fingerprint`. Result:
    FINDING_COLUMNS, one row for each city case that has candidates; `portal_value` lists their codes, nearest first.
    """
    sides = [frame.assign(day=_day(frame["received_at"])) for frame in (city, portal)]
    blocks = sides[0].dropna(subset=_BLOCK).merge(sides[1].dropna(subset=_BLOCK), on=_BLOCK, suffixes=("", "_portal"))
    near = [
        (a, b, distance)
        for a, b in zip(blocks["case_code"], blocks["case_code_portal"], strict=True)
        if (distance := edit_distance(a, b, MAX_EDITS)) <= MAX_EDITS
    ]
    candidates = pd.DataFrame(near, columns=["case_code", "portal_code", "distance"])
    candidates = candidates.sort_values(["case_code", "distance", "portal_code"])
    listed = candidates.groupby("case_code", as_index=False).agg(portal_value=("portal_code", ", ".join))
    listed = listed.assign(kind=str(Kind.AMBIGUOUS), field="case_code", city_value=listed["case_code"])
    return listed[list(FINDING_COLUMNS)].astype("string[pyarrow]")


def _day(at: pd.Series) -> pd.Series:
    """The day in Vietnam, as a date-time at midnight, so that an empty column still has the type of a day."""
    day: pd.Series = at.dt.tz_convert("Asia/Ho_Chi_Minh").dt.tz_localize(None).dt.normalize()
    return day
