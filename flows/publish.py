"""The rhythm of publication: freeze a month's score, prove an old one, explain what moved.

    python -m flows.publish score 2026-10 [--as-of TIME] [--rules national/2] [--units FILE.json]
    python -m flows.publish reproduce NAME
    python -m flows.publish compare EARLIER LATER [--folder DIR]
    python -m flows.publish changes EARLIER LATER [--unit CODE]

Exit status: 0 done; 1 a publication could not be reproduced to the digit; 2 the command or the settings are wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from prefect import flow

from errors import ConfigError
from flows.truth import truthful
from schemas.period import day_of
from tasks.publish import changes, compare, publish_score, reproduce


@flow(name="publish", flow_run_name="publish {period}")
@truthful
def publish(
    period: str = "", as_of: datetime | None = None, rules: str = "", units_file: str = "", since: str = ""
) -> dict[str, Any]:
    """Freeze a period's score, prove that it can be made again, and, with `since`, say what moved since that one.

    Without a period: the month before this one. Its publication waits for late data: see the schedule.
    """
    period = period or _last_month(as_of or datetime.now(UTC))
    name = publish_score(period, as_of, rules, units_file)
    result: dict[str, Any] = {"publication": name, "proof": reproduce(name)}
    return result | ({"moved": compare(since, name)} if since else {})


def _last_month(at: datetime) -> str:
    return f"{day_of(at).replace(day=1) - timedelta(days=1):%Y-%m}"


@flow(name="reproduce", flow_run_name="reproduce {publication}")
def prove(publication: str) -> dict[str, Any]:
    """Make a past publication again and compare it line by line."""
    return reproduce(publication)


@flow(name="compare publications", flow_run_name="compare {before} {after}")
def explain(before: str, after: str, folder: str = "") -> dict[str, Any]:
    """What moved between two publications, fact by fact."""
    return compare(before, after, folder)


@flow(name="changes between publications", flow_run_name="changes {before} {after}")
@truthful
def month_to_month(before: str, after: str, unit: str = "") -> dict[str, Any]:
    """The points of two publications of any periods, and what changed, indicator by indicator."""
    return changes(before, after, unit)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m flows.publish", description="publications of the service index")
    commands = parser.add_subparsers(dest="command", required=True)
    score = commands.add_parser("score", help="freeze the score of a month, quarter or year")
    score.add_argument("period", help="2026-10, 2026-Q4 or 2026")
    score.add_argument("--as-of", type=datetime.fromisoformat, help="ISO time with an offset; default: the latest run")
    score.add_argument("--rules", default="", help="a rule set, such as national/2 or city_report/1")
    score.add_argument("--units", default="", metavar="FILE.json", help="indicators that cases do not feed")
    again = commands.add_parser("reproduce", help="make a past publication again")
    again.add_argument("publication")
    two = commands.add_parser("compare", help="explain what moved between two publications")
    two.add_argument("before")
    two.add_argument("after")
    two.add_argument("--folder", default="", help="where to write every fact as CSV")
    changed = commands.add_parser("changes", help="what changed from one period's publication to another's")
    changed.add_argument("before")
    changed.add_argument("after")
    changed.add_argument("--unit", default="", help="an agency, field or procedure; default: the city")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    asked = _arguments(argv)
    try:
        if asked.command == "score":
            result = publish(asked.period, asked.as_of, asked.rules, asked.units)
        elif asked.command == "reproduce":
            result = prove(asked.publication)
        elif asked.command == "changes":
            result = month_to_month(asked.before, asked.after, asked.unit)
        else:
            result = explain(asked.before, asked.after, asked.folder)
    except (ConfigError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(result, ensure_ascii=False, indent=1))
    proof = result.get("proof", result)
    return 0 if proof.get("identical", True) else 1


if __name__ == "__main__":
    sys.exit(main())
