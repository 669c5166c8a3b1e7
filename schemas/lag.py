"""How long a change takes from one side to the other: directions, and the grid on which lags are counted."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final

import numpy as np

from schemas.codes import Side
from schemas.mismatch import Kind


class Direction(StrEnum):
    """Which way a change travels."""

    TO_PORTAL = "to_portal"
    TO_CITY = "to_city"


ORIGIN: Final = MappingProxyType({Direction.TO_PORTAL: Side.CITY, Direction.TO_CITY: Side.PORTAL})
"""The side where a change of a direction is made."""


def direction_of(kind: str) -> Direction:
    """The way that has to be waited for before a mismatch of this kind can be believed."""
    return Direction.TO_CITY if kind == Kind.MISSING_IN_CITY.value else Direction.TO_PORTAL


MIN_OBSERVATIONS: Final = 200
"""Changes seen to arrive before a measured lag is believed."""

MONTHS_KEPT: Final = 3
"""Months of arrivals that a measurement looks back on, the running one included."""

ALL: Final = ""
"""Stands for all procedures of a direction."""

GRID: Final = np.concatenate([[0.0], np.geomspace(1.0, 60 * 86_400.0, 165)])
"""Edges in seconds, each a tenth above the one before: lags are known to a tenth. The last one is 60 days."""
