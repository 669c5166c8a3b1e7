"""Which cases to repair first: the best list for a number of pushes, and exactly what it will regain.

A push replaces the portal's record of a case by the city's, so it repairs all that differs in the case at once. The
promise is the portal's score after the pushes minus its score before, in fractions: not a sum of prices.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pandas as pd

from schemas.measures import COUNTED, MEASURES
from schemas.ruleset import RuleSet
from tasks.rules.attribution import Counts, curve
from tasks.rules.index import ratio
from tasks.rules.shown import NOTHING, Shown


@dataclass(frozen=True)
class Recommendation:
    """Case codes to push, best first, and the points that the portal's score gains when all of them arrive."""

    case_codes: tuple[str, ...]
    points: Fraction


def portal_points(portal: Counts, reported: int, rules: RuleSet) -> Fraction:
    """Points of all indicators that cases feed, from the portal's counts; `reported`: cases of the national report."""
    return sum((curve(code, rules, reported).at(*ratio(code, portal, reported)) for code in COUNTED), Fraction(0))


def promise(
    changes: pd.DataFrame, portal: Counts, reported: int, rules: RuleSet, services: Shown = NOTHING
) -> Fraction:
    """What repairing all cases of `changes` (`case_code`, MEASURES, city minus portal, one row a case) regains on the
    portal; `services`: of the indicators that count procedures."""
    added = changes[list(MEASURES)].sum()
    after = {name: portal[name] + int(added[name]) for name in MEASURES}
    regained = portal_points(after, reported, rules) - portal_points(portal, reported, rules)
    cells = services.start + services.of(changes["case_code"].tolist()).sum(axis=0)
    return regained + services.exact(cells) - services.exact(services.start)


def recommend(
    changes: pd.DataFrame,
    pushable: pd.Series,
    budget: int,
    portal: Counts,
    reported: int,
    rules: RuleSet,
    services: Shown = NOTHING,
) -> Recommendation:
    """The best list of at most `budget` pushes.

    `changes`: `case_code` and MEASURES, one row a case (`deltas` of the whole city); `pushable`: which rows a push can
    repair. Cases with the same changes are one choice. Found step by step, the case that gains most first, then
    bettered by exchanging one case for another while that gains; cases that gain nothing are left out.
    Raises ValueError for a negative budget.
    """
    if budget < 0:
        raise ValueError(f"a budget of {budget} pushes")
    able = changes.loc[pushable.to_numpy(dtype=bool)].sort_values("case_code", kind="stable")
    moves = np.hstack([able[list(MEASURES)].to_numpy(dtype=np.int64), services.of(able["case_code"].tolist())])
    kinds, first, alike = np.unique(moves, axis=0, return_index=True, return_inverse=True)
    # By their first case code: among equal gains the choice must not follow the order of the columns.
    order_of_kinds = np.argsort(first)
    kinds, alike = kinds[order_of_kinds], np.argsort(order_of_kinds)[alike.ravel()]
    codes: list[list[str]] = [[] for _ in kinds]
    for kind, code in zip(alike.tolist(), able["case_code"], strict=True):
        codes[kind].append(code)
    left = np.array([len(each) for each in codes], dtype=np.int64)
    board = _Board(kinds, left, portal, reported, rules, services)
    order = board.climb(budget)
    board.exchange(order)
    chosen = tuple(codes[kind].pop(0) for kind in order)
    picked = able.loc[able["case_code"].isin(set(chosen))]
    return Recommendation(chosen, promise(picked, portal, reported, rules, services) if chosen else Fraction(0))


