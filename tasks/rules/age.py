"""How far a mismatch is believed, by its age: in flight, late, confirmed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from schemas.mismatch import Verdict


def changed_at(city_modified: pd.Series, city_received: pd.Series, portal_received: pd.Series) -> pd.Series:
    """Since when the sides could have agreed (UTC): the city's last change; where the city has no record, the portal's
    received time."""
    return city_modified.fillna(city_received).fillna(portal_received)


def verdicts(
    since: pd.Series, unreadable: pd.Series, as_of: pd.Timestamp, lag: pd.Timedelta, confirm: pd.Timedelta
) -> pd.Series:
    """A Verdict for each mismatch (text).

    `unknown` where a side could not be read (or nothing says since when); `in_flight` while younger than `lag`; `late`
    until `confirm`; then `confirmed`.
    """
    age = as_of - since
    named = np.select(
        [(unreadable | since.isna()).to_numpy(dtype=bool), (age < lag).to_numpy(bool), (age < confirm).to_numpy(bool)],
        [Verdict.UNKNOWN, Verdict.IN_FLIGHT, Verdict.LATE],
        default=Verdict.CONFIRMED,
    )
    return pd.Series(named.astype(object), index=since.index, dtype="string[pyarrow]")
