"""What could not be read, as the index needs it: rows in quarantine and days without a window, as known at a time."""

from __future__ import annotations

from datetime import date, datetime

import pandas as pd
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from schemas.codes import Side
from tasks.warehouse.bulk import fetch, to_frame
from tasks.warehouse.published import known
from tasks.warehouse.tables import quarantine, version, window


def bad_rows(connection: Connection, end: date, at: datetime) -> pd.DataFrame:
    """Rows in quarantine at `at` that may count before `end`: `side`, `agency_code` (null where nobody knows) and
    `stale`, whether an older record of the case is still counted. Rows of one case are one row; an old case is among
    them, since it may be open still.

    Owner and day are those of the case's record on either side, where there is one; else the day is its window's.
    """
    held = and_(quarantine.c.first_seen <= at, or_(quarantine.c.released_at.is_(None), quarantine.c.released_at > at))
    own, other = version.alias("own"), version.alias("other")
    day = func.coalesce(own.c.received_day, other.c.received_day, quarantine.c.window_start)
    rows = (
        select(
            quarantine.c.side,
            func.coalesce(quarantine.c.probable_code, quarantine.c.quarantine_id).label("case_code"),
            func.max(func.coalesce(own.c.agency_code, other.c.agency_code)).label("agency_code"),
            func.count(own.c.case_code).label("records"),
        )
        .outerjoin(
            own, and_(own.c.case_code == quarantine.c.probable_code, own.c.side == quarantine.c.side, known(own, at))
        )
        .outerjoin(
            other,
            and_(other.c.case_code == quarantine.c.probable_code, other.c.side != quarantine.c.side, known(other, at)),
        )
        .where(held, day < end)
        .group_by(quarantine.c.side, func.coalesce(quarantine.c.probable_code, quarantine.c.quarantine_id))
    )
    frame = to_frame(fetch(connection, rows))
    return frame.assign(stale=frame["records"] > 0)[["side", "agency_code", "stale"]]


def windows(connection: Connection, at: datetime) -> pd.DataFrame:
    """Every window read whole by `at`: `side`, `window_start`, `window_end`."""
    rows = select(window.c.side, window.c.window_start, window.c.window_end).where(window.c.read_at <= at).distinct()
    return to_frame(fetch(connection, rows))


def received_by_day(connection: Connection, side: Side, start: date, end: date, at: datetime) -> pd.DataFrame:
    """Cases of a side by received day in `[start, end)`: `agency_code`, `received_day`, `cases`."""
    inside: ColumnElement[bool] = and_(version.c.received_day >= start, version.c.received_day < end)
    rows = (
        select(version.c.agency_code, version.c.received_day, func.count().label("cases"))
        .where(version.c.side == side.value, known(version, at), inside)
        .group_by(version.c.agency_code, version.c.received_day)
    )
    return to_frame(fetch(connection, rows))
