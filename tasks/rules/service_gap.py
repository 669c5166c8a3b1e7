"""The gap of an indicator that counts procedures, split exactly over mismatch kinds and on to cases.

Kinds are players, as in `tasks.rules.shapley`; here the value of a coalition is the number of procedures that show once
its repairs are made. All coalitions are visited, so the parts sum up to the gap with no remainder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import partial
from math import factorial
from typing import NamedTuple

import numpy as np
import pandas as pd

from schemas.codes import Side
from schemas.measures import MEASURES, SERVICES
from schemas.publication import Inputs
from schemas.ruleset import RuleSet
from schemas.scorecard import Indicator
from tasks.rules.attribution import Attribution, Part
from tasks.rules.score import points
from tasks.rules.services import Cells, members, services_of
from tasks.rules.shapley import MOST_PLAYERS, Price

SEPARATOR = "\x1f"
"""Between an agency and a procedure in the name of a cell."""


def with_cells(pairs: pd.DataFrame, *, by_agency: bool) -> pd.DataFrame:
    """Pairs with the cell of each side, `city_cell` and `portal_cell`: agency (nothing for the city) and procedure;
    null where one is not known."""
    found = pairs.copy()
    for side in Side:
        names = [f"{side}_agency_code", f"{side}_procedure_code"] if by_agency else [f"{side}_procedure_code"]
        known = pairs[names].notna().all(axis=1)
        cell = pairs[names[-1]].astype(object).fillna("").radd(SEPARATOR)
        if by_agency:
            cell = pairs[names[0]].astype(object).fillna("") + cell
        found[f"{side}_cell"] = cell.where(known, None)
    return found


class Flip(NamedTuple):
    """A procedure that may come to show or cease to: its cases on the portal, and what each kind would add."""

    procedure: str
    start: int
    moves: Mapping[str, int]


def shares(base: int, flips: Sequence[Flip], worth: Callable[[int], Fraction]) -> dict[str, Fraction]:
    """Each kind's Shapley value; `worth` turns a number of procedures into points. Raises ValueError for more than
    MOST_PLAYERS kinds."""
    kinds = sorted({kind for flip in flips for kind in flip.moves})
    if len(kinds) > MOST_PLAYERS:
        raise ValueError(f"{len(kinds)} kinds move one indicator; {MOST_PLAYERS} can be told apart")
    masks = np.arange(1 << len(kinds))
    bits = (masks[:, None] >> np.arange(len(kinds))) & 1
    shown = np.full(len(masks), base, dtype=np.int64)
    for flip in flips:
        shown += flip.start + bits @ np.array([flip.moves.get(kind, 0) for kind in kinds], dtype=np.int64) > 0
    sizes = bits.sum(axis=1)
    found = {}
    for place, kind in enumerate(kinds):
        without = masks[bits[:, place] == 0]
        steps = np.stack([sizes[without], shown[without], shown[without | 1 << place]], axis=1)
        met, times = np.unique(steps[steps[:, 1] != steps[:, 2]], axis=0, return_counts=True)
        value = Fraction(0)
        for (size, before, after), count in zip(met.tolist(), times.tolist(), strict=True):
            orders = factorial(size) * factorial(len(kinds) - 1 - size)
            value += count * orders * (worth(after) - worth(before))
        found[kind] = value / factorial(len(kinds))
    return found


def add_services(
    split: Attribution,
    changes: pd.DataFrame,
    causes: pd.DataFrame,
    cells: Mapping[str, tuple[Cells, Cells]],
    inputs: Inputs,
    rules: RuleSet,
) -> Attribution:
    """`split` with the parts of the indicators of SERVICES.

    `changes` are `deltas` whose units are cells (`unit SEPARATOR procedure`), `causes` their kinds; `cells`: the city's
    and the portal's by unit, all of whose gaps are split. Raises ValueError when the changes do not lead from one to
    the other.
    """
    moves = _moves(changes, causes)
    parts, rows = [*split.parts], []
    for unit, sides in cells.items():
        services = services_of(inputs, unit)
        for indicator, rule in SERVICES.items():
            found = members(indicator, services)
            if found is None or not rule.shown_by:
                continue
            base, flips = _flips(unit, indicator, found, sides, moves)
            worth = partial(_worth, rules.indicator(indicator), found[2])
            for kind, value in shares(base, flips, worth).items():
                if value:
                    parts.append(Part(unit, indicator, kind, Price(Fraction(0), Fraction(0)), value))
                    rows += _cases(unit, kind, value, flips, moves, rule.shown_by)
    extra = pd.DataFrame(rows, columns=["unit", "case_code", "kind", "points"])
    extra[list(MEASURES)] = 0
    return Attribution(tuple(parts), pd.concat([split.cases, extra[list(split.cases.columns)]], ignore_index=True))


def _worth(line: Indicator, whole: int, shown: int) -> Fraction:
    return points(line, shown, whole)


def _flips(
    unit: str, indicator: str, found: tuple[int, list[str], int], sides: tuple[Cells, Cells], moves: Moves
) -> tuple[int, list[Flip]]:
    """How many procedures of a unit show whatever is repaired, and those that repairs decide on."""
    (city, portal), (base, open_ones, _), measure = sides, found, SERVICES[indicator].shown_by
    flips = []
    for code in open_ones:
        start, by_kind = portal.get((code, measure), 0), moves.get((unit, code, measure), {})
        sums = {kind: sum(each.values()) for kind, each in by_kind.items()}
        if start + sum(sums.values()) != city.get((code, measure), 0):
            raise ValueError(f"unit {unit!r}, procedure {code}: the differing cases do not explain {indicator}")
        flip = Flip(code, start, {kind: change for kind, change in sums.items() if change})
        if flip.moves:
            flips.append(flip)
        else:
            base += start > 0
    return base, flips


Moves = dict[tuple[str, str, str], dict[str, dict[str, int]]]
"""Unit, procedure and measure -> kind -> case code -> city minus portal."""


def _moves(changes: pd.DataFrame, causes: pd.DataFrame) -> Moves:
    found: Moves = {}
    names = sorted({rule.shown_by for rule in SERVICES.values() if rule.shown_by})
    for name in names:
        where = changes[name].to_numpy() != 0
        own = changes.loc[where, ["unit", "case_code", name]].assign(kind=causes[name].to_numpy()[where])
        for cell, case, change, kind in own.itertuples(index=False, name=None):
            unit, procedure = str(cell).split(SEPARATOR)
            by_case = found.setdefault((unit, procedure, name), {}).setdefault(str(kind), {})
            by_case[str(case)] = by_case.get(str(case), 0) + int(change)
    return found


def _cases(
    unit: str, kind: str, value: Fraction, flips: Sequence[Flip], moves: Moves, measure: str
) -> list[tuple[str, str, str, Fraction]]:
    """A kind's part by case: over procedures as each of them alone would have it, then evenly over its changes."""
    moved = [flip for flip in flips if kind in flip.moves]
    alone = [shares(0, [flip], Fraction)[kind] for flip in moved]
    whole = sum(alone, Fraction(0))
    rows = []
    for flip, weight in zip(moved, alone, strict=True):
        share = value * weight / whole if whole else value / len(moved)
        own = moves[unit, flip.procedure, measure][kind]
        rows += [(unit, case, kind, share * change / flip.moves[kind]) for case, change in own.items() if share]
    return rows
