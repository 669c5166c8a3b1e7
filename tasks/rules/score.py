"""From numerators and denominators to points of the service index, exactly; and the portal's way of rounding them.

The rules and their sources are the table in `schemas/scorecard.py`. Points are Fractions until they are rounded, so a
score is never wrong by a binary digit. As a command it scores units from a file:

    python -m tasks.rules.score --units FILE.json
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from schemas.scorecard import GROUPS, INDICATORS, Indicator, ZeroDenominator, band, members

TOTAL_NAMES: Final = ("total", "TONG_SCORE")
"""Names under which the sum of all groups is published."""

_PAYMENTS: Final = frozenset({"payment_A", "payment_B", "payment_C"})
_UNIT_FIELDS: Final = _PAYMENTS | {"code", "name", "ratios", "published", "reported"}
_GROUP_NAMES: Final = {name: group.code for group in GROUPS.values() for name in (group.code, *group.published_as)}
_PUBLISHED: Final = (*INDICATORS, *_GROUP_NAMES, *TOTAL_NAMES)


class MalformedUnits(ValueError):
    """The units file cannot be scored; the message names the unit and the field."""


@dataclass(frozen=True)
class Unit:
    """One unit's inputs; what is not known is simply not in them. `reported`: cases of the national report."""

    code: str
    ratios: Mapping[str, tuple[int, int]]
    published: Mapping[str, Decimal]
    reported: int | None = None


def points(indicator: Indicator, numerator: int, denominator: int) -> Fraction:
    """Exact points of one indicator.

    A zero denominator means what the scorecard says, whatever the numerator: the portal publishes cases over a missing
    national report. Raises ValueError for a negative count and for a part that is larger than its whole.
    """
    if numerator < 0 or denominator < 0:
        raise ValueError(f"a count is negative: {numerator}/{denominator}")
    maximum = Fraction(indicator.maximum)
    if denominator == 0:
        return maximum if indicator.zero is ZeroDenominator.FULL else Fraction(0)
    if numerator > denominator:
        raise ValueError(f"the numerator is above the denominator: {numerator}/{denominator}")
    ratio = Fraction(numerator, denominator)
    if indicator.threshold is None:
        return maximum * ratio
    return min(maximum, maximum * ratio / Fraction(indicator.threshold))


