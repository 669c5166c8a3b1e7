"""Period: the score of any month, quarter or year at every level, by several rule sets side by side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
from prefect import get_run_logger, task

import settings
from errors import ConfigError
from schemas.period import Period, day_of
from schemas.ruleset import CITY_REPORT, NATIONAL, RULE_SETS, RuleSet, in_force_or_none
from schemas.scorecard import band
from tasks.lines import inputs_now, lines_of
from tasks.rules.index import SCALE
from tasks.rules.publication import TOTAL
from tasks.rules.score import MalformedUnits
from tasks.warehouse import publications
from tasks.warehouse.engine import create_tables, open_engine, transaction

KEYS = ["level", "unit", "indicator", "side"]


@task(name="score period", tags=["score"])
def score_period(
    period: str,
    as_of: datetime | None = None,
    rules_as_of: Sequence[date] = (),
    rules: Sequence[str] = (),
    units_file: str = "",
) -> dict[str, Any]:
    """The lines of a period as known at `as_of` (default: the latest run's reading), judged by each of the rule sets.

    `rules_as_of`: the national rules in force on these days; `rules`: rule sets by code. Neither: the rules of the
    period's last day, those of the day of `as_of`, and the city's report rules. Returns `period`, `as_of`, `rules` and
    `lines`: KEYS, and under each rule set's code `numerator`, `denominator`, `points` (as text), and `band` where a
    total is known. Raises ConfigError for a period, rules or units that cannot be read.
    """
    knobs = settings.current()
    try:
        days = Period.named(period)
        units = Path(units_file).read_text(encoding="utf-8") if units_file else ""
        with transaction(open_engine(knobs), knobs) as connection:
            create_tables(connection)
            at = as_of or publications.latest_as_of(connection)
            if at is None:
                raise ConfigError("there is nothing to score: no run has filled the warehouse yet")
            asked = _rule_sets(days, at, rules_as_of, rules)
            inputs = inputs_now(connection, units)
            made = {code: lines_of(connection, days, at, judged_by, inputs) for code, judged_by in asked.items()}
    except (ValueError, KeyError, MalformedUnits) as error:
        raise ConfigError(f"cannot score {period}: {error}") from error
    lines = side_by_side(made)
    get_run_logger().info("%s as of %s by %s: %d lines", period, at, ", ".join(made), len(lines))
    return {"period": days.name, "as_of": at.isoformat(), "rules": list(made), "lines": lines}


def _rule_sets(days: Period, at: datetime, rules_as_of: Sequence[date], codes: Sequence[str]) -> dict[str, RuleSet]:
    """The rule sets to judge by, in the order asked. Raises KeyError for one that does not exist."""
    if rules_as_of or codes:
        dated = [_then(NATIONAL, day) for day in rules_as_of]
        found = [*dated, *(RULE_SETS[code] for code in codes)]
    else:
        last = days.end - timedelta(days=1)
        found = [_then(NATIONAL, last), _then(NATIONAL, max(last, day_of(at))), _then(CITY_REPORT, last)]
    return {each.code: each for each in found}


def _then(name: str, day: date) -> RuleSet:
    found = in_force_or_none(name, day)
    if found is None:
        raise KeyError(f"no rule set {name!r} was in force on {day}")
    return found


def side_by_side(made: dict[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """One line for each level, unit, indicator and side; under each rule set's code what it gives."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for code, lines in made.items():
        for row in lines.to_dict("records"):
            key = tuple(str(row[name]) for name in KEYS)
            points = Decimal(int(row["points"])) / SCALE
            told: dict[str, Any] = {
                "numerator": int(row["numerator"]),
                "denominator": int(row["denominator"]),
                "points": str(points),
            }
            if row["indicator"] == TOTAL:
                told["band"] = band(points).label.vi
            found.setdefault(key, dict(zip(KEYS, key, strict=True)))[code] = told
    return [found[key] for key in sorted(found)]
