"""The lifecycle of a case, and what a difference of status means on it.

The graph is the usual path of a one-stop case; suspended cases (5, 6) return to processing (4), and a stopped case (8)
may resume in some city systems.
"""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from schemas.codes import SUSPENDED_STATUSES, Status
from schemas.mismatch import Kind

_S = Status
_BITS: Final = 8  # a code of a status is smaller
NEXT: Final = MappingProxyType(
    {
        _S.REGISTERED: frozenset({_S.RECEIVED, _S.REFUSED, _S.WITHDRAWN}),
        _S.RECEIVED: frozenset({_S.PROCESSING, _S.REFUSED, _S.WITHDRAWN, _S.STOPPED}),
        _S.PROCESSING: frozenset(
            {_S.SUPPLEMENT_REQUESTED, _S.PAYMENT_REQUESTED, _S.FINISHED, _S.WITHDRAWN, _S.STOPPED}
        ),
        _S.SUPPLEMENT_REQUESTED: frozenset({_S.PROCESSING, _S.WITHDRAWN, _S.STOPPED}),
        _S.PAYMENT_REQUESTED: frozenset({_S.PROCESSING, _S.WITHDRAWN, _S.STOPPED}),
        _S.STOPPED: frozenset({_S.PROCESSING}),
        _S.FINISHED: frozenset({_S.RETURNED}),
        _S.RETURNED: frozenset(),
        _S.REFUSED: frozenset(),
        _S.WITHDRAWN: frozenset(),
    }
)
"""Status -> the statuses that may follow it directly."""


@cache
def distance(start: Status, goal: Status) -> int | None:
    """The fewest steps after which `goal` can follow `start`, None when it never can."""
    seen, frontier, steps = {start}, {start}, 0
    while frontier:
        frontier = {following for status in frontier for following in NEXT[status]}
        steps += 1
        if goal in frontier:
            return steps
        frontier -= seen
        seen |= frontier
    return None


def reaches(start: Status, goal: Status) -> bool:
    """Whether `goal` can follow `start`, directly or through others."""
    return distance(start, goal) is not None


@cache
def kind_of(city: Status, portal: Status) -> Kind | None:
    """The kind of a status difference, None when there is none.

    Where each status can follow the other (4 and 5, say), the portal is behind: its copy is fed by the city, so the
    usual reason is a step that has not arrived.
    """
    if city is portal:
        return None
    if city in SUSPENDED_STATUSES and portal is Status.FINISHED:
        return Kind.STATUS_REWRITTEN
    if reaches(portal, city):
        return Kind.STATUS_BEHIND
    return Kind.STATUS_AHEAD


def status_kinds(city: pd.Series, portal: pd.Series) -> pd.Series:
    """`kind_of` over two columns of status codes: an object column of Kind values, missing where equal."""
    both = [side.to_numpy(dtype="int64") for side in (city, portal)]
    places, pairs = pd.factorize(both[0] << _BITS | both[1])
    kinds = [kind_of(Status(pair >> _BITS), Status(pair & (1 << _BITS) - 1)) for pair in pairs.tolist()]
    return pd.Series(np.array([*kinds, None], dtype=object)[places], index=city.index)
