"""Cases as they were known at a time, and as a publication knew them whatever was loaded since.

Versions tell what was known at a time as far as reads are loaded by now. A read that is loaded late, with a clock
reading before a publication's, changes that. Before it is written, the cases that it may touch are therefore kept aside
for each such publication, so that what was published can be made again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Table,
    and_,
    exists,
    literal,
    or_,
    select,
    union,
    union_all,
)

from schemas.codes import Side
from schemas.window import Window
from tasks.warehouse.days import inside
from tasks.warehouse.index_tables import PAIR_COLUMNS, publication, publication_case
from tasks.warehouse.tables import version

_NAMES = ("side", "case_code", *PAIR_COLUMNS)


def known(table: FromClause, at: datetime | None) -> ColumnElement[bool]:
    """Versions that the warehouse held at `at`; None: those it holds now."""
    if at is None:
        return table.c.recorded_to.is_(None)
    return and_(table.c.recorded_from <= at, or_(table.c.recorded_to.is_(None), table.c.recorded_to > at))


def known_cases(at: datetime | None, publication_id: str = "", name: str = "known_then") -> FromClause:
    """`side`, `case_code` and PAIR_COLUMNS of the cases known at `at`, or to a publication of that time."""
    rows = select(*(version.c[column] for column in _NAMES)).where(known(version, at))
    if not publication_id:
        return rows.subquery(name)
    own = publication_case.c.publication_id == publication_id
    same = and_(publication_case.c.side == version.c.side, publication_case.c.case_code == version.c.case_code)
    kept = select(*(publication_case.c[column] for column in _NAMES)).where(own, publication_case.c.known)
    return union_all(rows.where(~exists().where(own, same)), kept).subquery(name)


def keeps_cases(connection: Connection, publication_id: str) -> str:
    """The publication's name if cases were kept aside for it, else nothing: most publications have none."""
    own = select(publication_case.c.publication_id).where(publication_case.c.publication_id == publication_id).limit(1)
    return connection.execute(own).scalar() or ""


def keep_published(
    connection: Connection, side: Side, as_of: datetime, cases: Table, windows: Sequence[Window]
) -> None:
    """Before cases of a read at `as_of` are written: keep, for every publication of that time or later, what it knew of
    them and of everything that `windows` ever listed. `cases`: a table with their `case_code`."""
    heads = select(publication.c.publication_id, publication.c.as_of).where(publication.c.as_of >= as_of)
    for publication_id, at in connection.execute(heads).tuples().all():
        rows = _not_kept(publication_id, at, side, cases, windows)
        names = ["publication_id", "side", "case_code", "known", *PAIR_COLUMNS]
        connection.execute(publication_case.insert().from_select(names, rows))


def _not_kept(publication_id: str, at: datetime, side: Side, cases: Table, windows: Sequence[Window]) -> Select[Any]:
    v = version.c
    listed = select(v.case_code).where(v.side == side.value, inside(v.listed_day, windows))
    codes = union(select(cases.c.case_code), listed).subquery("touched")
    kept = publication_case.c
    already = exists().where(
        kept.publication_id == publication_id, kept.side == side.value, kept.case_code == codes.c.case_code
    )
    then = and_(v.side == side.value, v.case_code == codes.c.case_code, known(version, at))
    return (
        select(
            literal(publication_id),
            literal(side.value),
            codes.c.case_code,
            v.case_code.is_not(None),
            *(v[name] for name in PAIR_COLUMNS),
        )
        .select_from(codes)
        .outerjoin(version, then)
        .where(~already)
    )
