"""What an incremental reconcile has to look at again: temporary tables of case codes and of their versions.

A full reconcile limited to these codes leaves the ledger as a full one would, so every reason for which a finding can
come, change or go is here: the case's own versions and bad rows, its age, an order, a deadline that passed, a
look-alike. The versions are copied in one pass over the warehouse, and whoever asks about these cases asks the copy.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Select, Table, Text, and_, exists, func, or_, select, union

from schemas.mismatch import Kind, Verdict
from tasks.warehouse.bulk import analyze, temporary
from tasks.warehouse.tables import mismatch, quarantine, suppression, version

_UNCOPIED = frozenset({"record_id", "population_linked", "content_hash", "window_start", "landing_file", "run_id"})
"""Columns of a version that no question about a touched case names."""
_RESIDUE = (Kind.AMBIGUOUS.value, Kind.MISSING_ON_PORTAL.value, Kind.MISSING_IN_CITY.value)
_OPEN = mismatch.c.resolved_at.is_(None)
_AMBIGUOUS = mismatch.c.kind == Kind.AMBIGUOUS.value
_CURRENT = version.c.recorded_to.is_(None)


class Touched(NamedTuple):
    """What to look at again: `codes`, a table of `case_code`, each once; `versions`, a table of all versions of these
    cases with the columns of the version table that reconciling reads."""

    codes: Table
    versions: Table


def last_reconciled(connection: Connection) -> datetime | None:
    """Clock reading of the last reconcile that found anything; None when none ever did."""
    latest: datetime | None = connection.execute(select(func.max(mismatch.c.last_seen))).scalar_one()
    return latest


def stage_touched(connection: Connection, as_of: datetime, since: datetime) -> Touched:
    """The cases whose findings may be others at `as_of` than at the reconcile at `since`."""
    codes = temporary(connection, "stage_touched", Column("case_code", Text, nullable=False))
    for reason in (_changed(since), _unsettled(), _ordered(since), _set_aside(since), _overdue_since(since, as_of)):
        _add(connection, codes, reason)
    analyze(connection, codes)
    kept = [column for column in version.c if column.name not in _UNCOPIED]
    versions = temporary(connection, "stage_version", *(Column(column.name, column.type) for column in kept))
    _copy(connection, versions, select(codes.c.case_code))
    analyze(connection, versions, columns=("side", "case_code", "recorded_from", "recorded_to"))
    possible = temporary(connection, "stage_possible", Column("case_code", Text, nullable=False))
    if _add(connection, possible, _lone_nearby(versions)):
        analyze(connection, possible)
        _add(connection, codes, _look_alikes(possible, versions))
        copied = select(versions.c.case_code)
        _copy(connection, versions, select(codes.c.case_code).where(codes.c.case_code.not_in(copied)))
    return Touched(codes, versions)


def _add(connection: Connection, table: Table, codes: Select[Any]) -> int:
    """Add those of the codes that are not there yet; returns how many."""
    (code,) = codes.selected_columns
    new = codes.where(code.not_in(select(table.c.case_code))).distinct()
    return connection.execute(table.insert().from_select(["case_code"], new)).rowcount


def _copy(connection: Connection, versions: Table, codes: Select[Any]) -> None:
    """Add all versions of the codes."""
    names = list(versions.c.keys())
    rows = select(*(version.c[name] for name in names)).where(version.c.case_code.in_(codes))
    connection.execute(versions.insert().from_select(names, rows))


def _changed(since: datetime) -> Select[Any]:
    """A version was opened or closed."""
    v = version.c
    return select(v.case_code).where(or_(v.recorded_from > since, v.recorded_to > since))


def _unsettled() -> Select[Any]:
    """An open mismatch whose verdict ages, or waits for a side to be read."""
    return select(mismatch.c.case_code).where(_OPEN, mismatch.c.verdict != Verdict.CONFIRMED.value)


def _ordered(since: datetime) -> Select[Any]:
    """Every open mismatch, once an order to set some aside was made or lifted."""
    o = suppression.c
    news = exists().where(or_(o.made_at > since, o.lifted_at > since))
    return select(mismatch.c.case_code).where(_OPEN, news)


def _set_aside(since: datetime) -> Select[Any]:
    """A row went into quarantine, came out of it, or was seen there again."""
    q = quarantine.c
    moved = or_(q.last_seen > since, q.released_at > since)
    return select(q.probable_code).where(q.probable_code.is_not(None), moved)


def _overdue_since(since: datetime, as_of: datetime) -> Select[Any]:
    """A deadline passed while the clock ran: the two sides' verdicts may part now."""
    v = version.c
    return select(v.case_code).where(
        _CURRENT, v.clock_stopped_at.is_(None), v.deadline_at >= since, v.deadline_at <= as_of
    )


def _lone_nearby(versions: Table) -> Select[Any]:
    """Cases that lacked their partner at the last reconcile, of the procedure and agency of a touched one that lacks
    its own, now or then.

    An untouched case that lacks its partner now did so then: it is in the ledger, or a candidate of one that is, and a
    candidate shares procedure and agency.
    """
    v, m = versions.c, mismatch.c
    residue = and_(_OPEN, m.kind.in_(_RESIDUE))
    candidates = func.unnest(func.string_to_array(m.portal_value, ", ")).label("case_code")
    paired = select(v.case_code).where(v.recorded_to.is_(None)).group_by(v.case_code).having(func.count() > 1)
    lone_then = union(select(m.case_code).where(residue), select(candidates).where(residue, _AMBIGUOUS))
    lone = or_(v.case_code.not_in(paired), v.case_code.in_(lone_then))
    offices = select(v.procedure_code, v.agency_code).where(lone).distinct().cte("offices")
    near = and_(
        residue,
        exists().where(offices.c.procedure_code == m.procedure_code, offices.c.agency_code == m.agency_code),
    )
    codes = union(select(m.case_code).where(near), select(candidates).where(near, _AMBIGUOUS)).subquery("nearby")
    return select(codes.c.case_code)


def _look_alikes(possible: Table, versions: Table) -> Select[Any]:
    """Those of the possible cases that are of the same applicant, day, procedure and agency as a touched one."""
    v, other = versions.c, version.alias("other").c
    block = ("procedure_code", "agency_code", "received_day", "applicant_fingerprint")
    alike = exists().where(*(v[name] == other[name] for name in block))
    codes = select(possible.c.case_code)
    return select(other.case_code).where(other.recorded_to.is_(None), other.case_code.in_(codes), alike)
