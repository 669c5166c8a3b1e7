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


def apportion(parts: pd.Series, whole: int | None = None) -> pd.Series:
    """Parts (Fractions) in 1/SCALE of a point (int64, same index) that sum up to `whole`, a number of steps, or without
    it to the rounded sum of the parts. `whole` may be a few steps off that sum, as a difference of rounded points is.

    By largest remainders: each part is cut down to the step below, and the steps left over go to the parts that were
    cut most, earlier rows first among equals.
    """
    values = [Fraction(value) for value in parts]
    alike = {value: divmod(value * SCALE, 1) for value in set(values)}
    floors = np.array([int(alike[value][0]) for value in values], dtype="int64")
    if whole is None:
        whole = scaled(sum((value * count for value, count in Counter(values).items()), Fraction(0)))
    left = whole - int(floors.sum())
    rests = {value: float(rest) for value, (_, rest) in alike.items()}
    most = sorted(range(len(values)), key=lambda row: (-rests[values[row]], row))
    each, rest = divmod(left, len(values)) if values else (0, 0)
    floors += each  # 0 unless `whole` is below the sum of the floors
    floors[most[:rest]] += 1
    return pd.Series(floors, index=parts.index)
