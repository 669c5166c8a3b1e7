"""The portal's public reporting answers as units: published ratios and points, to be set beside our own.

The pages behind them are neither documented nor versioned, so nothing is asked here: saved answers are read. Two shapes
have been observed: lists of metrics with `code`, `numerator`, `denominator`, `score`, and trees whose nodes carry plain
sums. A node belongs to the unit whose `departmentCode` it bears or lies under. What is not recognised is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, Final

from schemas.scorecard import INDICATORS
from tasks.rules.score import MalformedUnits, Unit

_SUMS: Final = (("totalOnTime", "totalReceived", "ON_TIME"), ("channelOnlineSum", "channelTotalSum", "3.3"))
"""Numerator and denominator as the trees name them, and the indicator that they feed."""


def units_of(answers: Iterable[Any]) -> list[Unit]:
    """Units of saved answers, by code. Raises MalformedUnits for an answer that is no success, or a count that is no
    whole number."""
    ratios: dict[str, dict[str, tuple[int, int]]] = {}
    published: dict[str, dict[str, Decimal]] = {}
    for answer in answers:
        if not isinstance(answer, dict) or answer.get("code") != "OK":
            raise MalformedUnits("a reporting answer must be an object with the code OK")
        for unit, node in _nodes(answer.get("data"), ""):
            ratios.setdefault(unit, {}).update(_ratios(node, unit))
            published.setdefault(unit, {}).update(_scores(node))
    return [Unit(unit, ratios[unit], published[unit]) for unit in sorted(ratios) if ratios[unit] or published[unit]]


def _nodes(node: Any, unit: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object below a node that belongs to a unit, with the unit's code."""
    if isinstance(node, list):
        for each in node:
            yield from _nodes(each, unit)
    elif isinstance(node, dict):
        unit = str(node.get("departmentCode") or unit)
        if unit:
            yield unit, node
        for each in node.values():
            yield from _nodes(each, unit)


def _ratios(node: dict[str, Any], unit: str) -> Iterator[tuple[str, tuple[int, int]]]:
    pairs = [(node.get(n), node.get(d), code) for n, d, code in _SUMS]
    pairs.append((node.get("numerator"), node.get("denominator"), str(node.get("code"))))
    for n, d, code in pairs:
        if code in INDICATORS and n is not None and d is not None:
            if type(n) is not int or type(d) is not int or not n >= 0 or not d >= 0:
                raise MalformedUnits(f"unit {unit}: {code}: expected whole numbers, not {n!r}/{d!r}")
            yield code, (n, d)


def _scores(node: dict[str, Any]) -> Iterator[tuple[str, Decimal]]:
    """A metric's own points; a unit's `score` without a metric is its total."""
    score = node.get("score")
    if isinstance(score, int | float) and not isinstance(score, bool):
        if node.get("code") in INDICATORS:
            yield str(node["code"]), Decimal(str(score))
        elif "departmentCode" in node and "metrics" not in node:
            yield "total", Decimal(str(score))
