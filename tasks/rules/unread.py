"""How many cases of a unit nobody can be sure of, from the rows in quarantine and the days that no window covers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from math import ceil

import pandas as pd

from schemas.codes import Side
from tasks.rules.interval import Unknown

CITY = ""
"""The whole city among the units, which are agency codes."""


def unknown_cases(
    bad: pd.DataFrame, windows: pd.DataFrame, by_day: Mapping[Side, pd.DataFrame], start: date, end: date
) -> dict[tuple[Side, str], Unknown]:
    """Unknown cases by side and unit; units without any are absent. CITY holds all, those without an agency too.

    `bad`: `side`, `agency_code`, `stale`, one row a case in quarantine. `windows`: `side`, `window_start`, `window_end`
    of all windows read. `by_day`: for each side `agency_code`, `received_day`, `cases` in `[start, end)`.
    A day that one side did not give is taken to hold what the other has; a day that neither gave, what the side has
    on a mean day that was read. `end` lies no later than the last day that can be known.
    """
    found: dict[tuple[Side, str], list[int]] = {}

    def add(side: Side, unit: str, place: int, cases: int) -> None:
        if cases:
            found.setdefault((side, unit), [0, 0])[place] += cases

    for name, agency, stale in bad[["side", "agency_code", "stale"]].itertuples(index=False, name=None):
        add(Side(name), CITY, int(stale), 1)
        if isinstance(agency, str):
            add(Side(name), agency, int(stale), 1)
    unread = {side: unread_days(windows.loc[windows["side"] == side.value], start, end) for side in Side}
    for side in Side:
        for unit, cases in _in_days(by_day, side, unread, (end - start).days).items():
            add(side, unit, 0, cases)
    return {key: Unknown(unread_cases, stale) for key, (unread_cases, stale) in found.items()}


def unread_days(windows: pd.DataFrame, start: date, end: date) -> set[date]:
    """The days of `[start, end)` that no window covers."""
    left = {start + timedelta(days=n) for n in range((end - start).days)}
    spans = windows[["window_start", "window_end"]].itertuples(index=False, name=None)
    for first, after in ((pd.Timestamp(a).date(), pd.Timestamp(b).date()) for a, b in spans):
        left = {day for day in left if not first <= day < after}
    return left


def _in_days(
    by_day: Mapping[Side, pd.DataFrame], side: Side, unread: Mapping[Side, set[date]], days: int
) -> dict[str, int]:
    """Cases by unit that the unread days of a side may hold."""
    if not unread[side]:
        return {}
    other = by_day[side.other]
    day = pd.to_datetime(other["received_day"]).dt.date
    known = other.loc[day.isin(unread[side])]
    cases = known.groupby("agency_code")["cases"].sum().astype("int64")
    found = {str(unit): int(count) for unit, count in cases.items()} | {CITY: int(known["cases"].sum())}
    dark, read = len(unread[side] & unread[side.other]), days - len(unread[side])
    if dark and read:
        own = by_day[side].groupby("agency_code")["cases"].sum()
        means = {str(unit): int(count) for unit, count in own.items()} | {CITY: int(by_day[side]["cases"].sum())}
        for unit, count in means.items():
            found[unit] = found.get(unit, 0) + ceil(count * dark / read)
    return found
