"""Indicators that count procedures, not cases: which procedures of a unit show what is asked, in the catalogue or by at
least one case.

A cell is a procedure of a unit with the number of its cases that pass a measure; it shows when that is above 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Final

import pandas as pd

from schemas.codes import Side
from schemas.measures import SERVICES, SHOWING
from schemas.publication import Inputs, Service
from schemas.ruleset import RuleSet
from tasks.rules.apportion import scaled
from tasks.rules.score import points

Cells = Mapping[tuple[str, str], int]
"""Cases by procedure and measure of SHOWING; absent means none."""
UNITS: Final = ["level", "unit"]


def services_of(inputs: Inputs, unit: str = "") -> dict[str, Service]:
    """The procedures of an agency by code, or of the whole city."""
    if not unit:
        return dict(inputs.services)
    level = inputs.levels.get(unit, "")
    return {code: service for code, service in inputs.services.items() if service.of(unit, level)}


def members(indicator: str, services: Mapping[str, Service]) -> tuple[int, list[str], int] | None:
    """Of an indicator: how many procedures the catalogue alone makes count, those that cases decide on, and how many
    there are in all; None where the catalogue cannot say."""
    rule = SERVICES[indicator]
    asked = [name for name in (rule.of, "" if rule.shown_by else rule.fact) if name]
    if not services or any(all(getattr(s, name) is None for s in services.values()) for name in asked):
        return None
    counted, open_ones, whole = 0, [], 0
    for code, service in services.items():
        if rule.of and not getattr(service, rule.of):
            continue
        whole += 1
        fact = getattr(service, rule.fact) if rule.fact else None
        if fact is None and rule.shown_by:
            open_ones.append(code)
        else:
            counted += bool(fact)
    return counted, open_ones, whole


def service_ratio(indicator: str, services: Mapping[str, Service], cells: Cells) -> tuple[int, int] | None:
    """Numerator and denominator of one unit and side; None where the catalogue cannot say."""
    found = members(indicator, services)
    if found is None:
        return None
    counted, open_ones, whole = found
    shown = SERVICES[indicator].shown_by
    return counted + sum(cells.get((code, shown), 0) > 0 for code in open_ones), whole


def cells_by_unit(counted: pd.DataFrame, side: Side) -> dict[str, dict[tuple[str, str], int]]:
    """Cells of one side by agency, and of the whole city under "": from `side`, `agency_code`, `procedure_code` and
    SHOWING. Cases without an agency count for the city alone."""
    own = counted.loc[counted["side"] == side.value]
    found: dict[str, dict[tuple[str, str], int]] = {"": {}}
    rows = own[["agency_code", "procedure_code", *SHOWING]].astype(object).itertuples(index=False, name=None)
    for agency, procedure, *cases in rows:
        for measure, count in zip(SHOWING, cases, strict=True):
            if count:
                key = (str(procedure), measure)
                found[""][key] = found[""].get(key, 0) + int(count)
                if isinstance(agency, str):
                    cell = found.setdefault(agency, {})
                    cell[key] = cell.get(key, 0) + int(count)
    return found


def service_lines(
    cells: Mapping[Side, Mapping[str, Cells]], inputs: Inputs, units: Iterable[tuple[str, str]], rules: RuleSet
) -> pd.DataFrame:
    """Score lines of the indicators of SERVICES, from the cells of each side by unit: `level`, `unit`, `indicator`,
    `side`, `numerator`, `denominator`, `points` (in 1/SCALE).

    `units`: level and code, the code of the city being "" here. Units without a procedure in the catalogue have no
    line."""
    rows: list[dict[str, Any]] = []
    for level, unit in units:
        services = services_of(inputs, unit)
        for indicator in SERVICES:
            for side in Side:
                pair = service_ratio(indicator, services, cells[side].get(unit, {}))
                if pair is not None:
                    head = {"level": level, "unit": unit, "indicator": indicator, "side": side.value}
                    exact = points(rules.indicator(indicator), *pair)
                    rows.append(head | {"numerator": pair[0], "denominator": pair[1], "points": scaled(exact)})
    names = [*UNITS, "indicator", "side", "numerator", "denominator", "points"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.astype(dict.fromkeys(("numerator", "denominator", "points"), "int64"))


def service_points(inputs: Inputs, cells: Cells, rules: RuleSet) -> Fraction:
    """Exact points of the whole city's indicators of SERVICES on one side."""
    services, total = services_of(inputs), Fraction(0)
    for indicator in SERVICES:
        pair = service_ratio(indicator, services, cells)
        total += points(rules.indicator(indicator), *pair) if pair else 0
    return total
