"""The score of any period at every level, by several rule sets side by side. Nothing is stored.

    python -m flows.score 2025-06 [--as-of TIME] [--rules-as-of DAY ...] [--rules city_report/1 ...]
                          [--level commune] [--unit CODE] [--units FILE.json] [--csv FILE]

Without rules: those of the period's last day, today's beside them, and the city's report rules.
Exit status: 0 done; 1 it failed; 2 the command or the settings are wrong.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

from prefect import flow
from prefect.artifacts import create_table_artifact

from flows.truth import command, truthful
from tasks.period import KEYS, score_period

VALUES = ("numerator", "denominator", "points", "band")


@flow(name="score", flow_run_name="score {period}")
@truthful
def score(
    period: str,
    as_of: datetime | None = None,
    rules_as_of: Sequence[date] = (),
    rules: Sequence[str] = (),
    units_file: str = "",
) -> dict[str, Any]:
    """Judge a month, quarter or year by the rules of its day and of today, side by side, at every level."""
    result = score_period(period, as_of, list(rules_as_of), list(rules), units_file)
    city = [line for line in result["lines"] if line["level"] == "city"]
    rows = [_flat(line, result["rules"]) for line in city]
    create_table_artifact(rows, key="rules-side-by-side", description="Theo từng bộ quy tắc / By rule set")
    return result


def _flat(line: Mapping[str, Any], rules: Sequence[str]) -> dict[str, Any]:
    """A line with one column for each rule set and value; empty where a rule set has no such line."""
    row = {name: line[name] for name in KEYS}
    return row | {f"{code} {name}": line.get(code, {}).get(name, "") for code in rules for name in VALUES}


def _write(result: Mapping[str, Any], level: str, unit: str, target: IO[str]) -> None:
    columns = [*KEYS, *(f"{code} {name}" for code in result["rules"] for name in VALUES)]
    writer = csv.DictWriter(target, columns)
    writer.writeheader()
    for line in result["lines"]:
        if level in ("", line["level"]) and unit in ("", line["unit"]):
            writer.writerow(_flat(line, result["rules"]))


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m flows.score", description="the score of any period, by any rules")
    parser.add_argument("period", help="2026-10, 2026-Q4 or 2026")
    parser.add_argument("--as-of", type=datetime.fromisoformat, help="ISO time with an offset; default: the latest run")
    parser.add_argument("--rules-as-of", type=date.fromisoformat, action="append", default=[], metavar="DAY")
    parser.add_argument("--rules", action="append", default=[], metavar="CODE", help="national/2, city_report/1, ...")
    parser.add_argument("--units", default="", metavar="FILE.json", help="indicators that cases do not feed")
    parser.add_argument("--level", default="", help="city, department, commune, agency, field or procedure")
    parser.add_argument("--unit", default="", help="one unit's code")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="default: standard output")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    asked = _arguments(argv)

    def tell(result: Mapping[str, Any]) -> None:
        if asked.csv is None:
            _write(result, asked.level, asked.unit, sys.stdout)
        else:
            with asked.csv.open("w", newline="", encoding="utf-8") as target:
                _write(result, asked.level, asked.unit, target)

    return command(lambda: score(asked.period, asked.as_of, asked.rules_as_of, asked.rules, asked.units), tell)


if __name__ == "__main__":
    sys.exit(main())
