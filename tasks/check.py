"""Check: what the portal published, against our own count of its copy, with the reading that explains a difference."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection

import settings
from errors import ConfigError
from schemas.measures import COUNTED
from schemas.period import Period, timeline
from schemas.ruleset import NATIONAL, RULE_SETS, RuleSet, in_force
from tasks.rules.aggregates import Line, Ratio, against_published
from tasks.rules.apportion import scaled
from tasks.rules.index import both_sides, ratio, spread
from tasks.rules.reporting import units_of
from tasks.rules.score import MalformedUnits, Unit, read_units
from tasks.rules.scoring import CountsOfUnit, counts_by_unit
from tasks.warehouse.index_counts import index_groups
from tasks.warehouse.publications import earlier_readings
from tasks.warehouse.scores import CITY_UNIT, PUBLISHED_SCHEMA, write_published

EARLIER = 3
"""How many earlier readings are tried as the moment at which the portal counted."""

Counts = Mapping[str, CountsOfUnit]


def check_published(connection: Connection, run_id: str, as_of: datetime) -> int:
    """Compare every published figure that `published_dir` holds; returns how many differ.

    The folder holds, named for a period (2026-10, 2026-Q4, 2026), a units file `PERIOD.json` or a folder `PERIOD` with
    saved answers of the portal's reporting pages. Raises ConfigError for anything else in it.
    """
    folder = settings.current().published_dir
    found: list[dict[str, Any]] = []
    for period, units in _published(folder) if folder else ():
        found += [_row(period, line) for line in published_lines(connection, period, units, as_of)]
    if found:
        frame = pd.DataFrame(found, columns=PUBLISHED_SCHEMA.names)
        texts = ("period", "unit", "indicator", "cause")
        numbers = {name: "Int64" for name in PUBLISHED_SCHEMA.names if name not in texts}
        write_published(connection, run_id, frame.astype(numbers))
    return sum(row["difference"] != 0 for row in found)


def published_lines(connection: Connection, period: Period, units: list[Unit], as_of: datetime) -> list[Line]:
    """A line for each published indicator that cases can feed, as known at `as_of`, by the period's own rules."""
    rules = in_force(NATIONAL, period.end - timedelta(days=1))
    own = _counts(connection, rules, period, as_of)
    others = {other.code: _counts(connection, other, period, as_of) for other in RULE_SETS.values() if other != rules}
    for at in earlier_readings(connection, as_of, EARLIER):
        others[f"as of {at:%Y-%m-%d %H:%M} UTC"] = _counts(connection, rules, period, at)
    lines = []
    for unit in units:
        if unit.code not in own:
            lines += against_published(unit, {}, {}, rules)
            continue
        counted = {name: counts[unit.code] for name, counts in others.items() if unit.code in counts}
        readings = {
            "portal count stands for the report": _portal(own[unit.code], 0),
            **{name: _portal(counts, unit.reported) for name, counts in counted.items()},
            "city": {code: ratio(code, own[unit.code][0], unit.reported) for code in COUNTED},
        }
        lines += against_published(unit, _portal(own[unit.code], unit.reported), readings, rules)
    return lines


def _portal(counts: CountsOfUnit, reported: int | None) -> dict[str, Ratio]:
    city, portal, _ = counts
    return {code: ratio(code, portal, city["received"] if reported is None else reported) for code in COUNTED}


def _counts(connection: Connection, rules: RuleSet, period: Period, at: datetime) -> Counts:
    """Counts of both sides by unit: every agency, and the city under its own code."""
    line = timeline([period], at)
    groups = index_groups(connection, rules, line, ["agency_code"], at)
    city = both_sides(spread(groups, ["side"], [period], line), ["period"]).assign(unit=CITY_UNIT)
    agencies = both_sides(spread(groups, ["side", "agency_code"], [period], line), ["agency_code"])
    return counts_by_unit(agencies, "agency_code") | counts_by_unit(city, "unit")


def _published(folder: Path) -> Iterator[tuple[Period, list[Unit]]]:
    """Every period that the folder holds, with the published units."""
    for path in sorted(folder.iterdir()):
        try:
            period = Period.named(path.stem if path.is_file() else path.name)
            if path.is_dir():
                answers = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(path.glob("*.json"))]
                yield period, units_of(answers)
            else:
                yield period, read_units(path.read_text(encoding="utf-8"))
        except (ValueError, MalformedUnits) as error:
            raise ConfigError(f"published figures in {path} cannot be read: {error}") from error


def _row(period: Period, line: Line) -> dict[str, Any]:
    row: dict[str, Any] = {"period": period.name, "unit": line.unit, "indicator": line.indicator, "cause": line.cause}
    for side, pair, points in (
        ("published", line.published_ratio, line.published),
        ("recomputed", line.recomputed_ratio, line.recomputed),
    ):
        row |= {f"{side}_numerator": pair and pair[0], f"{side}_denominator": pair and pair[1]}
        row[side] = None if points is None else scaled(Fraction(points))
    return row | {"difference": None if line.difference is None else scaled(Fraction(line.difference))}
