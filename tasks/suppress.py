"""Suppress: set mismatches aside until a day, with a reason, or take that back."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Any

from prefect import get_run_logger, task

import settings
from errors import ConfigError
from schemas.mismatch import SELECTORS, Kind
from schemas.period import day_of
from tasks.warehouse import suppression
from tasks.warehouse.engine import create_tables, open_engine, transaction

LONGEST = timedelta(days=366)
"""Who needs longer is asked again: an order that nobody remembers hides what it was not meant for."""


@task(name="suppress", tags=["suppress"])
def set_aside(selected: dict[str, str], until: date, reason: str, at: datetime) -> dict[str, Any]:
    """Give an order over the mismatches with the selected values (names of `schemas.mismatch.SELECTORS`),
    up to and with the day `until`; returns its `suppression_id` and how many open ones it set aside.

    Raises ConfigError for an order without selection or reason, for an unknown kind, a day that is past or too far.
    """
    wrong = _wrong(selected, until, reason, day_of(at))
    if wrong:
        raise ConfigError("; ".join(wrong))
    knobs, name = settings.current(), uuid.uuid4().hex[:12]
    with transaction(open_engine(knobs), knobs) as connection:
        create_tables(connection)
        rows = suppression.give(connection, name, selected, until, reason.strip(), at)
    get_run_logger().info("order %s: %d open mismatches set aside until %s", name, rows, until)
    return {"suppression_id": name, "suppressed": rows}


def _wrong(selected: dict[str, str], until: date, reason: str, today: date) -> list[str]:
    wrong = [] if selected else ["say which mismatches: a case, kind, agency, procedure or cause"]
    if unknown := sorted(set(selected) - set(SELECTORS)):
        wrong.append(f"no mismatch is selected by {', '.join(unknown)}")
    if (kind := selected.get("kind")) and kind not in list(Kind):
        wrong.append(f"no kind of mismatch: {kind}")
    if not reason.strip():
        wrong.append("a reason is needed")
    if not today <= until <= today + LONGEST:
        wrong.append(f"the day {until} must be from {today} to {today + LONGEST}")
    return wrong


@task(name="lift", tags=["suppress"])
def take_back(suppression_id: str, at: datetime) -> None:
    """Take an order back; the next run finds its mismatches again. Raises ConfigError when it is not in force."""
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        create_tables(connection)
        suppression.lift(connection, suppression_id, at)
    get_run_logger().info("order %s is taken back", suppression_id)


@task(name="list orders", tags=["suppress"])
def orders_in_force(at: datetime) -> list[dict[str, Any]]:
    """Orders that hold on the day of `at`, the oldest first."""
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        create_tables(connection)
        known = suppression.orders(connection).astype(object)
    rows = known.where(known.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows if row["until"] >= day_of(at)]
