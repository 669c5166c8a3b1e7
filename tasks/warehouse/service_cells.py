"""What the cases of a period show of their procedures, counted in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import pyarrow as pa
from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    FromClause,
    Table,
    and_,
    case,
    false,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)

from schemas.measures import FLAGS, SERVICES, SHOWING, Listed
from schemas.period import Period
from tasks.warehouse.bulk import fetch, to_frame
from tasks.warehouse.index_counts import counted, passes
from tasks.warehouse.published import keeps_cases, known_cases
from tasks.warehouse.scores import stage_frame

_LISTED_SCHEMA = pa.schema(
    [
        pa.field("unit", pa.string(), nullable=False),
        pa.field("procedure_code", pa.string(), nullable=False),
        *(pa.field(name, pa.bool_()) for name in ("online", "fee", "population")),
    ]
)


def service_counts(
    connection: Connection, procedures: pd.DataFrame, periods: Sequence[Period], at: datetime | None = None
) -> pd.DataFrame:
    """How many procedures show, in disjoint periods: `side`, `unit`, `place` (number of the period) and, for each
    indicator of SERVICES that cases feed, the procedures of which a case received in the period shows what it asks.

    `procedures`: `tasks.rules.listed.listed`; the unit "" is the whole city. Raises nothing for overlapping periods:
    a case counts in the first.
    """
    stage = stage_frame(connection, "stage_listed", _LISTED_SCHEMA, procedures)
    placed = _placed(known_cases(at), periods)
    shows = [(func.count().filter(placed.c[name]) > 0).label(name) for name in SHOWING]
    keys = [placed.c.side, placed.c.procedure_code, placed.c.place]
    owners = [(placed.c.agency_code, [placed.c.agency_code])]
    if (procedures["unit"] == "").any():
        owners.append((literal(""), []))
    parts = [
        select(*keys, owner.label("unit"), *shows).where(or_(*(placed.c[n] for n in SHOWING))).group_by(*keys, *own)
        for owner, own in owners
    ]
    cells = union_all(*parts).subquery("cells")
    counts = {
        code: func.count().filter(_listed(stage, rule), cells.c[rule.shown_by])
        for code, rule in SERVICES.items()
        if rule.shown_by
    }
    rows = (
        select(cells.c.side, cells.c.unit, cells.c.place, *(count.label(code) for code, count in counts.items()))
        .join(stage, and_(stage.c.unit == cells.c.unit, stage.c.procedure_code == cells.c.procedure_code))
        .group_by(cells.c.side, cells.c.unit, cells.c.place)
    )
    return to_frame(fetch(connection, rows))


def _placed(cases: FromClause, periods: Sequence[Period]) -> CTE:
    """Cases received in the periods, each with its place and what it shows."""
    inside = [
        (and_(cases.c.received_day >= each.start, cases.c.received_day < each.end), place)
        for place, each in enumerate(periods)
    ]
    flags = (passes(cases, FLAGS[name].ways).label(name) for name in SHOWING)
    place = case(*inside).label("place")
    return (
        select(cases.c.side, cases.c.agency_code, cases.c.procedure_code, place, *flags)
        .where(counted(cases), cases.c.procedure_code.is_not(None), or_(*(where for where, _ in inside)))
        .cte("placed")
    )


def _listed(stage: Table, rule: Listed) -> ColumnElement[bool]:
    """Procedures on which cases decide."""
    asked = [func.coalesce(stage.c[rule.of], false())] if rule.of else []
    return and_(true(), *asked, *([stage.c[rule.fact].is_(None)] if rule.fact else []))


def service_cells(
    connection: Connection, days: Period, at: datetime | None = None, publication_id: str = ""
) -> pd.DataFrame:
    """Cases received in a period as known at `at` (or to a publication): `side`, `agency_code`, `procedure_code`, and
    how many pass each measure of SHOWING; combinations of which none does are absent."""
    cases = known_cases(at, keeps_cases(connection, publication_id))
    keys = [cases.c.side, cases.c.agency_code, cases.c.procedure_code]
    showing = {name: passes(cases, FLAGS[name].ways) for name in SHOWING}
    rows = (
        select(*keys, *(func.count().filter(way).label(name) for name, way in showing.items()))
        .where(
            counted(cases),
            cases.c.procedure_code.is_not(None),
            cases.c.received_day >= days.start,
            cases.c.received_day < days.end,
            or_(*showing.values()),
        )
        .group_by(*keys)
    )
    return to_frame(fetch(connection, rows))
