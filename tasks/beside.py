"""Beside: the points that a run gave, next to those that the latest run before it gave by the rules of its day."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from prefect import task
from prefect.artifacts import create_table_artifact

import settings
from schemas.scorecard import INDICATORS
from tasks.warehouse.engine import open_engine, transaction
from tasks.warehouse.scores import CITY_UNIT, WHOLE
from tasks.warehouse.watching import earlier_scored, points_of


@task(name="beside", tags=["score"])
def beside(run_id: str, agency: str = "") -> list[dict[str, Any]]:
    """The table `then-and-now`: indicator, side, points then and now, for the city or one agency; empty without an
    earlier run that was scored. Both runs keep their own range of days: the table names them."""
    knobs = settings.current()
    unit = ("agency", agency) if agency else ("city", CITY_UNIT)
    with transaction(open_engine(knobs), knobs) as connection:
        then = earlier_scored(connection, run_id)
        if then is None:
            return []
        before, now = (points_of(connection, each, *unit, WHOLE) for each in (then, run_id))
    rows = [
        {
            "Chỉ tiêu / indicator": INDICATORS[indicator].label.vi if indicator in INDICATORS else indicator,
            "Bên / side": side,
            f"Khi đó / then ({then})": _shown(before.get((indicator, side))),
            f"Nay / now ({run_id})": _shown(now.get((indicator, side))),
        }
        for indicator, side in sorted(before.keys() | now.keys())
    ]
    create_table_artifact(rows, key="then-and-now", description="Luật khi đó và nay / Rules of then and now")
    return rows


def _shown(points: Decimal | None) -> str:
    return "–" if points is None else f"{points:.4f}"
