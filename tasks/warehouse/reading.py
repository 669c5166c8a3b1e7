"""What the report asks: counts and lists of one finished run, without personal data."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, case, func, select

from schemas.lag import ALL
from schemas.mismatch import BELIEVED, Verdict
from tasks.warehouse.bulk import fetch, to_frame
from tasks.warehouse.index_tables import attribution, interval, other_score, published, recommendation, score
from tasks.warehouse.reference_tables import agency
from tasks.warehouse.tables import lag, mismatch, mismatch_event, quarantine, window

_OPEN = mismatch.c.resolved_at.is_(None)
_DISBELIEVED = (Verdict.UNKNOWN.value, Verdict.SUPPRESSED.value)


def kinds(connection: Connection) -> pd.DataFrame:
    """Open mismatches: `kind`, `verdict`, `rows`, `points` (their prices added up)."""
    m = mismatch.c
    points = func.sum(m.points_lost).label("points")
    rows = select(m.kind, m.verdict, func.count().label("rows"), points).where(_OPEN).group_by(m.kind, m.verdict)
    return to_frame(fetch(connection, rows))


def events(connection: Connection, run_id: str) -> pd.DataFrame:
    """What a run's findings did to the ledger: `kind`, `event`, `rows`."""
    e = mismatch_event.c
    rows = select(e.kind, e.event, func.count().label("rows")).where(e.run_id == run_id).group_by(e.kind, e.event)
    return to_frame(fetch(connection, rows))


def by_agency(connection: Connection) -> pd.DataFrame:
    """Open mismatches of each agency: `agency_code`, `kind`, `rows`, `points`; verdicts `unknown` and
    `suppressed` left out."""
    m = mismatch.c
    rows = (
        select(m.agency_code, m.kind, func.count().label("rows"), func.sum(m.points_lost).label("points"))
        .where(_OPEN, m.verdict.not_in(_DISBELIEVED), m.agency_code.is_not(None))
        .group_by(m.agency_code, m.kind)
    )
    return to_frame(fetch(connection, rows))


def fingerprints(connection: Connection) -> pd.DataFrame:
    """Late and confirmed mismatches by fingerprint: `agency_code`, `procedure_code`, `field`, `cause`, `rows`,
    `points`."""
    m = mismatch.c
    key = (m.agency_code, m.procedure_code, m.field, m.cause)
    rows = select(*key, func.count().label("rows"), func.sum(m.points_lost).label("points"))
    return to_frame(fetch(connection, rows.where(_OPEN, m.verdict.in_(BELIEVED)).group_by(*key)))


def lags(connection: Connection) -> pd.DataFrame:
    """Lags measured over all procedures: `direction`, `observations`, `p50_seconds`, `p99_seconds`,
    `deadline_seconds`."""
    names = ("direction", "observations", "p50_seconds", "p99_seconds", "deadline_seconds")
    rows = select(*(lag.c[name] for name in names)).where(lag.c.procedure_code == ALL).order_by(lag.c.direction)
    return to_frame(fetch(connection, rows))


def costliest(connection: Connection, limit: int) -> pd.DataFrame:
    """The open mismatches that cost most, leading kinds first among equals."""
    m = mismatch.c
    names = (
        "case_code",
        "kind",
        "field",
        "city_value",
        "portal_value",
        "verdict",
        "agency_code",
        "since",
        "points_lost",
    )
    believed = case((m.verdict == Verdict.CONFIRMED.value, 0), (m.verdict == Verdict.LATE.value, 1), else_=2)
    rows = (
        select(*(m[name] for name in names))
        .where(_OPEN, m.verdict != Verdict.SUPPRESSED.value)
        .order_by(m.points_lost.desc(), believed, m.since.asc().nulls_last(), m.case_code, m.kind)
        .limit(limit)
    )
    return to_frame(fetch(connection, rows))


def open_mismatches(connection: Connection) -> pd.DataFrame:
    """Every open mismatch: `case_code`, `kind`, `field`, `verdict`, `portal_value`."""
    m = mismatch.c
    return to_frame(fetch(connection, select(m.case_code, m.kind, m.field, m.verdict, m.portal_value).where(_OPEN)))


