"""Score: indicator points of the city's truth and of the portal's copy, and the price of each mismatch."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pandas as pd
from prefect import get_run_logger, task

import settings
from schemas.codes import Side
from tasks.rules.score import rounded
from tasks.rules.scoring import COUNTS, prices, score, totals
from tasks.warehouse.engine import open_engine, transaction
from tasks.warehouse.queries import indicator_counts
from tasks.warehouse.scores import CITY_UNIT, WHOLE, write_prices, write_scores


@task(name="score", tags=["score"])
def score_sides(run_id: str, as_of: datetime, days: tuple[date, date]) -> dict[str, str]:
    """Write scores for the city, its agencies and its months; returns the summed points of each side, rounded."""
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        counts = indicator_counts(connection, as_of, *days)
        rows = [row | {"run_id": run_id} for row in _rows(counts)]
        write_scores(connection, rows)
        write_prices(connection, prices(*_whole(counts)))
    city = {side: sum(r["points"] for r in rows if r["level"] == "city" and r["side"] == side) for side in Side}
    summed = {str(side): str(rounded(value)) for side, value in city.items()}
    get_run_logger().info("points of the indicators that cases feed: %s", summed)
    return summed


def _whole(counts: pd.DataFrame) -> tuple[dict[str, int], dict[str, int]]:
    sides = totals(counts.assign(unit=CITY_UNIT), ["unit"]).get((CITY_UNIT,))
    empty = dict.fromkeys(COUNTS, 0)
    return (sides[Side.CITY], sides[Side.PORTAL]) if sides else (empty, empty)


def _rows(counts: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Score lines of the whole city, each month and each agency."""
    city = _whole(counts)
    yield from _lines("city", CITY_UNIT, WHOLE, *city)
    for (month,), sides in totals(counts, ["month"]).items():
        yield from _lines("month", CITY_UNIT, f"{month:%Y-%m}", sides[Side.CITY], sides[Side.PORTAL])
    for (agency,), sides in totals(counts.dropna(subset=["agency_code"]), ["agency_code"]).items():
        yield from _lines("agency", str(agency), WHOLE, sides[Side.CITY], sides[Side.PORTAL])


def _lines(
    level: str, unit: str, period: str, city: dict[str, int], portal: dict[str, int]
) -> Iterator[dict[str, Any]]:
    for line in score(city, portal):
        yield {
            "level": level,
            "unit": unit,
            "period": period,
            "indicator": line.indicator,
            "side": line.side.value,
            "numerator": line.numerator,
            "denominator": line.denominator,
            "points": line.points,
        }
