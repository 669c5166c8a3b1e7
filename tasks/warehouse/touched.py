"""What an incremental reconcile has to look at again: a temporary table of case codes.

A full reconcile limited to these codes leaves the ledger as a full one would, so every reason for which a finding can
come, change or go is here: the case's own versions and bad rows, its age, an order, a deadline that passed, a
look-alike.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Select, Table, Text, and_, exists, func, or_, select

from schemas.mismatch import Kind, Verdict
from tasks.warehouse.bulk import analyze, temporary
from tasks.warehouse.tables import mismatch, quarantine, suppression, version

_RESIDUE = (Kind.AMBIGUOUS.value, Kind.MISSING_ON_PORTAL.value, Kind.MISSING_IN_CITY.value)
_OPEN = mismatch.c.resolved_at.is_(None)
_CURRENT = version.c.recorded_to.is_(None)


def last_reconciled(connection: Connection) -> datetime | None:
    """Clock reading of the last reconcile that found anything; None when none ever did."""
    latest: datetime | None = connection.execute(select(func.max(mismatch.c.last_seen))).scalar_one()
    return latest


def stage_touched(connection: Connection, as_of: datetime, since: datetime) -> Table:
    """The codes whose findings may be others at `as_of` than at the reconcile at `since`: `case_code`, each once."""
    table = temporary(connection, "stage_touched", Column("case_code", Text, nullable=False))
    reasons = (_changed(since), _unsettled(), _ordered(since), _set_aside(since), _overdue_since(since, as_of))
    for reason in reasons:
        _add(connection, table, reason)
    analyze(connection, table)
    _add(connection, table, _look_alikes(table))
    analyze(connection, table)
    return table


def _add(connection: Connection, table: Table, codes: Select[Any]) -> None:
    (code,) = codes.selected_columns
    known = select(table.c.case_code)
    connection.execute(table.insert().from_select(["case_code"], codes.where(code.not_in(known)).distinct()))


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


def _look_alikes(touched: Table) -> Select[Any]:
    """Cases of the same applicant and day as a touched one that lacks its partner, now or at the last reconcile."""
    v, other = version.c, version.alias("other")
    person = (v.applicant_fingerprint, v.received_day)
    touched_codes = v.case_code.in_(select(touched.c.case_code))
    here = select(v.case_code, *person, _CURRENT.label("current")).where(touched_codes).cte("here")
    paired = select(here.c.case_code).where(here.c.current).group_by(here.c.case_code).having(func.count() > 1)
    residue = select(mismatch.c.case_code).where(_OPEN, mismatch.c.kind.in_(_RESIDUE))
    lone = or_(here.c.case_code.not_in(paired), here.c.case_code.in_(residue))
    persons = select(here.c.applicant_fingerprint, here.c.received_day).where(lone).distinct().subquery("persons")
    same = and_(
        other.c.applicant_fingerprint == persons.c.applicant_fingerprint, other.c.received_day == persons.c.received_day
    )
    return select(other.c.case_code).select_from(other.join(persons, same)).where(other.c.recorded_to.is_(None))