def confirmed(connection: Connection) -> pd.DataFrame:
    """Confirmed open mismatches: `case_code`, `kind`, `points_lost`; not those of cases of which a person set something
    aside: a push would send all of the case."""
    m, other = mismatch.c, mismatch.alias("other")
    left_alone = select(other.c.case_code).where(
        other.c.resolved_at.is_(None), other.c.verdict == Verdict.SUPPRESSED.value
    )
    believed = (_OPEN, m.verdict == Verdict.CONFIRMED.value, m.case_code.not_in(left_alone))
    rows = select(m.case_code, m.kind, m.points_lost).where(*believed)
    return to_frame(fetch(connection, rows))


def quarantined(connection: Connection) -> pd.DataFrame:
    """Open quarantine rows: `side`, `reason`, `case_code`."""
    q = quarantine.c
    rows = select(q.side, q.reason, q.case_code).where(q.released_at.is_(None)).order_by(q.side, q.reason, q.case_code)
    return to_frame(fetch(connection, rows))


def scores(connection: Connection, run_id: str) -> pd.DataFrame:
    """A run's score lines: the columns of `core_index__score` but the run."""
    s = score.c
    names = ("level", "unit", "period", "indicator", "side", "numerator", "denominator", "points")
    return to_frame(fetch(connection, select(*(s[name] for name in names)).where(s.run_id == run_id)))


def intervals(connection: Connection, run_id: str) -> pd.DataFrame:
    """A run's intervals for the whole city: `indicator`, `side`, `unread`, `stale`, `lowest`, `highest`."""
    i = interval.c
    names = ("indicator", "side", "unread", "stale", "lowest", "highest")
    rows = select(*(i[name] for name in names)).where(i.run_id == run_id, i.level == "city")
    return to_frame(fetch(connection, rows.order_by(i.indicator, i.side)))


def parts(connection: Connection, run_id: str) -> pd.DataFrame:
    """The parts of the city's gap, dearest first: `indicator`, `kind`, `points`."""
    a = attribution.c
    rows = select(a.indicator, a.kind, a.points).where(a.run_id == run_id, a.level == "city")
    return to_frame(fetch(connection, rows.order_by(a.points.desc(), a.indicator, a.kind)))


def agency_parts(connection: Connection, run_id: str) -> pd.DataFrame:
    """What each kind costs each agency's own index, dearest first: `unit`, `kind`, `points`."""
    a = attribution.c
    points = func.sum(a.points).label("points")
    rows = select(a.unit, a.kind, points).where(a.run_id == run_id, a.level == "agency").group_by(a.unit, a.kind)
    return to_frame(fetch(connection, rows.having(points != 0).order_by(a.unit, points.desc(), a.kind)))


def published_lines(connection: Connection, run_id: str) -> pd.DataFrame:
    """A run's comparison with published figures, the largest differences first: the columns of `core_index__published`
    but the run."""
    p = published.c
    names = [column.name for column in p if column.name != "run_id"]
    rows = select(*(p[name] for name in names)).where(p.run_id == run_id)
    return to_frame(fetch(connection, rows.order_by(func.abs(p.difference).desc(), p.period, p.unit, p.indicator)))


def other_scores(connection: Connection, run_id: str) -> pd.DataFrame:
    """The city's score lines by other rule sets: `rules` and the columns of `scores`."""
    o = other_score.c
    names = ("rules", "level", "unit", "period", "indicator", "side", "numerator", "denominator", "points")
    rows = select(*(o[name] for name in names)).where(o.run_id == run_id, o.level == "city")
    return to_frame(fetch(connection, rows))


def advice(connection: Connection, run_id: str) -> pd.DataFrame:
    """A run's recommended pushes, best first: `place`, `case_code`, `regained` (points of all up to this one)."""
    r = recommendation.c
    rows = select(r.place, r.case_code, r.regained).where(r.run_id == run_id).order_by(r.place)
    return to_frame(fetch(connection, rows))


def agency_names(connection: Connection) -> dict[str, str]:
    """One name for each agency code in force."""
    rows = select(agency.c.agency_code, func.min(agency.c.agency_name)).where(agency.c.valid_to.is_(None))
    return dict(connection.execute(rows.group_by(agency.c.agency_code)).tuples().all())


def side_counts(connection: Connection, run_id: str) -> pd.DataFrame:
    """A run's conservation by side: `side` and the summed counts of its windows."""
    w = window.c
    names = ("extracted", "loaded", "unchanged", "duplicate", "quarantined", "gone")
    sums = (func.sum(w[name]).label(name) for name in names)
    rows = select(w.side, *sums).where(w.run_id == run_id).group_by(w.side).order_by(w.side)
    return to_frame(fetch(connection, rows))
