"""Attempts and the circuit breaker in the warehouse, on both engines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from errors import ConfigError
from schemas.case import CASE_SCHEMA
from schemas.repair import Outcome
from tasks.warehouse import repairs
from tasks.warehouse.repair_tables import attempt
from tasks.warehouse.tables import version
from tests.warehouse.conftest import Warehouse

START = datetime(2026, 3, 2, 2, tzinfo=UTC)


def row(number: int, code: str = "A", plan: str = "p", hours: int = 0) -> dict[str, Any]:
    return {
        "attempt_id": f"run-{number:04d}", "plan_digest": plan, "case_code": code, "closes": "due_differs",
        "is_updating": True, "fields": "NgayHenTra", "push_hash": "h", "before_hash": None,
        "intended_at": START + timedelta(hours=hours), "run_id": "run",
    }  # fmt: skip


def test_an_attempt_is_intended_then_settled(warehouse: Warehouse) -> None:
    with warehouse.begin() as connection:
        repairs.intend(connection, row(0, "A"))
        repairs.intend(connection, row(1, "B"))
        repairs.intend(connection, row(2, "C", plan="other"))
    with pytest.raises(IntegrityError), warehouse.begin() as connection:
        repairs.intend(connection, row(0, "D"))
    with warehouse.begin() as connection:
        assert [each["case_code"] for each in repairs.unsettled(connection)] == ["A", "B", "C"]
        assert repairs.settled_codes(connection, "p") == {"A", "B"}, "what is under way is not begun again"
        repairs.settle(connection, "run-0000", Outcome.PROVEN, "0", [], START)
        repairs.settle(connection, "run-0001", Outcome.UNKNOWN, None, [], START)
        repairs.settle(connection, "run-0002", Outcome.DIFFERS, "0", ["due_differs", "status_behind"], START)
    with warehouse.begin() as connection:
        assert [each["case_code"] for each in repairs.unsettled(connection)] == ["B"]
        repairs.settle(connection, "run-0001", Outcome.UNAPPLIED, None, [], START)
        assert repairs.settled_codes(connection, "p") == {"A"}
        a = attempt.c
        found = connection.execute(select(a.outcome, a.portal_code, a.differing).order_by(a.attempt_id)).all()
    assert found == [("proven", "0", None), ("unapplied", None, None), ("differs", "0", "due_differs, status_behind")]


def test_the_breaker_stays_open_until_it_is_reset(warehouse: Warehouse) -> None:
    with warehouse.begin() as connection:
        assert repairs.why_open(connection) is None
        for number in range(3):
            repairs.intend(connection, row(number))
            repairs.settle(connection, f"run-{number:04d}", Outcome.REFUSED, "-1", [], START)
        assert repairs.outcomes_since_reset(connection, 2) == [Outcome.REFUSED] * 2
        repairs.open_breaker(connection, "b", "3 pushes in a row", "run", START)
    with warehouse.begin() as connection:
        assert repairs.why_open(connection) == "3 pushes in a row (2026-03-02 02:00 UTC)"
        assert repairs.reset_breaker(connection, "mended", START + timedelta(hours=1)) == 1
        with pytest.raises(ConfigError):
            repairs.reset_breaker(connection, "mended", START + timedelta(hours=1))
    with warehouse.begin() as connection:
        assert repairs.why_open(connection) is None
        assert repairs.outcomes_since_reset(connection, 9) == [], "what was before is forgiven"
        repairs.intend(connection, row(3, hours=2))
        repairs.intend(connection, row(4, hours=2))
        repairs.settle(connection, "run-0004", Outcome.PROVEN, "0", [], START)
        assert repairs.outcomes_since_reset(connection, 9) == [Outcome.INTENDED, Outcome.PROVEN]


def test_the_citys_case_and_the_portals_code_for_it(warehouse: Warehouse) -> None:
    said = dict.fromkeys(CASE_SCHEMA.names) | {
        "status_code": 4, "canonical_version": 1, "row_hash": 1, "content_hash": 1, "window_start": START.date(),
        "recorded_from": START, "recorded_to": None, "run_id": "r",
    }  # fmt: skip
    rows = [("city", "A", None), ("portal", "A", "old-A"), ("city", "B", None), ("portal", "C", None)]
    with warehouse.begin() as connection:
        for side, code, own in rows:
            connection.execute(version.insert().values(said | {"side": side, "case_code": code, "own_code": own}))
        ended = {"side": "city", "case_code": "A", "status_code": 9, "recorded_to": START}
        connection.execute(version.insert().values(said | ended))
        found = repairs.cases_of(connection, ["A", "B", "C"]).sort_values("case_code")
        assert repairs.cases_of(connection, []).empty
    assert found[["case_code", "portal_code", "status_code"]].values.tolist() == [["A", "old-A", 4], ["B", "B", 4]]
    assert set(CASE_SCHEMA.names) < set(found.columns)
