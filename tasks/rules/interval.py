"""How far a score can be off because of what was not read: rows in quarantine and windows without an answer.

Unknown cases are counted once as the worst they can be and once as the best, which gives an interval that holds the
true score whatever those cases are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from schemas.measures import COUNTED
from schemas.ruleset import RuleSet
from tasks.rules.attribution import curve
from tasks.rules.index import ratio


@dataclass(frozen=True)
class Unknown:
    """Cases of one side, unit and period that nobody can be sure of.

    `unread`: not counted at all, at most so many. `stale`: counted from an older record while the newer one is in
    quarantine.
    """

    unread: int = 0
    stale: int = 0


@dataclass(frozen=True)
class Interval:
    """The lowest and the highest points that are possible."""

    low: Fraction
    high: Fraction


def interval(
    code: str, counts: Mapping[str, int], unknown: Unknown, rules: RuleSet, reported: int | None = None
) -> Interval:
    """The interval of one indicator's points around the counts of one side.

    `reported`: cases of the national report, for the indicator held against it. Raises KeyError for an indicator that
    cases do not feed.
    """
    numerator, denominator = ratio(code, counts)
    rule = COUNTED[code]
    own = curve(code, rules, reported if rule.whole_at_least else None)
    worst = max(numerator - unknown.stale, 0)
    best = min(numerator + unknown.stale, denominator) + unknown.unread
    if rule.whole_at_least:  # the numerator alone decides: unread cases are there or they are not
        low, high = own.at(worst, denominator), own.at(numerator + unknown.unread, denominator)
    else:
        low, high = own.at(worst, denominator + unknown.unread), own.at(best, denominator + unknown.unread)
    now = own.at(numerator, denominator)
    return Interval(min(low, now), max(high, now))
