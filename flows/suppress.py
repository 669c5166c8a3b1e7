"""Set mismatches aside until a day, with a reason; after that day they come back by themselves.

    python -m flows.suppress [--code CODE] [--kind KIND] [--agency CODE] [--procedure CODE] [--cause TEXT]
                             --until YYYY-MM-DD --reason TEXT
    python -m flows.suppress --lift ORDER      take an order back
    python -m flows.suppress --list            the orders in force

Exit status: 0 done; 1 the warehouse could not be reached; 2 the command or the settings are wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from prefect import flow

from errors import ConfigError
from flows.truth import command, truthful
from tasks.suppress import orders_in_force, set_aside, take_back

_SELECTORS = {
    "case_code": "code", "kind": "kind", "agency_code": "agency", "procedure_code": "procedure", "cause": "cause",
}  # fmt: skip


@flow(name="suppress")
@truthful
def suppress(
    until: date,
    reason: str,
    case_code: str = "",
    kind: str = "",
    agency_code: str = "",
    procedure_code: str = "",
    cause: str = "",
) -> dict[str, Any]:
    """Set aside, up to and with the day `until`, the mismatches that have all of the given values.

    Returns the order's `suppression_id` and how many open mismatches it set aside. Raises ConfigError.
    """
    given = {
        "case_code": case_code, "kind": kind, "agency_code": agency_code, "procedure_code": procedure_code,
        "cause": cause,
    }  # fmt: skip
    return set_aside({name: value for name, value in given.items() if value}, until, reason, datetime.now(UTC))


@flow(name="lift suppression")
@truthful
def lift(suppression_id: str) -> dict[str, Any]:
    """Take an order back: the next run finds its mismatches again. Raises ConfigError."""
    take_back(suppression_id, datetime.now(UTC))
    return {"lifted": suppression_id}


@flow(name="list suppressions")
@truthful
def in_force() -> dict[str, Any]:
    """The orders that hold today, as `orders`."""
    return {"orders": orders_in_force(datetime.now(UTC))}


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m flows.suppress", description="set mismatches aside until a day")
    for option, what in (
        ("code", "one case"), ("kind", "one kind of mismatch"), ("agency", "one agency"),
        ("procedure", "one procedure"), ("cause", "one cause, as the report names it"),
    ):  # fmt: skip
        parser.add_argument(f"--{option}", default="", help=what)
    parser.add_argument("--until", type=date.fromisoformat, metavar="YYYY-MM-DD", help="last day of it")
    parser.add_argument("--reason", default="", help="why; kept with the order")
    parser.add_argument("--lift", metavar="ORDER", help="take an order back")
    parser.add_argument("--list", action="store_true", help="print the orders in force")
    return parser.parse_args(argv)


def _run(asked: argparse.Namespace) -> dict[str, Any]:
    if asked.list:
        return in_force()
    if asked.lift:
        return lift(asked.lift)
    if asked.until is None:
        raise ConfigError("--until is needed")
    selected: dict[str, str] = {name: getattr(asked, option) for name, option in _SELECTORS.items()}
    given: dict[str, Any] = suppress(asked.until, asked.reason, **selected)
    return given


def main(argv: Sequence[str] | None = None) -> int:
    asked = _arguments(argv)
    return command(
        lambda: _run(asked), lambda result: print(json.dumps(result, ensure_ascii=False, indent=1, default=str))
    )


if __name__ == "__main__":
    sys.exit(main())
