"""Exact parts as whole multiples of the smallest stored amount, so that stored parts still sum up to their whole."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import numpy as np
import pandas as pd

from tasks.rules.index import SCALE


def scaled(value: Fraction) -> int:
    """A value in 1/SCALE of a point, rounded half to even."""
    return round(value * SCALE)


def apportion(parts: pd.Series) -> pd.Series:
    """Parts (Fractions) in 1/SCALE of a point (int64, same index) whose sum is the rounded sum of the parts.

    By largest remainders: each part is cut down to the step below, and the steps left over go to the parts that were
    cut most, earlier rows first among equals. No part is a whole step off.
    """
    values = [Fraction(value) for value in parts]
    alike = {value: divmod(value * SCALE, 1) for value in set(values)}
    floors = np.array([int(alike[value][0]) for value in values], dtype="int64")
    whole = sum((value * count for value, count in Counter(values).items()), Fraction(0))
    left = scaled(whole) - int(floors.sum())
    rests = {value: float(rest) for value, (_, rest) in alike.items()}
    most = sorted(range(len(values)), key=lambda row: (-rests[values[row]], row))
    floors[most[:left]] += 1
    return pd.Series(floors, index=parts.index)
