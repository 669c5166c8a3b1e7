"""From counted groups to the counts of units and periods, and from those to exact points, many at a time.

The warehouse counts each combination of unit and places once; any month, quarter or year is then a span of places.
Points are computed in whole numbers (1e-10 of a point), never in binary fractions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from schemas.codes import Side
from schemas.measures import COUNTED, FLAGS, MEASURES, Base
from schemas.period import Period, Timeline
from schemas.ruleset import RuleSet
from schemas.scorecard import Indicator, ZeroDenominator

SCALE: Final = 10**10
"""Stored points are whole multiples of 1/SCALE of a point, halves to even."""

_SUMMED: Final = ("cases", "apart", *FLAGS)


def spread(groups: pd.DataFrame, keys: Sequence[str], periods: Sequence[Period], line: Timeline) -> pd.DataFrame:
    """Counts of every key and period: `keys`, `period` (its name), MEASURES (int64); periods without a case are absent.

    `groups`: `keys`, `received_place`, `last_place`, `late_from` and the sums `cases`, `apart` and the flags. Rows with
    a null key are left out. Raises ValueError for a period off the timeline.
    """
    groups = groups.dropna(subset=list(keys)) if keys else groups
    sums = {name: groups[name].to_numpy(dtype="float64") for name in _SUMMED}  # whole numbers, exact below 2**53
    at = {name: groups[name].to_numpy() for name in ("received_place", "last_place", "late_from")}
    units = (
        groups.groupby(list(keys), sort=True, observed=True).ngroup().to_numpy() if keys else np.zeros(len(groups), int)
    )
    found = groups[list(keys)].assign(unit=units).drop_duplicates("unit").sort_values("unit").drop(columns="unit")
    size = len(found) if keys else 1
    parts = []
    for period in periods:
        first, last = line.span(period)
        received = (at["received_place"] >= first) & (at["received_place"] <= last)
        judged = received | ((at["received_place"] < first) & (at["last_place"] >= first))
        base = {Base.RECEIVED: received, Base.JUDGED: judged}
        rows = {"received": received, "judged": judged, "overdue": judged & (at["late_from"] <= last)}
        counts = {name: _summed(units, sums["cases"], where, size) for name, where in rows.items()}
        counts["apart"] = _summed(units, sums["apart"], judged, size)
        for name, flag in FLAGS.items():
            counts[name] = _summed(units, sums[name], base[flag.base], size)
        part = found.reset_index(drop=True) if keys else pd.DataFrame(index=[0])
        parts.append(part.assign(period=period.name, **{name: counts[name] for name in MEASURES}))
    counted = pd.concat(parts, ignore_index=True)
    return counted.loc[counted["judged"] > 0].reset_index(drop=True)


def _summed(units: np.ndarray, values: np.ndarray, where: np.ndarray, size: int) -> np.ndarray:
    return np.bincount(units[where], weights=values[where], minlength=size).astype("int64")


def both_sides(counts: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """One row for each key, `city_<measure>` and `portal_<measure>` side by side, zeros where a side has no case."""
    names = [*keys]
    sides = [
        counts.loc[counts["side"] == side.value, [*names, *MEASURES]].rename(
            columns={n: f"{side}_{n}" for n in MEASURES}
        )
        for side in Side
    ]
    wide = sides[0].merge(sides[1], on=names, how="outer", sort=True)
    numbers = [f"{side}_{name}" for side in Side for name in MEASURES]
    return wide.assign(**wide[numbers].fillna(0).astype("int64"))


def ratio(code: str, counts: Mapping[str, int], reported: int | None = None) -> tuple[int, int]:
    """Numerator and denominator of an indicator from the counts of one side; `reported`: cases received by the national
    reporting system, for the indicator held against it. Raises KeyError for an indicator that cases do not feed.
    """
    rule = COUNTED[code]
    numerator = counts[rule.numerator] - sum(counts[name] for name in rule.minus)
    whole = counts[rule.denominator]
    return numerator, max(whole, reported or 0) if rule.whole_at_least else whole


def score_lines(wide: pd.DataFrame, keys: Sequence[str], rules: RuleSet) -> pd.DataFrame:
    """Score lines of both sides: `keys`, `indicator`, `side`, `numerator`, `denominator`, `points` (int64, in 1/SCALE).

    `wide` is what `both_sides` gives, optionally with `reported` (cases of the national report, null for none): without
    it the city's own count stands for the report.
    """
    reported = wide["reported"].astype("Int64") if "reported" in wide else pd.Series(pd.NA, wide.index, dtype="Int64")
    whole = reported.fillna(wide["city_received"]).to_numpy(dtype="int64")
    parts = []
    for code, rule in COUNTED.items():
        for side in Side:
            numerator = wide[f"{side}_{rule.numerator}"].to_numpy()
            for name in rule.minus:
                numerator = numerator - wide[f"{side}_{name}"].to_numpy()
            denominator = wide[f"{side}_{rule.denominator}"].to_numpy()
            if rule.whole_at_least:
                denominator = np.maximum(denominator, whole)
            part = wide[list(keys)].assign(
                indicator=code, side=side.value, numerator=numerator, denominator=denominator
            )
            parts.append(part.assign(points=scaled_points(rules.indicator(code), numerator, denominator)))
    return pd.concat(parts, ignore_index=True)


def scaled_points(indicator: Indicator, numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Points of many ratios in 1/SCALE of a point, rounded half to even: int64.

    Raises OverflowError for counts so large that the products leave 64 bits (beyond some 40 million cases).
    """
    share = indicator.threshold.as_integer_ratio() if indicator.threshold is not None else (1, 1)
    top = int(indicator.maximum) * SCALE
    most = int(numerator.max(initial=0))
    if max(most * share[1] * top, int(denominator.max(initial=0)) * share[0] * 2) >= 2**63:
        return _scaled_slowly(indicator, numerator, denominator)
    over, under = numerator * (share[1] * top), denominator * share[0]
    safe = np.where(under == 0, 1, under)
    whole, rest = np.divmod(over, safe)
    up = (2 * rest > safe) | ((2 * rest == safe) & (whole % 2 == 1))
    empty = top if indicator.zero is ZeroDenominator.FULL else 0
    return np.where(under == 0, empty, np.minimum(whole + up, top))


def _scaled_slowly(indicator: Indicator, numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    from tasks.rules.score import points

    exact = (points(indicator, int(n), int(d)) * SCALE for n, d in zip(numerator, denominator, strict=True))
    return np.array([round(value) for value in exact], dtype="int64")
