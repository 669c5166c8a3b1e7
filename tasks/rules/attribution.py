"""The gap between the two scores, split exactly over mismatch kinds and on to agencies, causes and cases.

gap = points of the city's truth minus points of the portal's copy. Each mismatch kind is a player that repairs its own
differences of counts; its part is its Shapley value, in fractions, so the parts sum up to the gap with no remainder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
import pandas as pd

from schemas.codes import Side
from schemas.measures import COUNTED, MEASURES
from schemas.period import Timeline
from schemas.ruleset import RuleSet
from schemas.scorecard import ZeroDenominator
from tasks.rules.contribution import CASE_COLUMNS, contributions
from tasks.rules.index import ratio
from tasks.rules.shapley import Curve, Price, prices

Counts = Mapping[str, int]
_LINE: Final = ["unit", "case_code", "kind"]


@dataclass(frozen=True)
class Part:
    """What one kind costs one unit in one indicator; `points` negative where the portal's error flatters the city."""

    unit: str
    indicator: str
    kind: str
    price: Price
    points: Fraction


@dataclass(frozen=True)
class Attribution:
    """Parts by unit, indicator and kind, and what each case has in them.

    `cases`: one row for each unit, case and kind: `unit`, `case_code`, `kind`, MEASURES (city minus portal), `points`
    (Fraction). For each unit, its parts and its cases both sum up to its gap.
    """

    parts: tuple[Part, ...]
    cases: pd.DataFrame

    def gap(self, unit: str) -> Fraction:
        return sum((part.points for part in self.parts if part.unit == unit), Fraction(0))

    def by_kind(self, unit: str) -> dict[str, Fraction]:
        """Points by kind, dearest first."""
        found: dict[str, Fraction] = {}
        for part in self.parts:
            if part.unit == unit:
                found[part.kind] = found.get(part.kind, Fraction(0)) + part.points
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def deltas(pairs: pd.DataFrame, rules: RuleSet, line: Timeline, span: tuple[int, int], unit: str = "") -> pd.DataFrame:
    """What each differing case changes in the counts of a unit: `unit`, `case_code`, `moved`, MEASURES (city minus
    portal, -1..1); rows that change nothing are left out.

    `pairs`: `case_code` and `city_<name>`, `portal_<name>` for CASE_COLUMNS and for `unit`, the column of the case that
    names its unit (agency_code, procedure_code). Without `unit` everything is one unit "". A case in two units has a
    row in each; a side without a unit counts in none.
    """
    sides = {side: _side(pairs, side, rules, line, span) for side in Side}
    change = sides[Side.CITY] - sides[Side.PORTAL]
    head = {"case_code": pairs["case_code"]}
    if not unit:
        rows = pd.DataFrame({"unit": "", **head, "moved": False, **change})
        return _changing(rows)
    names = {side: pairs[f"{side}_{unit}"].astype(object) for side in Side}
    names = {side: named.where(named.notna(), None) for side, named in names.items()}
    counts = {side: sides[side][["received", "judged"]].any(axis=1) for side in Side}
    both = counts[Side.CITY] & counts[Side.PORTAL]
    together = ~both | (names[Side.CITY] == names[Side.PORTAL])
    owner = names[Side.CITY].where(counts[Side.CITY], names[Side.PORTAL])
    one = pd.DataFrame({"unit": owner, **head, "moved": False, **change}).loc[together]
    moved = [
        pd.DataFrame({"unit": names[side], **head, "moved": True, **(sides[side] * sign)}).loc[~together]
        for side, sign in ((Side.CITY, 1), (Side.PORTAL, -1))
    ]
    return _changing(pd.concat([one, *moved], ignore_index=True))


def _side(pairs: pd.DataFrame, side: Side, rules: RuleSet, line: Timeline, span: tuple[int, int]) -> pd.DataFrame:
    cases = pairs[[f"{side}_{name}" for name in CASE_COLUMNS]].set_axis(list(CASE_COLUMNS), axis=1)
    return contributions(cases, rules, line, span)


def _changing(rows: pd.DataFrame) -> pd.DataFrame:
    changing = (rows[list(MEASURES)] != 0).any(axis=1) & rows["unit"].notna()
    return rows.loc[changing].reset_index(drop=True)


