"""The portal's published figures against our own, unit by unit and indicator by indicator, with the cause where one is
known.

The published score stays authoritative: a recomputation explains it, and every difference is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from schemas.measures import COUNTED
from schemas.ruleset import RuleSet
from schemas.scorecard import INDICATORS
from tasks.rules.score import Unit, points, rounded

Ratio = tuple[int, int]
UNEXPLAINED: Final = ""
MATCHES: Final = "matches"
ROUNDING: Final = "rounding"
UNKNOWN_UNIT: Final = "unit not known here"
TOLERANCE: Final = Decimal("0.01")
"""Two decimals on either side: points that differ by no more may be one number rounded twice."""


@dataclass(frozen=True)
class Line:
    """One indicator of one unit: published and recomputed ratio and points (None where not known), the difference of
    points (recomputed minus published), and its cause: `matches`, `rounding`, the name of the reading that reproduces
    the published figure, or nothing."""

    unit: str
    indicator: str
    published_ratio: Ratio | None
    published: Decimal
    recomputed_ratio: Ratio | None
    recomputed: Decimal | None
    difference: Decimal | None
    cause: str


def against_published(
    unit: Unit, own: Mapping[str, Ratio], readings: Mapping[str, Mapping[str, Ratio]], rules: RuleSet
) -> list[Line]:
    """A line for each indicator that is published and that cases can feed, in the order of the scorecard.

    `own`: our ratios from the portal's copy, empty for a unit without a case here. `readings`: other ways to count by
    name (another rule set or moment, the city's truth), likeliest first; the first that gives the published figure is
    named as the cause.
    """
    lines = []
    for code in INDICATORS:
        published, given = unit.published.get(code), unit.ratios.get(code)
        if code not in COUNTED or (published is None and given is None):
            continue
        theirs = published if published is not None else rounded(points(rules.indicator(code), *(given or (0, 0))))
        if code not in own:
            lines.append(Line(unit.code, code, given, theirs, None, None, None, UNKNOWN_UNIT))
            continue
        ours = rounded(points(rules.indicator(code), *own[code]))
        cause = _cause(code, given, theirs, own[code], readings, rules)
        lines.append(Line(unit.code, code, given, theirs, own[code], ours, ours - theirs, cause))
    return lines


def _cause(
    code: str,
    given: Ratio | None,
    theirs: Decimal,
    own: Ratio,
    readings: Mapping[str, Mapping[str, Ratio]],
    rules: RuleSet,
) -> str:
    if given is not None and given == own:
        ours = rounded(points(rules.indicator(code), *own))
        return MATCHES if ours == theirs else ROUNDING if abs(ours - theirs) <= TOLERANCE else UNEXPLAINED
    if given is None and rounded(points(rules.indicator(code), *own)) == theirs:
        return MATCHES
    for name, ratios in readings.items():
        if code in ratios and (
            ratios[code] == given
            if given is not None
            else rounded(points(rules.indicator(code), *ratios[code])) == theirs
        ):
            return name
    return UNEXPLAINED