def promises(
    recommended: Recommendation,
    changes: pd.DataFrame,
    portal: Counts,
    reported: int,
    rules: RuleSet,
    services: Shown = NOTHING,
) -> list[Fraction]:
    """What the first push regains, the first two, and so on to the whole list: exact points of each beginning."""
    rows = changes.set_index("case_code")[list(MEASURES)].loc[list(recommended.case_codes)].cumsum()
    cells = services.start + services.of(recommended.case_codes).cumsum(axis=0)
    now = portal_points(portal, reported, rules) + services.exact(services.start)
    found = []
    for row, shown in zip(rows.to_dict("records"), cells, strict=True):
        after = {name: portal[name] + int(row[name]) for name in MEASURES}
        found.append(portal_points(after, reported, rules) + services.exact(shown) - now)
    return found


class _Board:
    """Kinds of change, how many cases are left of each, and the portal's counts with the chosen ones repaired.

    Gains are compared in floats, which is enough to choose; the promise is computed in fractions afterwards.
    """

    def __init__(
        self, kinds: np.ndarray, left: np.ndarray, portal: Counts, reported: int, rules: RuleSet, services: Shown
    ) -> None:
        self.kinds, self.left, self.services = kinds, left, services
        self.now = np.array([*(portal[name] for name in MEASURES), *services.start.tolist()], dtype=np.int64)
        self.reported = reported
        place = {name: index for index, name in enumerate(MEASURES)}
        self.lines = [
            (
                float(rules.indicator(code).maximum),
                float(rules.indicator(code).threshold or 1),
                place[rule.numerator],
                [place[name] for name in rule.minus],
                place[rule.denominator],
                rule.whole_at_least,
            )
            for code, rule in COUNTED.items()
        ]

    def points(self, counts: np.ndarray) -> np.ndarray:
        """Points of each row of counts: MEASURES, then the cells of `services`."""
        total = self.services.points(counts[:, len(MEASURES) :])
        for maximum, threshold, numerator, minus, denominator, reported in self.lines:
            n = counts[:, numerator] - counts[:, minus].sum(axis=1)
            d = np.maximum(counts[:, denominator], self.reported) if reported else counts[:, denominator]
            total += np.where(d > 0, maximum * np.minimum(1, n / (threshold * np.maximum(d, 1))), 0)
        return total

    def _best(self, counts: np.ndarray) -> tuple[int, float]:
        """The kind of change that leads to most points from `counts`, and how many; -1 when none is left."""
        if not len(self.kinds):
            return -1, 0.0
        reached = np.where(self.left > 0, self.points(counts + self.kinds), -np.inf)
        best = int(np.argmax(reached))
        return (best, float(reached[best])) if self.left[best] > 0 else (-1, 0.0)

    def climb(self, budget: int) -> list[int]:
        order: list[int] = []
        while len(order) < budget:
            here = float(self.points(self.now[None])[0])
            best, reached = self._best(self.now)
            if best < 0 or reached <= here + 1e-12:
                break
            self._take(best)
            order.append(best)
        return order

    def exchange(self, order: list[int]) -> None:
        """Swap a chosen case for one that is left while that gains; each swap gains, so it ends."""
        gaining = True
        while gaining:
            gaining = False
            for out in sorted(set(order)):
                here = float(self.points(self.now[None])[0])
                best, reached = self._best(self.now - self.kinds[out])
                if best >= 0 and best != out and reached > here + 1e-12:
                    order[len(order) - 1 - order[::-1].index(out)] = best
                    self.left[out] += 1
                    self.now = self.now - self.kinds[out]
                    self._take(best)
                    gaining = True

    def _take(self, kind: int) -> None:
        self.left[kind] -= 1
        self.now = self.now + self.kinds[kind]


def pushable(changes: pd.DataFrame, findings: pd.DataFrame, safe: Iterable[str]) -> pd.Series:
    """Which rows of `changes` a push can repair: cases with findings, all of them of `safe` kinds and confirmed."""
    good = findings["kind"].isin([str(kind) for kind in safe]) & (findings["verdict"] == "confirmed")
    bad_codes = set(findings.loc[~good, "case_code"])
    codes = changes["case_code"]
    return codes.isin(set(findings["case_code"]) - bad_codes)
