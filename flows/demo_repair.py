"""The second half of the demonstration: what the run recommends is approved, pushed and proven, and a second run says
what that regained."""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import settings
from flows.daily import daily
from flows.repair import repair_apply, repair_plan
from schemas.codes import Side
from schemas.ruleset import RULE_SETS
from tasks.rules.apportion import scaled
from tasks.rules.index import SCALE
from tasks.rules.score import points
from tasks.warehouse import reading
from tasks.warehouse.engine import open_engine, transaction

RULES = RULE_SETS["national/2"]
MOST = 1_000


def repair(truth: dict[str, Any], run_id: str, token: str) -> dict[str, Any]:
    """Apply the list that a run recommends, and read both sides again; `promised_points`, `regained_points`, `pushed`
    and `proven`."""
    os.environ |= {
        "HOSO_REPAIR_WRITES": "true",
        "HOSO_PORTAL_WRITE_TOKEN": token,
        "HOSO_REPAIR_MOST_PUSHES": str(MOST),
    }
    settings.current.cache_clear()
    now = datetime.fromisoformat(truth["now"])
    before, promised = _portal_points(run_id), _promised(run_id)
    plan = repair_plan(now, run_id)
    told = repair_apply(plan["plan"], plan["digest"], now)
    start = date.fromisoformat(truth["period"]["start"]) - timedelta(days=1)
    end = date.fromisoformat(truth["period"]["end"]) + timedelta(days=2)
    again = daily(start, end, now + timedelta(seconds=1))
    regained = Decimal(scaled(_portal_points(again["run_id"]) - before)) / SCALE
    return {
        "promised_points": f"{promised:f}",
        "regained_points": f"{regained:.10f}",
        "pushed": told["pushed"],
        "proven": told["attempts"].get("proven", 0),
    }


def _promised(run_id: str) -> Decimal:
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        regained = reading.advice(connection, run_id)["regained"]
    return Decimal(regained.iloc[-1]) if len(regained) else Decimal(0)


def _portal_points(run_id: str) -> Fraction:
    """Exact points of the portal's copy, from the stored numerators and denominators."""
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        lines = reading.scores(connection, run_id)
    lines = lines[(lines["level"] == "city") & (lines["side"] == Side.PORTAL.value)]
    rows = lines[["indicator", "numerator", "denominator"]].itertuples(index=False, name=None)
    return sum((points(RULES.indicator(code), int(n), int(d)) for code, n, d in rows), Fraction(0))
