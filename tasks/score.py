"""Score: points of the city's truth and of the portal's copy, how sure they are, and what each mismatch costs."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial

import pandas as pd
from prefect import get_run_logger, task
from sqlalchemy import Connection

import settings
from schemas.codes import Side
from schemas.crash import point
from schemas.period import Period, Timeline, day_of, months, timeline
from schemas.ruleset import CITY_REPORT, NATIONAL, RuleSet, in_force, in_force_or_none
from tasks.check import check_published
from tasks.explain import Services, explain
from tasks.lines import inputs_now
from tasks.rules.index import SCALE, both_sides, score_lines, spread
from tasks.rules.listed import listed, listed_lines
from tasks.rules.scoring import (
    CountsOfUnit,
    counts_by_unit,
    interval_lines,
    no_counts,
    service_interval_lines,
)
from tasks.rules.services import cells_by_unit, service_lines, services_of
from tasks.rules.unread import CITY, unknown_cases
from tasks.warehouse import unread
from tasks.warehouse.engine import open_engine, transaction
from tasks.warehouse.index_counts import index_groups
from tasks.warehouse.scores import CITY_UNIT, WHOLE, write_intervals, write_other_scores, write_scores
from tasks.warehouse.service_cells import service_cells, service_counts


@task(name="score", tags=["score"])
def score_sides(run_id: str, as_of: datetime, days: tuple[date, date]) -> dict[str, str]:
    """Write scores of the city, its agencies and its months, the parts of each gap and the cost of each mismatch.

    Judged by the national rules in force on the day of `as_of`, and beside them by the city's report rules and, for an
    older month, by the rules of its own day. Returns the summed points of each side, rounded.
    """
    knobs = settings.current()
    rules, whole = in_force(NATIONAL, day_of(as_of)), Period(*days, WHOLE)
    periods = [whole, *months(*days)]
    line = timeline(periods, as_of)
    with transaction(open_engine(knobs), knobs) as connection:
        groups = index_groups(connection, rules, line, ["agency_code"])
        city = both_sides(spread(groups, ["side"], periods, line), ["period"]).assign(unit=CITY_UNIT)
        agencies = both_sides(spread(groups, ["side", "agency_code"], [whole], line), ["agency_code", "period"])
        lines, services = _with_services(connection, _lines(city, agencies, rules), periods, agencies, rules)
        point("score.before_lines")
        write_scores(connection, run_id, lines)
        counts = counts_by_unit(city.loc[city["period"] == WHOLE].assign(unit=CITY), "unit")
        counts.setdefault(CITY, (no_counts(), no_counts(), None))
        counts |= counts_by_unit(agencies, "agency_code")
        explain(connection, run_id, rules, line, whole, counts, services)
        write_other_scores(connection, run_id, _by_other_rules(connection, rules, line, periods, as_of))
        check_published(connection, run_id, as_of)
        _doubt(connection, run_id, rules, whole, as_of, counts, services)
        point("score.before_commit")
    point("score.after_commit")
    summed = lines.loc[lines["level"] == "city"].groupby("side")["points"].sum()
    points = {side.value: f"{int(summed.get(side.value, 0)) / SCALE:.2f}" for side in Side}
    get_run_logger().info("points of the indicators that cases feed: %s", points)
    return points


def _with_services(
    connection: Connection, lines: pd.DataFrame, periods: list[Period], agencies: pd.DataFrame, rules: RuleSet
) -> tuple[pd.DataFrame, Services]:
    """The lines with those of the indicators that count procedures, and what explains their gaps."""
    inputs, (whole, *each_month) = inputs_now(connection, ""), periods
    counted = service_cells(connection, whole)
    cells = {side: cells_by_unit(counted, side) for side in Side}
    units = [("city", CITY), *(("agency", str(code)) for code in agencies["agency_code"])]
    city = listed(inputs, [CITY])
    shown = service_counts(connection, city, each_month)
    by_month = listed_lines(city, shown, [month.name for month in each_month], rules).assign(level="month")
    own = service_lines(cells, inputs, units, rules).assign(period=WHOLE)
    own = pd.concat([own, by_month], ignore_index=True)
    gaps: dict[tuple[str, str], int] = {}
    for row in own.loc[own["period"] == WHOLE].to_dict("records"):
        key = str(row["unit"]), str(row["indicator"])
        gaps[key] = gaps.get(key, 0) + int(row["points"]) * (1 if row["side"] == Side.CITY.value else -1)
    own["unit"] = own["unit"].replace({CITY: CITY_UNIT})
    return pd.concat([lines, own], ignore_index=True), Services(inputs, cells, gaps)


def _lines(city: pd.DataFrame, agencies: pd.DataFrame, rules: RuleSet) -> pd.DataFrame:
    """Score lines of the whole city, each month and each agency."""
    level = city["period"].map(lambda period: "city" if period == WHOLE else "month")
    keys = ["level", "unit", "period"]
    units = agencies.rename(columns={"agency_code": "unit"}).assign(level="agency")
    return pd.concat(
        [score_lines(city.assign(level=level), keys, rules), score_lines(units, keys, rules)], ignore_index=True
    )


def _by_other_rules(
    connection: Connection, rules: RuleSet, line: Timeline, periods: list[Period], as_of: datetime
) -> pd.DataFrame:
    """Lines by the city's report rules, and of months by the rules of their own day where these differ: `rules` and the
    columns of `_lines`."""
    other: dict[str, tuple[RuleSet, list[Period]]] = {}
    report = in_force(CITY_REPORT, day_of(as_of))
    other[report.code] = (report, periods)
    for month in periods[1:]:
        then = in_force_or_none(NATIONAL, month.end - timedelta(days=1))
        if then and then.code != rules.code and month.end <= day_of(as_of):
            other.setdefault(then.code, (then, []))[1].append(month)
    parts = []
    for code, (judged_by, asked) in other.items():
        groups = index_groups(connection, judged_by, line, ["agency_code"])
        city = both_sides(spread(groups, ["side"], asked, line), ["period"]).assign(unit=CITY_UNIT)
        whole = [period for period in asked if period.name == WHOLE]
        keys = ["agency_code", "period"]
        none = city.head(0).drop(columns="unit").assign(agency_code="")
        agencies = both_sides(spread(groups, ["side", "agency_code"], whole, line), keys) if whole else none
        parts.append(_lines(city, agencies, judged_by).assign(rules=code))
    return pd.concat(parts, ignore_index=True)


def _doubt(
    connection: Connection,
    run_id: str,
    rules: RuleSet,
    whole: Period,
    as_of: datetime,
    counts: dict[str, CountsOfUnit],
    services: Services,
) -> None:
    """Write how far the scores can be off because of what was not read."""
    end = min(whole.end, day_of(as_of) + timedelta(days=1))
    by_day = {side: unread.received_by_day(connection, side, whole.start, end, as_of) for side in Side}
    bad = unread.bad_rows(connection, end, as_of)
    unknown = unknown_cases(bad, unread.windows(connection, as_of), by_day, whole.start, end)
    of_unit = partial(services_of, services.inputs)
    more = service_interval_lines(of_unit, services.cells, unknown, rules)
    lines = pd.concat([interval_lines(counts, unknown, rules), more], ignore_index=True)
    level = lines["unit"].map(lambda unit: "city" if unit == CITY else "agency")
    write_intervals(
        connection, run_id, lines.assign(level=level, unit=lines["unit"].replace({CITY: CITY_UNIT}), period=WHOLE)
    )
