"""Faults of status: the portal lags, runs ahead, or shows a suspended case as finished.

The last is a known vendor habit: 5, 6 and 8 are rewritten to 9 before sending, and the finish time, unknown for such a
case, is filled with the received time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sandbox.columns import HOUR, NO_TIME, Ints, Rows
from sandbox.faults.draft import Draft


@dataclass(frozen=True)
class StatusChange:
    kind: str
    city: int
    portal: int
    share: int


CHANGES = (
    StatusChange("status_behind", 8, 4, 1),
    StatusChange("status_behind", 5, 4, 2),
    StatusChange("status_behind", 4, 2, 2),
    StatusChange("status_behind", 9, 4, 3),
    StatusChange("status_behind", 10, 9, 4),
    StatusChange("status_ahead", 5, 10, 1),
    StatusChange("status_ahead", 2, 9, 1),
    StatusChange("status_ahead", 4, 9, 2),
    StatusChange("status_ahead", 4, 10, 1),
    StatusChange("status_ahead", 9, 10, 3),
    StatusChange("status_rewritten", 6, 9, 1),
    StatusChange("status_rewritten", 8, 9, 2),
    StatusChange("status_rewritten", 5, 9, 2),
)


def plant_status_faults(draft: Draft, count: int) -> None:
    """``count`` of each kind, shared out over the possible changes; what one cannot fill, the next one does."""
    for kind in ("status_rewritten", "status_behind", "status_ahead"):
        changes = [change for change in CHANGES if change.kind == kind]
        left, shares_left = count, sum(change.share for change in changes)
        for change in changes:
            wanted = -(-left * change.share // shares_left)
            rows = draft.pick(draft.city.facts.status == change.city, wanted)
            _rewrite(draft, rows, change)
            draft.plant(kind, "status_code", rows)
            left, shares_left = left - len(rows), shares_left - change.share


def _later(draft: Draft, rows: Rows) -> Ints:
    """A moment between the last change in the city and now."""
    last = np.maximum(draft.background.modified[rows], draft.portal.facts.finished[rows])
    later: Ints = last + (draft.rng.uniform(0.05, 0.8, len(rows)) * (draft.now - last - HOUR)).astype(np.int64)
    return later


def _rewrite(draft: Draft, rows: Rows, change: StatusChange) -> None:
    facts = draft.portal.facts
    facts.status[rows] = change.portal
    if change.kind == "status_rewritten":
        facts.finished[rows] = facts.received[rows]
    elif change.kind == "status_behind":
        facts.returned[rows] = NO_TIME
        if change.portal != 9:
            facts.finished[rows] = NO_TIME
        if change.city == 5:
            facts.asked[rows] = facts.asked_again[rows] = NO_TIME  # the copy is older than the request
    else:
        later = _later(draft, rows)
        facts.finished[rows] = np.where(facts.finished[rows] == NO_TIME, later, facts.finished[rows])
        if change.portal == 10:
            facts.returned[rows] = np.maximum(later, facts.finished[rows]) + 600
    if change.city not in (9, 10) or change.portal not in (9, 10):
        facts.result[rows] = 0
