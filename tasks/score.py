"""Score: points of the city's truth and of the portal's copy, how sure they are, and what each mismatch costs."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pandas as pd
from prefect import get_run_logger, task
from sqlalchemy import Connection

import settings
from schemas.codes import Side
from schemas.crash import point
from schemas.period import Period, Timeline, day_of, months, timeline
from schemas.ruleset import NATIONAL, RuleSet, in_force
from tasks.rules.apportion import scaled
from tasks.rules.attribution import attribute, deltas
from tasks.rules.cause import causes
from tasks.rules.index import SCALE, both_sides, score_lines, spread
from tasks.rules.plan import SAFE
from tasks.rules.recommendation import promises, pushable, recommend
from tasks.rules.scoring import CountsOfUnit, costs, counts_by_unit, interval_lines, no_counts, part_lines
from tasks.rules.unread import CITY, unknown_cases
from tasks.warehouse import reading, unread
from tasks.warehouse.engine import open_engine, transaction
from tasks.warehouse.index_counts import differing_pairs, index_groups
from tasks.warehouse.scores import (
    CITY_UNIT,
    WHOLE,
    write_advice,
    write_costs,
    write_intervals,
    write_parts,
    write_scores,
)

PUSHES = 200
"""How many pushes the list of recommended repairs holds at most."""


@task(name="score", tags=["score"])
def score_sides(run_id: str, as_of: datetime, days: tuple[date, date]) -> dict[str, str]:
    """Write scores of the city, its agencies and its months, the parts of the city's gap and the cost of each mismatch.

    Judged by the national rules in force on the day of `as_of`. Returns the summed points of each side, rounded.
    """
    knobs = settings.current()
    rules, whole = in_force(NATIONAL, day_of(as_of)), Period(*days, WHOLE)
    periods = [whole, *months(*days)]
    line = timeline(periods, as_of)
    with transaction(open_engine(knobs), knobs) as connection:
        groups = index_groups(connection, rules, line, ["agency_code"])
        city = both_sides(spread(groups, ["side"], periods, line), ["period"]).assign(unit=CITY_UNIT)
        agencies = both_sides(spread(groups, ["side", "agency_code"], [whole], line), ["agency_code", "period"])
        lines = _lines(city, agencies, rules)
        point("score.before_lines")
        write_scores(connection, run_id, lines)
        counts = counts_by_unit(city.loc[city["period"] == WHOLE].assign(unit=CITY), "unit")
        counts.setdefault(CITY, (no_counts(), no_counts(), None))
        _explain(connection, run_id, rules, line, whole, counts)
        counts |= counts_by_unit(agencies, "agency_code")
        _doubt(connection, run_id, rules, whole, as_of, counts)
        point("score.before_commit")
    point("score.after_commit")
    summed = lines.loc[lines["level"] == "city"].groupby("side")["points"].sum()
    points = {side.value: f"{int(summed.get(side.value, 0)) / SCALE:.2f}" for side in Side}
    get_run_logger().info("points of the indicators that cases feed: %s", points)
    return points


def _lines(city: pd.DataFrame, agencies: pd.DataFrame, rules: RuleSet) -> pd.DataFrame:
    """Score lines of the whole city, each month and each agency."""
    level = city["period"].map(lambda period: "city" if period == WHOLE else "month")
    keys = ["level", "unit", "period"]
    units = agencies.rename(columns={"agency_code": "unit"}).assign(level="agency")
    return pd.concat(
        [score_lines(city.assign(level=level), keys, rules), score_lines(units, keys, rules)], ignore_index=True
    )


def _explain(
    connection: Connection,
    run_id: str,
    rules: RuleSet,
    line: Timeline,
    whole: Period,
    counts: dict[str, CountsOfUnit],
) -> None:
    """Split the city's gap over kinds and cases, and choose the repairs that regain most."""
    findings = reading.open_mismatches(connection)
    changes = deltas(differing_pairs(connection), rules, line, line.span(whole))
    split = attribute(changes, causes(changes, findings), counts, rules)
    parts = part_lines(split, counts, rules)
    write_parts(connection, run_id, parts.assign(level="city", unit=CITY_UNIT, period=WHOLE))
    write_costs(connection, costs(split, parts, findings))
    _, portal, reported = counts[CITY]
    whole_count = counts[CITY][0]["received"] if reported is None else reported
    able = pushable(changes, findings, SAFE)
    best = recommend(changes, able, PUSHES, portal, whole_count, rules)
    regained = [scaled(points) for points in promises(best, changes, portal, whole_count, rules)]
    advice = pd.DataFrame({"place": range(1, len(regained) + 1), "case_code": best.case_codes, "regained": regained})
    write_advice(connection, run_id, advice)


def _doubt(
    connection: Connection,
    run_id: str,
    rules: RuleSet,
    whole: Period,
    as_of: datetime,
    counts: dict[str, CountsOfUnit],
) -> None:
    """Write how far the scores can be off because of what was not read."""
    end = min(whole.end, day_of(as_of) + timedelta(days=1))
    by_day = {side: unread.received_by_day(connection, side, whole.start, end, as_of) for side in Side}
    bad = unread.bad_rows(connection, end, as_of)
    unknown = unknown_cases(bad, unread.windows(connection, as_of), by_day, whole.start, end)
    lines = interval_lines(counts, unknown, rules)
    level = lines["unit"].map(lambda unit: "city" if unit == CITY else "agency")
    write_intervals(
        connection, run_id, lines.assign(level=level, unit=lines["unit"].replace({CITY: CITY_UNIT}), period=WHOLE)
    )
