"""Changes that were seen to arrive on the other side, and the lags measured from them.

Counts by interval are kept for a few months, so the store grows neither with cases nor with runs.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import CTE, Connection, Select, Table, and_, delete, func, insert, literal, select

from schemas.codes import Side
from schemas.lag import Direction
from tasks.warehouse.bulk import fetch, to_frame
from tasks.warehouse.tables import arrival, lag, version, window
from tasks.warehouse.touched import Touched


def arrived(connection: Connection, since: datetime, only: Touched | None = None) -> pd.DataFrame:
    """Changes that reads after `since` saw on the other side for the first time: `direction`, `procedure_code`,
    `changed_at` (clock of the origin), `first_with` (the read that showed it), `listed_day`.

    It is a time and not a run, because a run that was ended after its load leaves its news to the next. `only`: cases
    of which all that changed after `since` are some.

    To the portal: it now says what the city says. To the city: a case that the portal had and the city did not.
    """
    rows = version if only is None else only.versions
    news = select(rows.c.case_code).where(rows.c.recorded_from > since)
    city, portal = (_now(rows, side, news) for side in Side)
    return pd.concat(
        [
            to_frame(fetch(connection, found))
            for found in (_to_portal(city, portal, since), _to_city(rows, city, portal, since))
        ],
        ignore_index=True,
    )


def _now(rows: Table, side: Side, codes: Select[Any]) -> CTE:
    """What a side says now about the codes."""
    r = rows.c
    names = ("case_code", "row_hash", "procedure_code", "modified_at", "received_at", "recorded_from", "listed_day")
    current = and_(r.side == side.value, r.recorded_to.is_(None), r.case_code.in_(codes))
    return select(*(r[name] for name in names)).where(current).cte(f"{side}_now")


def _to_portal(city: CTE, portal: CTE, since: datetime) -> Select[Any]:
    return (
        select(
            literal(Direction.TO_PORTAL.value).label("direction"),
            city.c.procedure_code,
            city.c.modified_at.label("changed_at"),
            portal.c.recorded_from.label("first_with"),
            portal.c.listed_day,
        )
        .select_from(city.join(portal, city.c.case_code == portal.c.case_code))
        .where(portal.c.recorded_from > since, city.c.row_hash == portal.c.row_hash, city.c.modified_at.is_not(None))
    )


def _to_city(rows: Table, city: CTE, portal: CTE, since: datetime) -> Select[Any]:
    before = rows.alias("before")
    known = select(before.c.case_code).where(
        before.c.side == Side.CITY.value,
        before.c.case_code == city.c.case_code,
        before.c.recorded_from < city.c.recorded_from,
    )
    return (
        select(
            literal(Direction.TO_CITY.value).label("direction"),
            city.c.procedure_code,
            portal.c.received_at.label("changed_at"),
            city.c.recorded_from.label("first_with"),
            city.c.listed_day,
        )
        .select_from(city.join(portal, city.c.case_code == portal.c.case_code))
        .where(
            city.c.recorded_from > since,
            portal.c.recorded_from < city.c.recorded_from,
            ~known.exists(),
        )
    )


def reads_until(connection: Connection, since: datetime) -> pd.DataFrame:
    """The last read of each window at or before `since`: `side`, `window_start`, `window_end`, `read_at`."""
    w = window.c
    rows = select(w.side, w.window_start, w.window_end, func.max(w.read_at).label("read_at")).where(w.read_at <= since)
    return to_frame(fetch(connection, rows.group_by(w.side, w.window_start, w.window_end)))


def has_read(connection: Connection, since: datetime) -> bool:
    """Whether a window was read after `since` (a replay of kept rows reads none)."""
    return connection.execute(select(window.c.side).where(window.c.read_at > since).limit(1)).first() is not None


def clock_skews(connection: Connection) -> dict[Side, pd.Timedelta]:
    """How far each side's clock is ahead of ours by its latest read; sides that do not tell are absent."""
    w = window.c
    told = select(w.side, func.max(w.read_at).label("at")).where(w.clock_skew_seconds.is_not(None)).group_by(w.side)
    latest = told.subquery()
    same = and_(latest.c.side == w.side, latest.c.at == w.read_at)
    rows = select(w.side, func.avg(w.clock_skew_seconds)).join(latest, same).group_by(w.side)
    # The mean of three windows has thirds of a second; the warehouse's times have microseconds.
    return {
        Side(side): pd.Timedelta(seconds=float(skew)).round("us").as_unit("us")
        for side, skew in connection.execute(rows).tuples()
    }


def keep_counts(connection: Connection, month: date, oldest: date, counts: pd.DataFrame) -> None:
    """Add counts of arrivals (`tasks.rules.lag.COUNT_COLUMNS`) to a month's; months before `oldest` are forgotten."""
    connection.execute(delete(arrival).where(arrival.c.month < oldest))
    if counts.empty:
        return
    key = ["direction", "procedure_code", "low", "high"]
    known = select(*(arrival.c[name] for name in (*key, "arrivals"))).where(arrival.c.month == month)
    total = pd.concat([to_frame(fetch(connection, known)), counts], ignore_index=True)
    total = total.groupby(key)["arrivals"].sum().reset_index()
    connection.execute(delete(arrival).where(arrival.c.month == month))
    connection.execute(insert(arrival), _rows(total.assign(month=month)))


def kept_counts(connection: Connection) -> pd.DataFrame:
    """Arrivals of all months kept: the columns that `tasks.rules.lag.lags` takes."""
    a = arrival.c
    key = (a.direction, a.procedure_code, a.low, a.high)
    rows = select(*key, func.sum(a.arrivals).label("arrivals")).group_by(*key)
    frame = to_frame(fetch(connection, rows))
    return frame.assign(**{name: frame[name].astype("int64") for name in ("low", "high", "arrivals")})


def replace_lags(connection: Connection, lags: pd.DataFrame, at: datetime) -> None:
    """Put the lags measured now in place of the earlier ones."""
    connection.execute(delete(lag))
    if len(lags):
        connection.execute(insert(lag), _rows(lags.assign(measured_at=at)))


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.astype(object).to_dict("records")]


def measured(connection: Connection) -> pd.DataFrame:
    """The measured lags: `direction`, `procedure_code` (empty: all), `observations`, `p50_seconds`, `p99_seconds`,
    `deadline_seconds`."""
    names = ("direction", "procedure_code", "observations", "p50_seconds", "p99_seconds", "deadline_seconds")
    return to_frame(fetch(connection, select(*(lag.c[name] for name in names))))
