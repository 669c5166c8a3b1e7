"""Changes so young that the portal cannot have them yet. Whoever complains about them raises a false alarm."""

from __future__ import annotations

import numpy as np

from sandbox.columns import HOUR, NO_TIME, Rows
from sandbox.faults.draft import Draft

JUST_NOW = 20 * 60


def put_in_flight(draft: Draft, count: int) -> None:
    """About half of ``count`` are one status behind (just taken up, or just finished); the others are not there yet."""
    behind = _let_lag(draft, count // 2)
    city = draft.city.facts
    fresh = (city.received > draft.now - JUST_NOW) & (city.received < draft.now - 30)
    missing = draft.rng.permutation(np.flatnonzero(fresh))[: count - len(behind)]
    draft.portal.held[missing] = False
    draft.withhold(missing)
    draft.in_flight.extend(missing.tolist() + behind.tolist())


def _let_lag(draft: Draft, count: int) -> Rows:
    """Only cases whose due time is not near: the few minutes must not decide the verdict."""
    city, portal = draft.city.facts, draft.portal.facts
    clear = (city.due > NO_TIME) & (np.abs(city.due - draft.now) > HOUR) & (city.received < draft.now - 2 * HOUR)
    open_cases = np.flatnonzero(clear & (city.status == 4) & (city.answered == NO_TIME))
    rows: Rows = draft.rng.permutation(open_cases)[:count]
    draft.background.modified[rows] = draft.now - draft.rng.integers(60, JUST_NOW - 60, len(rows))
    started, ended = rows[::2], rows[1::2]
    portal.status[started] = 2
    city.status[ended] = 9
    city.finished[ended] = draft.background.modified[ended]
    draft.withhold(rows)
    return rows
