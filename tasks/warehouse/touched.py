"""What an incremental reconcile has to look at again: temporary tables of case codes and of their versions.

A full reconcile limited to these codes leaves the ledger as a full one would, so every reason for which a finding can
come, change or go is here: the case's own versions and bad rows, its age, an order, a deadline that passed, a
look-alike. The versions are copied in one pass over the warehouse, and whoever asks about these cases asks the copy.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Column, CompoundSelect, Connection, Select, Table, Text, and_, exists, func, or_, select, union

from schemas.codes import Side
from schemas.mismatch import Kind, Verdict
from tasks.warehouse.bulk import analyze, temporary
from tasks.warehouse.tables import mismatch, quarantine, suppression, version

_UNCOPIED = frozenset({"record_id", "population_linked", "content_hash", "window_start", "landing_file", "run_id"})
"""Columns of a version that no question about a touched case names."""
_RESIDUE = (Kind.AMBIGUOUS.value, Kind.MISSING_ON_PORTAL.value, Kind.MISSING_IN_CITY.value)
_OPEN = mismatch.c.resolved_at.is_(None)
_CURRENT = version.c.recorded_to.is_(None)


class Touched(NamedTuple):
    """What to look at again: `codes`, a table of `case_code`, each once; `versions`, a table of all versions of these
    cases (and of a few more) with the columns of the version table that reconciling reads."""

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
    versions = _copied(connection, union(select(codes.c.case_code), *_lone_then()))
    _add(connection, codes, _look_alikes(codes, versions))
    analyze(connection, codes)
    return Touched(codes, versions)


def _add(connection: Connection, table: Table, codes: Select[Any]) -> None:
    (code,) = codes.selected_columns
    known = select(table.c.case_code)
    connection.execute(table.insert().from_select(["case_code"], codes.where(code.not_in(known)).distinct()))


def _copied(connection: Connection, codes: CompoundSelect[Any]) -> Table:
    """A temporary table of all versions of the codes."""
    kept = [column for column in version.c if column.name not in _UNCOPIED]
    copy = temporary(connection, "stage_version", *(Column(column.name, column.type) for column in kept))
    sides = version.c.side.in_([side.value for side in Side])  # all of them: the index begins with the side
    rows = select(*kept).where(sides, version.c.case_code.in_(codes))
    connection.execute(copy.insert().from_select([column.name for column in kept], rows))
    analyze(connection, copy)
    return copy


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


def _lone_then() -> tuple[Select[Any], Select[Any]]:
    """Cases that lacked their partner at the last reconcile: an untouched one that lacks it now did so then."""
    residue = select(mismatch.c.case_code).where(_OPEN, mismatch.c.kind.in_(_RESIDUE))
    listed = func.unnest(func.string_to_array(mismatch.c.portal_value, ", "))
    candidates = select(listed.label("case_code")).where(_OPEN, mismatch.c.kind == Kind.AMBIGUOUS.value)
    return residue, candidates


def _look_alikes(codes: Table, versions: Table) -> Select[Any]:
    """Cases that lacked their partner, of the same applicant and day as a touched one that lacks its own, now or at the
    last reconcile."""
    v, other = versions.c, versions.alias("other")
    current, touched = v.recorded_to.is_(None), v.case_code.in_(select(codes.c.case_code))
    paired = select(v.case_code).where(current).group_by(v.case_code).having(func.count() > 1)
    lone = or_(v.case_code.not_in(paired), v.case_code.in_(union(*_lone_then())))
    persons = select(v.applicant_fingerprint, v.received_day).where(touched, lone).distinct().subquery("persons")
    same = and_(
        other.c.applicant_fingerprint == persons.c.applicant_fingerprint, other.c.received_day == persons.c.received_day
    )
    return select(other.c.case_code).select_from(other.join(persons, same)).where(other.c.recorded_to.is_(None))
