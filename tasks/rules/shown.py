"""The procedures of a city that pushes may make show, or cease to, and what the portal's score has of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pandas as pd

from schemas.measures import SERVICES
from schemas.publication import Inputs
from schemas.ruleset import RuleSet
from schemas.scorecard import Indicator
from tasks.rules.score import points
from tasks.rules.service_gap import SEPARATOR
from tasks.rules.services import Cells, members, services_of


@dataclass(frozen=True)
class Row:
    """One indicator: procedures that show whatever is pushed, procedures in all, and the cells that decide on the
    others."""

    indicator: Indicator
    base: int
    whole: int
    cells: np.ndarray


@dataclass(frozen=True)
class Shown:
    """`start`: the portal's cases of each cell that can flip; `changes`: what each case adds to them (index: case code,
    one column a cell)."""

    start: np.ndarray
    changes: pd.DataFrame
    rows: tuple[Row, ...]

    def of(self, codes: Sequence[str]) -> np.ndarray:
        """What each of the cases adds to each cell: one row a case."""
        return self.changes.reindex(list(codes), fill_value=0).to_numpy(dtype=np.int64)

    def points(self, counts: np.ndarray) -> np.ndarray:
        """Points of each row of counts, in floats."""
        total = np.zeros(len(counts))
        for row in self.rows:
            shown = row.base + (counts[:, row.cells] > 0).sum(axis=1)
            share = shown / (float(row.indicator.threshold or 1) * max(row.whole, 1))
            total += float(row.indicator.maximum) * np.minimum(1, share)
        return total

    def exact(self, counts: np.ndarray) -> Fraction:
        """Points of one row of counts."""
        total = Fraction(0)
        for row in self.rows:
            total += points(row.indicator, row.base + int((counts[row.cells] > 0).sum()), row.whole)
        return total


NOTHING = Shown(np.zeros(0, dtype=np.int64), pd.DataFrame(index=pd.Index([], dtype=object)), ())


def shown(changes: pd.DataFrame, portal: Cells, inputs: Inputs, rules: RuleSet) -> Shown:
    """`changes`: `deltas` of the whole city whose units are cells (SEPARATOR and a procedure); `portal`: its cells."""
    services = services_of(inputs)
    procedures = changes["unit"].astype(object).str.split(SEPARATOR).str[1]
    columns: list[pd.Series] = []
    start: list[int] = []
    rows = []
    for indicator, rule in SERVICES.items():
        found = members(indicator, services)
        if found is None or not rule.shown_by or found[2] == 0:
            continue
        base, open_ones, whole = found
        moved = changes.loc[(changes[rule.shown_by] != 0) & procedures.isin(open_ones)]
        by_procedure = dict(list(moved.groupby(procedures.loc[moved.index])))
        cells = []
        for code in open_ones:
            here = portal.get((code, rule.shown_by), 0)
            own = by_procedure.get(code)
            values = None if own is None else own.groupby("case_code")[rule.shown_by].sum()
            if values is None or here + values.clip(upper=0).sum() > 0 or here + values.clip(lower=0).sum() <= 0:
                base += here > 0
                continue
            cells.append(len(columns))
            columns.append(values.rename(len(columns)))
            start.append(here)
        rows.append(Row(rules.indicator(indicator), int(base), whole, np.array(cells, dtype=np.int64)))
    table = pd.concat(columns, axis=1).fillna(0).astype("int64") if columns else NOTHING.changes
    return Shown(np.array(start, dtype=np.int64), table, tuple(rows))
