"""What each case adds to the counts of a period: the rules of `schemas/measures.py` and of a rule set, in pandas.

The warehouse counts a million cases by the same table in SQL; this is for the few cases that differ, whose parts have
to be known one by one. A period is a span of places on a timeline (`schemas/period.py`).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from schemas.codes import END_STATUSES, Status
from schemas.measures import FLAG_COLUMNS, FLAGS, MEASURES, Base, Condition
from schemas.period import Timeline, day_of, midnight
from schemas.ruleset import AfterPeriod, Clock, RuleSet
from tasks.rules.times import DAY_US, NAT, VIETNAM_US, to_micros

CASE_COLUMNS: Final = ("status_code", "received_day", "clock_stopped_at", "deadline_at", "due_at", *FLAG_COLUMNS)
"""Columns of the canonical case that the counts depend on."""

PLACES: Final = ("received_place", "last_place", "late_from")


def places(cases: pd.DataFrame, rules: RuleSet, line: Timeline) -> pd.DataFrame:
    """Where each case stands on the timeline: PLACES as int64, same index; cases that never count have `late_from` and
    `received_place` at `len(line)`, beyond the last place.

    `received_place`: the place of the received day, -1 before the line. `last_place`: the last place in which the case
    is still judged. `late_from`: the first place at whose moment it is overdue, `len(line)` for never.
    """
    beyond = len(line)
    received = pd.to_datetime(cases["received_day"]).to_numpy(dtype="datetime64[D]")
    edges = np.array(line.edges, dtype="datetime64[D]")
    received_place = np.searchsorted(edges, received, side="right") - 1
    received_place = np.where(counted(cases) & ~np.isnat(received), received_place, beyond)
    ended = _ended(cases)
    instants = _micros([midnight(edge) for edge in line.edges])
    last = np.where(ended == NAT, beyond - 1, np.searchsorted(instants, ended, side="right") - 1)
    if not rules.cumulative:
        last = received_place
    late = np.where(received_place == beyond, beyond, _late_from(cases, ended, rules, line))
    values = (received_place, np.minimum(last, beyond - 1), late)
    return pd.DataFrame(dict(zip(PLACES, values, strict=True)), index=cases.index).astype("int64")


def counted(cases: pd.DataFrame) -> np.ndarray:
    """Cases that were received: everything else has no part in the index."""
    known = cases["received_day"].notna() & cases["status_code"].notna()
    return (known & (cases["status_code"] != int(Status.REGISTERED)).fillna(False)).to_numpy(dtype=bool)


def contributions(cases: pd.DataFrame, rules: RuleSet, line: Timeline, span: tuple[int, int]) -> pd.DataFrame:
    """0 or 1 for each case and each of MEASURES in the period of a span (int64, same index)."""
    at = places(cases, rules, line)
    first, last = span
    received = at["received_place"].between(first, last)
    judged = received | ((at["received_place"] < first) & (at["last_place"] >= first))
    apart = cases["status_code"].isin([int(status) for status in rules.apart])
    base = {Base.RECEIVED: received, Base.JUDGED: judged}
    found = {"received": received, "judged": judged, "overdue": judged & (at["late_from"] <= last)}
    found |= {"apart": judged & apart.fillna(False).astype(bool)}
    for name, flag in FLAGS.items():
        passes = pd.Series(False, index=cases.index)
        for way in flag.ways:
            passes |= np.logical_and.reduce([_passes(cases, condition) for condition in way])
        found[name] = base[flag.base] & passes
    return pd.DataFrame({name: found[name] for name in MEASURES}, index=cases.index).astype("int64")


def _passes(cases: pd.DataFrame, condition: Condition) -> np.ndarray:
    values = pd.to_numeric(cases[condition.column]).astype("Float64")
    passes = values.isin(condition.values) if condition.above is None else values > condition.above
    return passes.fillna(False).to_numpy(dtype=bool)


def _micros(instants: list[object]) -> np.ndarray:
    return to_micros(pd.Series(pd.to_datetime(pd.Series(instants, dtype=object), utc=True).dt.as_unit("us")))


def _ended(cases: pd.DataFrame) -> np.ndarray:
    """When the case ended, microseconds, NAT while open: the clock of an ended case stopped at its end event."""
    over = cases["status_code"].isin([int(status) for status in END_STATUSES]).fillna(False).astype(bool)
    return to_micros(cases["clock_stopped_at"].where(over))


def _late_from(cases: pd.DataFrame, ended: np.ndarray, rules: RuleSet, line: Timeline) -> np.ndarray:
    national = rules.clock is Clock.NATIONAL
    stopped = to_micros(cases["clock_stopped_at"]) if national else ended
    limit = to_micros(cases["deadline_at"] if national else cases["due_at"])
    moments = list(line.moments())
    if rules.by_day:
        # A place is judged on its last day; a day that is over at its end is not the next one yet.
        moments = [midnight(day_of(at - pd.Timedelta(microseconds=1))) for at in moments]
    running = np.searchsorted(_micros([*moments]), limit, side="right")
    late = _day(stopped) > _day(limit) if rules.by_day else stopped > limit
    at_once = 0 if rules.after_period is AfterPeriod.BY_ITS_END else running
    found = np.where(stopped == NAT, running, np.where(late, at_once, len(line)))
    apart = cases["status_code"].isin([int(status) for status in rules.apart]).fillna(False).to_numpy(dtype=bool)
    return np.where((limit == NAT) | apart, len(line), found)


def _day(micros: np.ndarray) -> np.ndarray:
    return np.where(micros == NAT, NAT, (micros + VIETNAM_US) // DAY_US)
