"""Shapley values of a ratio's points, exact, as a price of the numerator and a price of the denominator.

Players change a ratio n/d by whole numbers (dn, dd). A player's value is its marginal effect averaged over all orders
in which players can come. Because points follow a ratio, each marginal effect is linear in (dn, dd) with the others
held fixed, so the value is `a * dn + b * dd`: two prices, by which it splits over the cases of the player, exactly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import factorial

import numpy as np

MOST_PLAYERS = 16
"""Beyond this the coalitions outgrow memory; the mismatch kinds that touch one ratio are fewer."""


@dataclass(frozen=True)
class Curve:
    """Points of a ratio: `maximum * min(1, n / (threshold * d))`, `empty` where d is 0.

    With `reported`, d is the larger of n and `reported`: the numerator alone decides.
    """

    maximum: Fraction
    threshold: Fraction = Fraction(1)
    empty: Fraction = Fraction(0)
    reported: int | None = None

    def at(self, n: int, d: int) -> Fraction:
        if self.reported is not None:
            d = max(n, self.reported)
        if d == 0:
            return self.empty
        return min(self.maximum, self.maximum * n / (self.threshold * d))


@dataclass(frozen=True)
class Price:
    """Points of one more in the numerator and of one more in the denominator, within one player."""

    numerator: Fraction
    denominator: Fraction


def prices(curve: Curve, start: tuple[int, int], players: Mapping[str, tuple[int, int]]) -> dict[str, Price]:
    """Each player's prices: `numerator * dn + denominator * dd` sums up to exactly `curve.at(end) - curve.at(start)`.

    Players that change nothing are absent. Raises ValueError for more than MOST_PLAYERS players.
    """
    moving = {name: change for name, change in players.items() if change != (0, 0)}
    if len(moving) > MOST_PLAYERS:
        raise ValueError(f"{len(moving)} players move one ratio; {MOST_PLAYERS} can be told apart")
    names = sorted(moving)
    changes = np.array([moving[name] for name in names], dtype=np.int64).reshape(len(names), 2)
    found = {}
    for place, name in enumerate(names):
        others = np.delete(changes, place, axis=0)
        found[name] = _price(curve, moving[name], _coalitions(start, others), factorial(len(names)))
    return found


def _coalitions(start: tuple[int, int], others: np.ndarray) -> dict[tuple[int, int], int]:
    """The ratios that a player can meet, each with the number of orders in which it does."""
    met = np.array([start], dtype=np.int64)
    sizes = np.zeros(1, dtype=np.int64)
    for change in others:
        met = np.concatenate([met, met + change])
        sizes = np.concatenate([sizes, sizes + 1])
    players = len(others)
    orders = [factorial(size) * factorial(players - size) for size in range(players + 1)]
    found: dict[tuple[int, int], int] = defaultdict(int)
    for n, d, size in zip(met[:, 0].tolist(), met[:, 1].tolist(), sizes.tolist(), strict=True):
        found[n, d] += orders[size]
    return found


def _price(curve: Curve, change: tuple[int, int], met: Mapping[tuple[int, int], int], orders: int) -> Price:
    """Prices of one player: those of each meeting, weighted by its orders."""
    dn, dd = change
    top, bottom, odd = defaultdict[int, int](int), defaultdict[int, int](int), [Fraction(0), Fraction(0)]
    slope = curve.maximum / curve.threshold
    over, under = curve.threshold.numerator, curve.threshold.denominator
    for (n, d), weight in met.items():
        n1, d1 = n + dn, d + dd
        plain = curve.reported is None and d > 0 and d1 > 0
        below = n * under <= over * d, n1 * under <= over * d1
        if plain and all(below):
            top[d1] += weight
            bottom[d * d1] -= weight * n
        elif not plain or any(below):
            a, b = _bent(curve, (n, d), (n1, d1))
            odd[0] += weight * a
            odd[1] += weight * b
    return Price(
        (slope * _total(top) + odd[0]) / orders, (slope * _total(bottom) + odd[1]) / orders if dd else Fraction(0)
    )


def _bent(curve: Curve, before: tuple[int, int], after: tuple[int, int]) -> tuple[Fraction, Fraction]:
    """Prices of a step that crosses the threshold, or begins or ends with nothing counted: the straight prices, scaled
    to the points that the step is worth; the numerator's alone where the denominator has no straight price."""
    (n, d), (n1, d1) = before, after
    worth = curve.at(n1, d1) - curve.at(n, d)
    if curve.reported is None and d > 0 and d1 > 0:
        straight = Fraction(n1, d1) - Fraction(n, d)
        scale = worth / straight if straight else Fraction(0)
        return scale / d1, -scale * n / (d * d1)
    if n1 != n:
        return worth / (n1 - n), Fraction(0)
    return Fraction(0), worth / (d1 - d) if d1 != d else Fraction(0)


def _total(terms: Mapping[int, int]) -> Fraction:
    """The sum of `value / key`, added up pairwise: one reduction at the end instead of one for each term."""
    parts = [(value, key) for key, value in terms.items()]
    while len(parts) > 1:
        paired = [(a * q + b * p, p * q) for (a, p), (b, q) in zip(parts[::2], parts[1::2], strict=False)]
        parts = paired + parts[len(paired) * 2 :]
    return Fraction(*parts[0]) if parts else Fraction(0)
