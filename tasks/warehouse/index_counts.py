"""Counts of the index, in SQL: the rules of `schemas/measures.py` and of a rule set over all cases, as known at a time.

One grouping serves every month, quarter and year of a timeline: a case is counted under the place in which it was
received, the last place in which it is still judged and the first in which it is overdue.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    case,
    extract,
    false,
    func,
    literal,
    null,
    or_,
    select,
)

from schemas.codes import END_STATUSES, Side, Status
from schemas.measures import FLAGS, Condition
from schemas.period import Timeline, day_of, midnight
from schemas.ruleset import AfterPeriod, Clock, RuleSet
from tasks.warehouse.bulk import fetch, to_frame
from tasks.warehouse.index_tables import PAIR_COLUMNS
from tasks.warehouse.published import keeps_cases, known, known_cases
from tasks.warehouse.tables import version

_TICK = timedelta(microseconds=1)
_VIETNAM_S, _DAY_S = 7 * 3600, 86_400


def index_groups(
    connection: Connection,
    rules: RuleSet,
    line: Timeline,
    by: Sequence[str] = (),
    at: datetime | None = None,
    publication_id: str = "",
) -> pd.DataFrame:
    """Sums of cases received before the timeline's end, as known at `at`: `side`, `by` (columns of the case),
    `received_place`, `last_place`, `late_from` as `tasks.rules.contribution.places` defines them, `cases`, `apart` and
    the flags. With `publication_id`, as that publication knew them, whatever was loaded since."""
    return to_frame(fetch(connection, grouped(rules, line, by, at, keeps_cases(connection, publication_id))))


def grouped(
    rules: RuleSet, line: Timeline, by: Sequence[str], at: datetime | None, publication_id: str = ""
) -> Select[Any]:
    """The query of `index_groups`."""
    known_then = known_cases(at, publication_id)
    cases = (
        select(
            known_then.c.side,
            *(known_then.c[name] for name in by),
            _received_place(known_then, line).label("received_place"),
            _last_place(known_then, rules, line).label("last_place"),
            _late_from(known_then, rules, line).label("late_from"),
            *(passes(known_then, FLAGS[name].ways).label(name) for name in FLAGS),
            _apart(known_then, rules).label("apart"),
        )
        .where(counted(known_then), known_then.c.received_day < line.edges[-1])
        .cte("placed")
    )
    keys = [cases.c.side, *(cases.c[name] for name in by)]
    keys += [cases.c[name] for name in ("received_place", "last_place", "late_from")]
    sums = [func.count().label("cases")]
    sums += [func.count().filter(cases.c[name]).label(name) for name in ("apart", *FLAGS)]
    return select(*keys, *sums).group_by(*keys)


def differing_pairs(connection: Connection, at: datetime | None = None) -> pd.DataFrame:
    """Cases that the index might count differently on the two sides: `case_code` and PAIR_COLUMNS of both sides as
    `city_<name>`, `portal_<name>`, null throughout for a missing side.

    `row_hash` covers all but the link to the population database, so the join carries these two only.
    """
    city, portal = version.alias("city"), version.alias("portal")
    narrow = [
        select(side.c.case_code, side.c.row_hash, side.c.population_linked)
        .where(side.c.side == name.value, known(side, at), counted(side))
        .cte(f"narrow_{name}")
        for side, name in ((city, Side.CITY), (portal, Side.PORTAL))
    ]
    code = func.coalesce(narrow[0].c.case_code, narrow[1].c.case_code)
    codes = (
        select(code.label("case_code"))
        .select_from(narrow[0].join(narrow[1], narrow[0].c.case_code == narrow[1].c.case_code, full=True))
        .where(
            or_(
                narrow[0].c.row_hash.is_distinct_from(narrow[1].c.row_hash),
                narrow[0].c.population_linked.is_distinct_from(narrow[1].c.population_linked),
            )
        )
        .cte("differing")
    )
    wide = (
        select(codes.c.case_code, *named_columns(city, "city"), *named_columns(portal, "portal"))
        .select_from(codes)
        .outerjoin(city, and_(city.c.case_code == codes.c.case_code, city.c.side == Side.CITY.value, known(city, at)))
        .outerjoin(
            portal, and_(portal.c.case_code == codes.c.case_code, portal.c.side == Side.PORTAL.value, known(portal, at))
        )
    )
    return to_frame(fetch(connection, wide))


def named_columns(table: FromClause, prefix: str) -> list[ColumnElement[Any]]:
    """PAIR_COLUMNS of a table of cases, labelled `<prefix>_<name>`."""
    return [table.c[name].label(f"{prefix}_{name}") for name in PAIR_COLUMNS]


def counted(table: FromClause) -> ColumnElement[bool]:
    """Cases that were received: everything else has no part in the index."""
    return and_(table.c.received_day.is_not(None), table.c.status_code != int(Status.REGISTERED))


def passes(table: FromClause, ways: Sequence[Sequence[Condition]]) -> ColumnElement[bool]:
    """Whether a case passes all conditions of at least one way."""
    met = or_(*(and_(*(_condition(table, condition) for condition in way)) for way in ways))
    return func.coalesce(met, false())


def _condition(table: FromClause, condition: Condition) -> ColumnElement[bool]:
    column = table.c[condition.column]
    if isinstance(column.type, Boolean):
        return func.coalesce(column, false()) if condition.values == (1,) else ~func.coalesce(column, false())
    return column.in_(condition.values) if condition.above is None else column > condition.above


def _apart(table: FromClause, rules: RuleSet) -> ColumnElement[bool]:
    if not rules.apart:
        return false()
    return table.c.status_code.in_(sorted(int(status) for status in rules.apart))


def _received_place(table: FromClause, line: Timeline) -> ColumnElement[int]:
    below = [(table.c.received_day < edge, place - 1) for place, edge in enumerate(line.edges)]
    return case(*below, else_=len(line))


def _ended(table: FromClause) -> ColumnElement[datetime]:
    over = table.c.status_code.in_(sorted(int(status) for status in END_STATUSES))
    return case((over, table.c.clock_stopped_at), else_=null())


def _last_place(table: FromClause, rules: RuleSet, line: Timeline) -> ColumnElement[int]:
    if not rules.cumulative:
        return _received_place(table, line)
    ended = _ended(table)
    below = [(ended < midnight(edge), place - 1) for place, edge in enumerate(line.edges[:-1])]
    return case(*below, else_=len(line) - 1)  # a case that has not ended stays to the end of the line


def _late_from(table: FromClause, rules: RuleSet, line: Timeline) -> ColumnElement[int]:
    national = rules.clock is Clock.NATIONAL
    stopped = table.c.clock_stopped_at if national else _ended(table)
    limit = table.c.deadline_at if national else table.c.due_at
    moments = line.moments()
    if rules.by_day:
        moments = tuple(midnight(day_of(at - _TICK)) for at in moments)
    running = case(*((limit < at, place) for place, at in enumerate(moments)), else_=len(line))
    late = _day(stopped) > _day(limit) if rules.by_day else stopped > limit
    at_once = literal(0) if rules.after_period is AfterPeriod.BY_ITS_END else running
    never = literal(len(line))
    return case(
        (or_(limit.is_(None), _apart(table, rules)), never), (stopped.is_(None), running), (late, at_once), else_=never
    )


def _day(at: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.floor((extract("epoch", at) + _VIETNAM_S) / _DAY_S)