def rounded(value: Fraction | Decimal | int) -> Decimal:
    """Two decimals, halves away from zero, as the portal shows points. Exact: no context, no float."""
    exact = Fraction(value)
    hundredths = (200 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return Decimal(f"{-hundredths if exact < 0 else hundredths}e-2")


def group_points(group: str, parts: Mapping[str, Fraction | Decimal | None]) -> Decimal | None:
    """A group's score: the sum of its indicators' *rounded* points, None when one of them is not known.

    The order matters: two published digitisation groups (14.18 and 12.49) are the sums of their published parts, while
    the rounded exact sums would be 14.17 and 12.51. Raises KeyError when there is no such group.
    """
    known = [parts.get(indicator.code) for indicator in members(group)]
    scores = [rounded(part) for part in known if part is not None]
    return sum(scores, Decimal(0)) if len(scores) == len(known) else None


def total_points(groups: Mapping[str, Decimal | None]) -> Decimal | None:
    """The index: the sum of the six groups, None when one of them is not known."""
    scores = [score for code in GROUPS if (score := groups.get(code)) is not None]
    return sum(scores, Decimal(0)) if len(scores) == len(GROUPS) else None


def score_unit(unit: Unit, rule: Callable[[str], Indicator] = INDICATORS.__getitem__) -> dict[str, Any]:
    """One unit's scores, rounded: `code`, `points` per indicator, `groups`, `total`; None where an input is absent.

    Where the portal published an indicator's points without its inputs, they are taken as given and listed under
    `as_published`. A group's published score never stands in for the group: it would be compared with itself. With
    published scores, `differences` holds ours minus the published one, for all that was computed here, under the name
    it was published by.
    """
    scores: dict[str, Decimal | None] = dict.fromkeys(INDICATORS)
    as_published = []
    for code in INDICATORS:
        if code in unit.ratios:
            scores[code] = rounded(points(rule(code), *unit.ratios[code]))
        elif code in unit.published:
            scores[code] = unit.published[code]
            as_published.append(code)
    groups = {group: group_points(group, scores) for group in GROUPS}
    total = total_points(groups)
    result = {"code": unit.code, "points": scores, "groups": groups, "total": total, "as_published": as_published}
    result["index"] = whole_index(groups, unit.published)
    if not unit.published:
        return result
    ours = scores | {name: groups[group] for name, group in _GROUP_NAMES.items()} | dict.fromkeys(TOTAL_NAMES, total)
    compared = unit.published.keys() - set(as_published)
    differences = {n: own - unit.published[n] for n in _PUBLISHED if n in compared and (own := ours[n]) is not None}
    return result | {"differences": differences}


def whole_index(groups: Mapping[str, Decimal | None], published: Mapping[str, Decimal]) -> dict[str, Any]:
    """The index as people quote it: `groups`, `total`, `band`, and `as_published`, the groups taken as given.

    A group whose split is not known has its published score, and says so; a group that is neither computed nor
    published leaves the total unknown.
    """
    given = {_GROUP_NAMES[name]: score for name, score in published.items() if name in _GROUP_NAMES}
    taken = [code for code, score in groups.items() if score is None and code in given]
    whole = {code: given[code] if code in taken else score for code, score in groups.items()}
    total = total_points(whole)
    named = None if total is None else band(total).label.vi
    return {"groups": whole, "total": total, "band": named, "as_published": taken}


def read_units(text: str) -> list[Unit]:
    """The units of a JSON file `{"units": [...]}`. Raises MalformedUnits, naming the unit and the field."""
    try:
        content = json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError as error:
        raise MalformedUnits(f"not JSON: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("units"), list):
        raise MalformedUnits('units: expected an object with a list "units"')
    return [_unit(raw, f"units[{place}]") for place, raw in enumerate(content["units"])]


def _unit(raw: object, place: str) -> Unit:
    fields = _object(raw, _UNIT_FIELDS, place)
    code = fields.get("code")
    if not isinstance(code, str) or not code:
        raise MalformedUnits(f"{place}: code: expected a non-empty text, not {code!r}")
    where = f"unit {code}"
    pairs = _object(fields.get("ratios"), INDICATORS, f"{where}: ratios")
    for name in _PAYMENTS & fields.keys():
        if name in pairs:
            raise MalformedUnits(f"{where}: {name}: given twice, in the unit and in its ratios")
        pairs[name] = fields[name]
    scores = _object(fields.get("published"), _PUBLISHED, f"{where}: published")
    ratios = {name: _ratio(name, pair, f"{where}: {name}") for name, pair in pairs.items()}
    reported = fields.get("reported")
    if reported is not None and (type(reported) is not int or reported < 0):
        raise MalformedUnits(f"{where}: reported: expected a number of cases, not {reported!r}")
    published = {name: _score(name, score, f"{where}: published: {name}") for name, score in scores.items()}
    return Unit(
        code,
        {name: ratio for name, ratio in ratios.items() if ratio is not None},
        {name: score for name, score in published.items() if score is not None},
        reported,
    )


def _object(raw: object, known: Collection[str], where: str) -> dict[str, Any]:
    """A JSON object with known names only, so that a misspelt one is not taken for an absent one; null is empty."""
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise MalformedUnits(f"{where}: expected an object, not {raw!r}")
    if unknown := sorted(raw.keys() - set(known)):
        raise MalformedUnits(f"{where}: {', '.join(unknown)}: no such name; known are {', '.join(sorted(known))}")
    return dict(raw)


def _ratio(name: str, pair: object, where: str) -> tuple[int, int] | None:
    """`[n, d]`, checked by scoring it once; None when the pair or one of its numbers is null."""
    if pair is None:
        return None
    if not isinstance(pair, list) or len(pair) != 2 or any(type(n) is not int for n in pair if n is not None):
        raise MalformedUnits(f"{where}: expected [numerator, denominator] in whole numbers, not {pair!r}")
    if None in pair:
        return None
    try:
        points(INDICATORS[name], *pair)
    except ValueError as error:
        raise MalformedUnits(f"{where}: {error}") from error
    return pair[0], pair[1]


def _score(name: str, value: object, where: str) -> Decimal | None:
    """A published score; null is 0 where the scorecard says that the portal counts it so, else None."""
    if value is None:
        counts = name in INDICATORS and INDICATORS[name].zero is ZeroDenominator.NULL_COUNTS_AS_ZERO
        return Decimal(0) if counts else None
    if type(value) is not int and not isinstance(value, Decimal):
        raise MalformedUnits(f"{where}: expected a number or null, not {value!r}")
    return Decimal(value)


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the scores as a JSON list on standard output; 0, or 2 with a message on standard error."""
    parser = argparse.ArgumentParser(prog="python -m tasks.rules.score", description="score units of the service index")
    parser.add_argument("--units", type=Path, required=True, metavar="FILE.json", help='{"units": [{"code": ...}]}')
    path: Path = parser.parse_args(argv).units
    try:
        results = [score_unit(unit) for unit in read_units(path.read_text(encoding="utf-8"))]
    except (OSError, UnicodeDecodeError, MalformedUnits) as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 2
    # Two decimals survive the way through a float; JSON numbers are what scripts compare.
    print(json.dumps(results, ensure_ascii=False, indent=1, default=float))
    return 0


if __name__ == "__main__":
    sys.exit(main())
