"""Score lines of the indicators that count procedures, for many units and periods at once.

The same rules as `tasks.rules.services`, over columns: the warehouse counts what shows, the catalogue all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import pandas as pd

from schemas.codes import Side
from schemas.measures import SERVICES
from schemas.publication import Inputs
from schemas.ruleset import RuleSet
from tasks.rules.index import scaled_points

FACTS: Final = ("online", "fee", "population")


def listed(inputs: Inputs, units: Iterable[str]) -> pd.DataFrame:
    """The procedures of each unit (the city is ""): `unit`, `procedure_code` and FACTS (nullable booleans)."""
    asked = list(units)
    by_level: dict[str, list[str]] = {}
    for unit in asked:
        by_level.setdefault(inputs.levels.get(unit, ""), []).append(unit)
    known, city = set(asked), [""] if "" in asked else []
    owners: list[str] = []
    codes: list[str] = []
    facts: dict[str, list[bool | None]] = {name: [] for name in FACTS}
    for code, service in inputs.services.items():
        level = by_level.get(service.level, []) if service.level else []
        own = city + ([unit for unit in service.offices if unit in known] if service.offices else level)
        owners += own
        codes += [code] * len(own)
        for name in FACTS:
            facts[name] += [getattr(service, name)] * len(own)
    columns = {name: pd.array(values, dtype="boolean") for name, values in facts.items()}
    return pd.DataFrame({"unit": owners, "procedure_code": codes, **columns})


def listed_lines(
    procedures: pd.DataFrame, counted: pd.DataFrame, periods: Sequence[str], rules: RuleSet
) -> pd.DataFrame:
    """Lines of both sides: `unit`, `period`, `indicator`, `side`, `numerator`, `denominator`, `points` (in 1/SCALE).

    `procedures`: what `listed` gives; `counted`: `side`, `unit`, `place` (number of the period) and, for each indicator
    that cases feed, how many procedures show.
    """
    units = procedures["unit"].drop_duplicates().sort_values()
    keys = [[side.value for side in Side], units.tolist(), range(len(periods))]
    grid = pd.MultiIndex.from_product(keys, names=["side", "unit", "place"])
    shown = counted.set_index(["side", "unit", "place"]).reindex(grid, fill_value=0)
    parts = []
    for indicator, rule in SERVICES.items():
        own = procedures if not rule.of else procedures.loc[procedures[rule.of].fillna(False)]
        whole = own.groupby("unit").size()
        asked = [name for name in (rule.of, "" if rule.shown_by else rule.fact) if name]
        silent = pd.Series(False, index=units)
        for name in asked:
            silent |= ~procedures[name].notna().groupby(procedures["unit"]).any().reindex(units, fill_value=False)
        facts = own[rule.fact].fillna(False).groupby(own["unit"]).sum() if rule.fact else whole * 0
        at = grid.get_level_values("unit")
        numerator = facts.reindex(at, fill_value=0).to_numpy(dtype="int64")
        if rule.shown_by:
            numerator = numerator + shown[indicator].to_numpy(dtype="int64")
        denominator = whole.reindex(at, fill_value=0).to_numpy(dtype="int64")
        part = grid.to_frame(index=False).assign(
            indicator=indicator, numerator=numerator, denominator=denominator,
            points=scaled_points(rules.indicator(indicator), numerator, denominator),
        )  # fmt: skip
        parts.append(part.loc[~silent.reindex(at).to_numpy(dtype=bool)])
    lines = pd.concat(parts, ignore_index=True)
    names: Mapping[int, str] = dict(enumerate(periods))
    return lines.assign(period=lines["place"].map(names)).drop(columns="place")
