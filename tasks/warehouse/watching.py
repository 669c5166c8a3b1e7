"""What those who watch the runs ask: what is open, what changed since yesterday, what is usual."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, case, func, select

from schemas.codes import Side
from tasks.warehouse.index_tables import score
from tasks.warehouse.reference_tables import agency
from tasks.warehouse.tables import mismatch, mismatch_event, quarantine, run, version


def open_by_kind(connection: Connection) -> dict[str, dict[str, int]]:
    """Open mismatches: kind -> verdict -> how many."""
    m = mismatch.c
    rows = select(m.kind, m.verdict, func.count()).where(m.resolved_at.is_(None)).group_by(m.kind, m.verdict)
    found: dict[str, dict[str, int]] = {}
    for kind, verdict, count in connection.execute(rows.order_by(m.kind, m.verdict)):
        found.setdefault(kind, {})[verdict] = count
    return found


def change_since(connection: Connection, since: datetime) -> dict[str, int]:
    """How many more mismatches of each kind are open than were at `since`; kinds without a change are left out."""
    e = mismatch_event.c
    step = case((e.event.in_(("opened", "reopened")), 1), (e.event == "resolved", -1), else_=0)
    rows = select(e.kind, func.sum(step)).where(e.at > since).group_by(e.kind)
    return {kind: int(change) for kind, change in connection.execute(rows) if change}


def opened_by_run(connection: Connection, run_id: str, flow: str, since: datetime, until: datetime) -> list[int]:
    """How many mismatches each earlier run of `flow` opened; `run_id` itself is left out."""
    e = mismatch_event.c
    opened = func.count(e.run_id).filter(e.event.in_(("opened", "reopened")))
    rows = (
        select(opened)
        .select_from(run.outerjoin(mismatch_event, e.run_id == run.c.run_id))
        .where(run.c.flow == flow, run.c.run_id != run_id, run.c.as_of > since, run.c.as_of <= until)
        .group_by(run.c.run_id, run.c.as_of)
        .order_by(run.c.as_of)
    )
    return [int(count) for count in connection.execute(rows).scalars()]


def news(connection: Connection, side: Side, since: datetime) -> int:
    """How many cases a side changed or made since then, as the warehouse took them in."""
    v = version.c
    rows = select(func.count()).select_from(version).where(v.side == side.value, v.recorded_from > since)
    return int(connection.execute(rows).scalar_one())


def quarantined_rows(connection: Connection) -> dict[str, int]:
    """Rows in quarantine now, by side."""
    q = quarantine.c
    rows = select(q.side, func.count()).where(q.released_at.is_(None)).group_by(q.side).order_by(q.side)
    return dict(connection.execute(rows).tuples().all())


def earlier_scored(connection: Connection, run_id: str) -> str | None:
    """The latest run before `run_id` that has scores."""
    at = select(run.c.as_of).where(run.c.run_id == run_id).scalar_subquery()
    scored = select(score.c.run_id).distinct()
    before = (
        select(run.c.run_id).where(run.c.as_of < at, run.c.run_id.in_(scored)).order_by(run.c.as_of.desc()).limit(1)
    )
    return connection.execute(before).scalar()


def points_of(
    connection: Connection, run_id: str, level: str, unit: str, period: str
) -> dict[tuple[str, str], Decimal]:
    """A run's points of one unit: (indicator, side) -> points."""
    s = score.c
    asked = (s.run_id == run_id, s.level == level, s.unit == unit, s.period == period)
    rows = connection.execute(select(s.indicator, s.side, s.points).where(*asked))
    return {(indicator, side): points for indicator, side, points in rows}


def is_agency(connection: Connection, code: str) -> bool:
    """Whether the catalogue has, or had, an agency of that code."""
    return connection.execute(select(agency.c.agency_code).where(agency.c.agency_code == code)).first() is not None
