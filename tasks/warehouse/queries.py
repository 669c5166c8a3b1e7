"""The named questions that steps ask the warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import CTE, ColumnElement, Connection, FromClause, and_, func, select, true

from schemas.case import CANONICAL_VERSION, CASE_SCHEMA
from schemas.codes import QuarantineReason, Side
from tasks.warehouse.bulk import fetch, fetch_batches, to_frame
from tasks.warehouse.published import known
from tasks.warehouse.reference_tables import agency, procedure
from tasks.warehouse.tables import quarantine, version, window
from tasks.warehouse.touched import Touched

_UNJUDGED = frozenset(
    {"case_code", "own_code", "record_id", "submitted_at", "received_day", "returned_at", "population_linked"}
    | {"agency_rung", "canonical_version", "content_hash", "window_start", "landing_file"}
)
"""Columns that no rule of comparison reads of a side: they stay where they are."""


def mixed_canonical_versions(connection: Connection, only: Touched | None = None) -> list[int]:
    """Canonical versions among the current cases that are not today's. `only` as in `disagreeing`."""
    rows = version if only is None else only.versions
    versions = select(rows.c.canonical_version).where(rows.c.recorded_to.is_(None)).distinct()
    return sorted(v for v in connection.execute(versions).scalars() if v != CANONICAL_VERSION)


class Share(NamedTuple):
    """The `number`-th (from 0) of `of` parts of all case codes, by hash: both sides of a case lie in the same part."""

    number: int
    of: int

    def holds(self, connection: Connection, code: ColumnElement[str]) -> ColumnElement[bool]:
        """Whether a code lies in this part. The parts are those of one engine: do not mix."""
        on_postgres = connection.dialect.name == "postgresql"
        bucket = (func.hashtextextended(code, 0) if on_postgres else func.hash(code)) % self.of
        return func.abs(bucket) == self.number


def disagreeing(
    connection: Connection, batch_rows: int, only: Touched | None = None, share: Share | None = None
) -> Iterator[pd.DataFrame]:
    """Cases whose hashes differ or that lack a partner, in batches: `case_code` and the judged columns of both
    sides as `city_<name>`, `portal_<name>` (null throughout for a missing partner), and `portal_recorded_from`.

    Two narrow columns are joined first and wide rows fetched for the differing codes only. Codes with two records on a
    side never enter. `only`: the cases to look at; `share`: a part of all codes.
    """
    rows = version if only is None else only.versions
    city, portal = ((side, rows.alias(side.value)) for side in Side)
    narrow_city, narrow_portal = (_narrow(connection, *each, only, share) for each in (city, portal))
    code = func.coalesce(narrow_city.c.case_code, narrow_portal.c.case_code)
    doubled = select(quarantine.c.probable_code).where(_doubles())
    differing = (
        select(code.label("case_code"))
        .select_from(narrow_city.join(narrow_portal, narrow_city.c.case_code == narrow_portal.c.case_code, full=True))
        .where(narrow_city.c.row_hash.is_distinct_from(narrow_portal.c.row_hash), code.not_in(doubled))
        .cte("differing")
    )
    told: dict[Side, FromClause] = {}
    joined: FromClause = differing
    for side, table in (city, portal):
        same = and_(table.c.case_code == differing.c.case_code, _current(side, table))
        if connection.dialect.name == "postgresql" and only is None:
            # The planner takes nearly all pairs to differ and would read the whole table: here it asks the index.
            told[side] = select(table).where(same).limit(1).lateral(f"{side}_row")
            joined = joined.outerjoin(told[side], true())
        else:
            told[side] = table
            joined = joined.outerjoin(table, same)
    named = [column for side, rows in told.items() for column in _named(rows, side.value)]
    wide = select(differing.c.case_code, *named, told[Side.PORTAL].c.recorded_from.label("portal_recorded_from"))
    for batch in fetch_batches(connection, wide.select_from(joined), batch_rows):
        yield to_frame(batch)


def _current(side: Side, table: FromClause) -> ColumnElement[bool]:
    return and_(table.c.side == side.value, table.c.recorded_to.is_(None))


def _narrow(connection: Connection, side: Side, table: FromClause, only: Touched | None, share: Share | None) -> CTE:
    rows = select(table.c.case_code, table.c.row_hash).where(_current(side, table))
    if only is not None:
        rows = rows.where(table.c.case_code.in_(select(only.codes.c.case_code)))
    if share is not None:
        rows = rows.where(share.holds(connection, table.c.case_code))
    return rows.cte(f"narrow_{side}")


def _named(table: FromClause, prefix: str) -> list[ColumnElement[Any]]:
    return [table.c[name].label(f"{prefix}_{name}") for name in CASE_SCHEMA.names if name not in _UNJUDGED]


def _doubles() -> ColumnElement[bool]:
    """Rows set aside whose case code another record has, whatever else is wrong with them."""
    q = quarantine.c
    return and_(q.reasons.contains(QuarantineReason.DUPLICATE_KEY.value), q.released_at.is_(None))


def open_quarantine(connection: Connection) -> pd.DataFrame:
    """Rows in quarantine now: `side`, `case_code`, `probable_code`, `reason`, `first_seen`, without their payload."""
    q = quarantine.c
    rows = select(q.side, q.case_code, q.probable_code, q.reason, q.first_seen).where(q.released_at.is_(None))
    return to_frame(fetch(connection, rows))


def doubled_records(connection: Connection, only: Touched | None = None) -> pd.DataFrame:
    """Case codes with two records on a side: `side`, `case_code`, `records` (how many). `only` as in `disagreeing`."""
    q = quarantine.c
    rows = (
        select(q.side, q.probable_code.label("case_code"), func.count().label("records"))
        .where(_doubles())
        .group_by(q.side, q.probable_code)
    )
    if only is not None:
        rows = rows.where(q.probable_code.in_(select(only.codes.c.case_code)))
    return to_frame(fetch(connection, rows))


def windows_read(connection: Connection) -> pd.DataFrame:
    """Every window that was ever read whole: `side`, `window_start`, `window_end`, and when last, `read_at`."""
    w = window.c
    rows = select(w.side, w.window_start, w.window_end, func.max(w.read_at).label("read_at"))
    return to_frame(fetch(connection, rows.group_by(w.side, w.window_start, w.window_end)))


def references(connection: Connection) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Agencies (`agency_code`, `agency_name`) and procedures (`procedure_code`, `max_days`) as last read."""
    agencies = select(agency.c.agency_code, agency.c.agency_name).where(agency.c.valid_to.is_(None))
    procedures = select(procedure.c.procedure_code, procedure.c.max_days)
    return to_frame(fetch(connection, agencies)), to_frame(fetch(connection, procedures))


def text_findings(connection: Connection) -> int:
    """Current cases whose agency name met the catalogue only below the letter."""
    below = select(func.count()).select_from(version).where(version.c.recorded_to.is_(None), version.c.agency_rung > 0)
    return int(connection.execute(below).scalar_one())


def cases_as_of(connection: Connection, side: Side, at: datetime) -> pd.DataFrame:
    """One side exactly as it was known at `at`: the columns of a canonical case."""
    v = version.c
    rows = select(*(v[name] for name in CASE_SCHEMA.names)).where(v.side == side.value, known(version, at))
    return to_frame(fetch(connection, rows.order_by(v.case_code)))