def attribute(
    changes: pd.DataFrame, causes: pd.DataFrame, counts: Mapping[str, tuple[Counts, Counts, int | None]], rules: RuleSet
) -> Attribution:
    """Split every unit's gap. `changes` are `deltas`, `causes` their kinds (MEASURES, same index); `counts` holds, for
    each unit, the city's and the portal's counts and the reported cases (None: the city's count stands for the report).

    Raises ValueError when the changes do not lead from the portal's counts to the city's.
    """
    cases = _by_kind(changes, causes)
    sums = cases.groupby(["unit", "kind"], sort=True)[list(MEASURES)].sum()
    players: dict[str, dict[str, dict[str, int]]] = {unit: {} for unit in counts}
    for (unit, kind), row in zip(sums.index, sums.to_numpy().tolist(), strict=True):
        players.setdefault(unit, {})[kind] = dict(zip(MEASURES, row, strict=True))
    parts: list[Part] = []
    for unit, by_kind in players.items():
        city, portal, reported = counts[unit]
        _check(unit, city, portal, by_kind.values())
        parts += _parts(unit, portal, city["received"] if reported is None else reported, by_kind, rules)
    return Attribution(tuple(parts), cases.assign(points=_case_points(cases, parts)))


def _by_kind(changes: pd.DataFrame, causes: pd.DataFrame) -> pd.DataFrame:
    """One row for each unit, case and kind with the changes that this kind causes."""
    values = changes[list(MEASURES)].to_numpy(dtype="int64")
    kinds = causes.to_numpy(dtype=object)
    found = []
    for kind in sorted(set(kinds[values != 0])):
        own = np.where(kinds == kind, values, 0)
        some = np.flatnonzero((own != 0).sum(axis=1))
        rows = changes.iloc[some][["unit", "case_code"]].assign(kind=kind)
        rows[list(MEASURES)] = own[some]
        found.append(rows)
    empty = pd.DataFrame(columns=[*_LINE, *MEASURES]).astype(dict.fromkeys(MEASURES, "int64"))
    return pd.concat(found, ignore_index=True) if found else empty


def _check(unit: str, city: Counts, portal: Counts, changes: Iterable[Counts]) -> None:
    rows = list(changes)
    for name in MEASURES:
        explained = sum(row[name] for row in rows)
        if city[name] - portal[name] != explained:
            raise ValueError(
                f"unit {unit!r}: {name} is {city[name]} in the city and {portal[name]} on the portal, "
                f"but the differing cases explain {explained}"
            )


def curve(code: str, rules: RuleSet, reported: int | None) -> Curve:
    """The curve of an indicator's points; `reported` matters to the one that is held against a report."""
    line = rules.indicator(code)
    maximum = Fraction(line.maximum)
    threshold = Fraction(1) if line.threshold is None else Fraction(line.threshold)
    empty = maximum if line.zero is ZeroDenominator.FULL else Fraction(0)
    return Curve(maximum, threshold, empty, reported if COUNTED[code].whole_at_least else None)


def _parts(unit: str, portal: Counts, reported: int, by_kind: Mapping[str, Counts], rules: RuleSet) -> list[Part]:
    found = []
    for code in COUNTED:
        moves = {kind: _change(code, change) for kind, change in by_kind.items()}
        for kind, price in prices(curve(code, rules, reported), ratio(code, portal), moves).items():
            dn, dd = moves[kind]
            found.append(Part(unit, code, kind, price, price.numerator * dn + price.denominator * dd))
    return found


def _change(code: str, change: Counts) -> tuple[int, int]:
    rule = COUNTED[code]
    numerator = change[rule.numerator] - sum(change[name] for name in rule.minus)
    return numerator, 0 if rule.whole_at_least else change[rule.denominator]


def _case_points(cases: pd.DataFrame, parts: Iterable[Part]) -> pd.Series:
    """Exact points of each row; rows of one unit and kind with the same changes have the same."""
    worth: dict[tuple[str, str], dict[str, Fraction]] = {}
    for part in parts:
        measures = worth.setdefault((part.unit, part.kind), dict.fromkeys(MEASURES, Fraction(0)))
        rule = COUNTED[part.indicator]
        measures[rule.numerator] += part.price.numerator
        for name in rule.minus:
            measures[name] -= part.price.numerator
        measures[rule.denominator] += part.price.denominator
    alike: dict[tuple[object, ...], Fraction] = {}
    found = []
    for unit, kind, *change in cases[["unit", "kind", *MEASURES]].itertuples(index=False, name=None):
        key = (unit, kind, *change)
        if key not in alike:
            measures = worth.get((unit, kind), {})
            alike[key] = sum(
                (n * measures[m] for m, n in zip(MEASURES, change, strict=True) if n and measures), Fraction(0)
            )
        found.append(alike[key])
    return pd.Series(found, index=cases.index, dtype=object)
