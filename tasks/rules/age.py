"""How far a mismatch is believed, by its age: in flight, late, confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from schemas.codes import Side
from schemas.mismatch import Verdict


def changed_at(
    city_modified: pd.Series,
    city_received: pd.Series,
    portal_received: pd.Series,
    skew: Mapping[Side, pd.Timedelta] = MappingProxyType({}),
) -> pd.Series:
    """Since when the sides could have agreed (UTC): the city's last change; where the city has no record, the portal's
    received time. Each in its source's clock, less what that clock is ahead of ours (`skew`)."""
    of_city = city_modified.fillna(city_received) - skew.get(Side.CITY, pd.Timedelta(0))
    return of_city.fillna(portal_received - skew.get(Side.PORTAL, pd.Timedelta(0)))


def verdicts(
    since: pd.Series,
    unreadable: pd.Series,
    seen: pd.Timestamp | pd.Series,
    lag: pd.Timedelta | pd.Series,
    confirm: pd.Timedelta | pd.Series,
) -> pd.Series:
    """A Verdict for each mismatch (text), by its age when both sides were last read (`seen`).

    `unknown` where a side could not be read (or nothing says since when); `in_flight` while younger than `lag`; `late`
    until `confirm`; then `confirmed`.
    """
    age = seen - since
    named = np.select(
        [(unreadable | since.isna()).to_numpy(dtype=bool), (age < lag).to_numpy(bool), (age < confirm).to_numpy(bool)],
        [Verdict.UNKNOWN, Verdict.IN_FLIGHT, Verdict.LATE],
        default=Verdict.CONFIRMED,
    )
    return pd.Series(named.astype(object), index=since.index, dtype="string[pyarrow]")
