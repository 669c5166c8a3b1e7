"""When a day was last read: what a window that could not be read leaves open."""

from __future__ import annotations

import numpy as np
import pandas as pd

from schemas.codes import Side

READS_APART = pd.Timedelta(hours=12)
"""What one side said anew so long after the other was last read may be news that the other had as well."""


def last_read(day: pd.Series, windows: pd.DataFrame, side: Side) -> pd.Series:
    """The last read of a side's window that holds each day (datetime64[us, UTC], index of `day`); NaT: never read.

    `windows`: `side`, `window_start`, `window_end`, `read_at`.
    """
    own = windows.loc[windows["side"] == side.value]
    found = np.full(len(day), np.datetime64("NaT", "us"), dtype="datetime64[us]")
    days = pd.to_datetime(day).to_numpy(dtype="datetime64[D]")
    if len(own):
        first, after = (
            pd.to_datetime(own[name]).to_numpy(dtype="datetime64[D]") for name in ("window_start", "window_end")
        )
        order = np.argsort(read_at := _utc(own["read_at"]), kind="stable")
        origin = first.min()
        latest = np.full(int((after.max() - origin).astype(int)), np.datetime64("NaT", "us"), dtype="datetime64[us]")
        for place in order:  # later reads write over earlier ones
            latest[int((first[place] - origin).astype(int)) : int((after[place] - origin).astype(int))] = read_at[place]
        known = ~np.isnat(days) & (days >= origin) & (days < after.max())
        found[known] = latest[(days[known] - origin).astype(int)]
    return pd.Series(found, index=day.index).dt.tz_localize("UTC")


def _utc(at: pd.Series) -> np.ndarray:
    return pd.to_datetime(at, utc=True).dt.tz_localize(None).to_numpy(dtype="datetime64[us]")


def known_until(cases: pd.DataFrame, windows: pd.DataFrame, as_of: pd.Timestamp) -> tuple[pd.Series, pd.Series]:
    """Up to when both sides of each case were read (UTC, at most `as_of`), and whether they were at all (bool).

    `cases`: columns of both sides (`city_<name>`, `portal_<name>`). A side that has no row was read when the day was
    under which the other lists the case. A portal row that is much younger than the city's last read may be right: then
    the city's side is not known either.
    """
    seen, read = pd.Series(as_of, index=cases.index, dtype="datetime64[us, UTC]"), pd.Series(True, index=cases.index)
    for side in Side:
        lacks = cases[f"{side}_row_hash"].isna()
        at = last_read(cases[f"{side}_listed_day"].where(~lacks, cases[f"{side.other}_listed_day"]), windows, side)
        read &= ~(lacks & at.isna())
        if side is Side.CITY and "portal_recorded_from" in cases.columns:
            read &= ~(cases["portal_recorded_from"] - at > READS_APART).fillna(False).astype(bool)
        seen = seen.where(~(at < seen), at)
    return seen, read
