"""The lines of a publication: every level of the index, both sides, from the groups that the warehouse counted."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

import pandas as pd

from schemas.codes import Side
from schemas.period import Period, Timeline
from schemas.publication import Inputs
from schemas.publication import digest as digest_of
from schemas.ruleset import RuleSet
from tasks.rules.apportion import scaled
from tasks.rules.index import SCALE, both_sides, score_lines, spread
from tasks.rules.score import Unit, points, read_units, rounded, score_unit
from tasks.rules.services import cells_by_unit, service_lines

LINE_COLUMNS: Final = ("level", "unit", "indicator", "side", "numerator", "denominator", "points")
TOTAL: Final = "TOTAL"
"""The indicator of a unit's whole index; groups stand under their own codes. Both have no ratio: 0/0."""


def publication_lines(
    by_agency: pd.DataFrame,
    by_procedure: pd.DataFrame,
    cells: pd.DataFrame,
    period: Period,
    line: Timeline,
    rules: RuleSet,
    inputs: Inputs,
    city_unit: str,
) -> pd.DataFrame:
    """LINE_COLUMNS of the city, its agencies (by level), procedures and fields, sorted; points in steps of 1e-10.

    `by_agency`, `by_procedure`: groups with `side` and `agency_code` or `procedure_code`; `cells`: what cases show of
    their procedures (`tasks.rules.services`). Units of the inputs' file
    get their other indicators, groups and total as well. Raises MalformedUnits for a file that cannot be read.
    """
    units = {unit.code: unit for unit in read_units(inputs.units)} if inputs.units else {}
    fields = by_procedure.assign(field=by_procedure["procedure_code"].map(inputs.fields))
    parts = []
    for groups, key, level in (
        (by_agency, None, "city"),
        (by_agency, "agency_code", None),
        (by_procedure, "procedure_code", "procedure"),
        (fields, "field", "field"),
    ):
        keys = ["side", key] if key else ["side"]
        wide = both_sides(spread(groups, keys, [period], line), keys[1:] or ["period"])
        wide["unit"] = wide[key].astype(object) if key else city_unit
        wide["level"] = level or wide["unit"].map(inputs.levels).fillna("agency")
        wide["reported"] = wide["unit"].map({code: unit.reported for code, unit in units.items()}).astype("Int64")
        parts.append(score_lines(wide, ["level", "unit"], rules))
    lines = pd.concat(parts, ignore_index=True)
    lines = pd.concat([lines, _services(lines, cells, inputs, units, rules, city_unit)], ignore_index=True)
    lines = pd.concat([lines, _given(lines, units, rules)], ignore_index=True)[list(LINE_COLUMNS)]
    lines[["level", "unit"]] = lines[["level", "unit"]].astype(object)
    return lines.sort_values(["level", "unit", "indicator", "side"], ignore_index=True)


def _services(
    lines: pd.DataFrame,
    cells: pd.DataFrame,
    inputs: Inputs,
    units: Mapping[str, Unit],
    rules: RuleSet,
    city_unit: str,
) -> pd.DataFrame:
    """Lines of the indicators that count procedures, for the city and its agencies; what a units file gives stands."""
    places = lines.loc[~lines["level"].isin(["procedure", "field"]), ["level", "unit"]].drop_duplicates()
    pairs = places.itertuples(index=False, name=None)
    asked = [(str(level), "" if level == "city" else str(unit)) for level, unit in pairs]
    by_side = {side: cells_by_unit(cells, side) for side in Side}
    found = service_lines(by_side, inputs, asked, rules)
    found["unit"] = found["unit"].replace({"": city_unit})
    given = {(unit.code, code) for unit in units.values() for code in (*unit.ratios, *unit.published)}
    own = zip(found["unit"], found["indicator"], strict=True)
    return found.loc[[pair not in given for pair in own]]


def _given(lines: pd.DataFrame, units: Mapping[str, Unit], rules: RuleSet) -> pd.DataFrame:
    """Lines of units whose other indicators are given: those indicators, the groups and the total, on both sides."""
    rows: list[dict[str, Any]] = []
    for (level, code, side), own in lines.loc[lines["unit"].isin(list(units))].groupby(["level", "unit", "side"]):
        unit = units[str(code)]
        counted = {r["indicator"]: (int(r["numerator"]), int(r["denominator"])) for r in own.to_dict("records")}
        head = {"level": level, "unit": code, "side": side, "numerator": 0, "denominator": 0}
        given = {name: pair for name, pair in unit.ratios.items() if name not in counted}
        for name, (n, d) in given.items():
            exact = points(rules.indicator(name), n, d)
            rows.append(head | {"indicator": name, "numerator": n, "denominator": d, "points": scaled(exact)})
        published = {name: score for name, score in unit.published.items() if name not in counted}
        whole = score_unit(Unit(unit.code, given | counted, published), rules.indicator)
        for name in whole["as_published"]:
            rows.append(head | {"indicator": name, "points": scaled(whole["points"][name])})
        sums = whole["index"]["groups"] | {TOTAL: whole["index"]["total"]}
        rows += [head | {"indicator": n, "points": scaled(score)} for n, score in sums.items() if score is not None]
    return pd.DataFrame(rows, columns=list(LINE_COLUMNS))


def changes_between(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """What changed from one publication to another, of whatever periods: `level`, `unit`, `indicator`, `side`, and
    `before`, `after`, `change` as texts of points with two decimals. The change is that of the points as people read
    them; empty where one of the two has no such line."""
    keys = ["level", "unit", "indicator", "side"]
    both = before[[*keys, "points"]].merge(after[[*keys, "points"]], on=keys, how="outer", suffixes=("_a", "_b"))
    shown = {
        name: [
            None if pd.isna(steps) else rounded(Fraction(int(steps), SCALE)) for steps in both[column].astype("Int64")
        ]
        for name, column in (("before", "points_a"), ("after", "points_b"))
    }
    pairs = zip(shown["before"], shown["after"], strict=True)
    change = [None if old is None or new is None else new - old for old, new in pairs]
    told = {name: ["" if value is None else str(value) for value in values] for name, values in shown.items()}
    return both[keys].assign(**told, change=["" if value is None else str(value) for value in change])


def digest(lines: pd.DataFrame) -> str:
    """The digest of lines, whatever their order."""
    return digest_of(sorted(lines[list(LINE_COLUMNS)].itertuples(index=False, name=None)))


def line_differences(published: pd.DataFrame, made: pd.DataFrame) -> pd.DataFrame:
    """Lines that are not the same: the key, and numerator, denominator and points as `published_` and `made_`."""
    keys = ["level", "unit", "indicator", "side"]
    both = published.merge(made, on=keys, how="outer", suffixes=("_published", "_made"))
    values = ("numerator", "denominator", "points")
    same = pd.Series(True, index=both.index)
    for name in values:
        same &= (both[f"{name}_published"] == both[f"{name}_made"]).fillna(False).astype(bool)
    return both.loc[~same].rename(columns={f"{n}_{s}": f"{s}_{n}" for n in values for s in ("published", "made")})
