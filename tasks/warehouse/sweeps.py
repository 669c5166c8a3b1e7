"""Key lists of sources against the warehouse: what a change cursor lost, and what is no longer listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa
from sqlalchemy import Connection, and_, exists, func, insert, or_, select

from schemas.codes import Side
from schemas.window import Window
from tasks.warehouse.bulk import stage
from tasks.warehouse.tables import quarantine, sweep, version

KEYS = pa.schema([pa.field("case_code", pa.string(), nullable=False)])


@dataclass(frozen=True)
class Holes:
    """Case codes of a side and month: `listed` by the source, of these `lost` (the warehouse knows no record and no row
    set aside), and `gone`: the warehouse has them under the month's days and the source does not."""

    listed: int
    lost: int
    gone: int


def compare(connection: Connection, side: Side, month: Window, files: Sequence[str]) -> Holes:
    """Hold the keys of files of KEYS (each code once) against what is stored of a side."""
    keys = stage(connection, "stage_key", KEYS, files)
    v, q = version.c, quarantine.c
    current = and_(v.side == side.value, v.recorded_to.is_(None))
    aside = and_(
        q.side == side.value,
        q.released_at.is_(None),
        or_(q.case_code == keys.c.case_code, q.probable_code == keys.c.case_code),
    )
    stored = exists().where(current, v.case_code == keys.c.case_code)
    inside = and_(v.listed_day >= month.start, v.listed_day < month.end)
    listed = exists().where(keys.c.case_code == v.case_code)
    counted = (
        select(func.count()).select_from(keys),
        select(func.count()).select_from(keys).where(~stored, ~exists().where(aside)),
        select(func.count()).select_from(version).where(current, inside, ~listed),
    )
    return Holes(*(int(connection.execute(count).scalar_one()) for count in counted))


def note(connection: Connection, run_id: str, side: Side, month: Window, at: datetime, holes: Holes) -> None:
    """Enter what a sweep found."""
    row = {"run_id": run_id, "side": side.value, "month": month.start, "read_at": at}
    connection.execute(insert(sweep).values({**row, "listed": holes.listed, "lost": holes.lost, "gone": holes.gone}))


def swept(connection: Connection) -> dict[date, datetime]:
    """First day of a month -> when it was swept last."""
    rows = select(sweep.c.month, func.max(sweep.c.read_at)).group_by(sweep.c.month)
    return dict(connection.execute(rows).tuples().all())


def first_day(connection: Connection) -> date | None:
    """The earliest day under which a stored case is listed; None when nothing is stored."""
    day: date | None = connection.execute(select(func.min(version.c.listed_day))).scalar_one()
    return day
