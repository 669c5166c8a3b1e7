"""Keeps publications, and finds what moved between two of them. A publication is added once and never changed."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, and_, func, literal, or_, select, union

from schemas.codes import END_STATUSES, Side
from schemas.publication import Inputs, Publication
from tasks.warehouse.bulk import fetch, to_frame
from tasks.warehouse.index_counts import named_columns
from tasks.warehouse.index_tables import publication, publication_case, publication_line
from tasks.warehouse.published import keeps_cases, known, known_cases
from tasks.warehouse.reference_tables import agency, procedure
from tasks.warehouse.scores import LINE_SCHEMA, points_of, stage_frame
from tasks.warehouse.tables import run, version

_ENDED = [int(status) for status in END_STATUSES]
_LINE_SCHEMA = pa.schema([field for field in LINE_SCHEMA if field.name != "period"])


def latest_as_of(connection: Connection) -> datetime | None:
    """The clock reading of the latest run whose data are in the warehouse; None before the first."""
    latest: datetime | None = connection.execute(select(func.max(run.c.as_of))).scalar_one()
    return latest


def earlier_readings(connection: Connection, as_of: datetime, most: int) -> list[datetime]:
    """Clock readings of the latest runs before `as_of`, latest first."""
    rows = select(run.c.as_of).where(run.c.as_of < as_of).distinct().order_by(run.c.as_of.desc()).limit(most)
    return [at for (at,) in connection.execute(rows).tuples()]


def catalogues(connection: Connection) -> tuple[dict[str, str], dict[str, str]]:
    """Agency code -> level as the catalogue writes it, procedure code -> field code; those without one are absent."""
    levels = select(agency.c.agency_code, func.max(agency.c.agency_level)).group_by(agency.c.agency_code)
    fields = select(procedure.c.procedure_code, procedure.c.field_code).where(procedure.c.field_code.is_not(None))
    known_levels = {code: level for code, level in connection.execute(levels) if level is not None}
    return known_levels, {row.procedure_code: row.field_code for row in connection.execute(fields)}


def procedures(connection: Connection) -> list[dict[str, Any]]:
    """The catalogue of procedures as last read: every column of `ref__procedure`."""
    return [dict(row) for row in connection.execute(select(procedure)).mappings()]


def write_publication(connection: Connection, head: Publication, lines: pd.DataFrame) -> None:
    """Add a publication with its lines (points in steps of 1e-10). The primary key refuses a second one of its name."""
    connection.execute(publication.insert().values(head.model_dump() | {"inputs": head.inputs.model_dump_json()}))
    staged = stage_frame(connection, "stage_publication", _LINE_SCHEMA, lines)
    names = _LINE_SCHEMA.names
    values = [points_of(staged.c[name]) if name == "points" else staged.c[name] for name in names]
    rows = select(literal(head.publication_id), *values)
    connection.execute(publication_line.insert().from_select(["publication_id", *names], rows))


def read_publication(connection: Connection, publication_id: str) -> Publication | None:
    """A publication's head; None when there is none of that name."""
    row = (
        connection.execute(select(publication).where(publication.c.publication_id == publication_id))
        .mappings()
        .one_or_none()
    )
    if row is None:
        return None
    found = dict(row) | {"inputs": Inputs.model_validate_json(row["inputs"]), "as_of": row["as_of"].astimezone(UTC)}
    return Publication.model_validate(found)


def read_lines(connection: Connection, publication_id: str) -> pd.DataFrame:
    """A publication's lines: columns of LINE_SCHEMA but the period, points in steps of 1e-10."""
    names = _LINE_SCHEMA.names
    rows = select(*(publication_line.c[name] for name in names)).where(
        publication_line.c.publication_id == publication_id
    )
    found = [tuple(row) for row in connection.execute(rows)]
    frame = pd.DataFrame(found, columns=names)
    frame["points"] = [int(Decimal(points) * 10**10) for points in frame["points"]]
    return frame.astype(dict.fromkeys(("numerator", "denominator", "points"), "int64"))


def moved_cases(connection: Connection, side: Side, before: Publication, after: Publication) -> pd.DataFrame:
    """Cases of one side whose record may count differently as two publications knew them: `case_code` and PAIR_COLUMNS
    as `before_<name>` and `after_<name>`, null throughout where the case was not known.

    A case without a new version may still have become overdue: those whose clock was running are among them, and those
    of which either publication keeps its own record.
    """
    first, last = before.as_of, after.as_of
    old = known_cases(first, keeps_cases(connection, before.publication_id), "old")
    new = known_cases(last, keeps_cases(connection, after.publication_id), "new")
    running = or_(version.c.clock_stopped_at.is_(None), version.c.status_code.not_in(_ENDED))
    changed = select(version.c.case_code).where(
        version.c.side == side.value,
        or_(
            and_(version.c.recorded_from > first, version.c.recorded_from <= last),
            and_(version.c.recorded_to > first, version.c.recorded_to <= last),
            and_(known(version, last), running),
        ),
    )
    own = publication_case.c.publication_id.in_([before.publication_id, after.publication_id])
    kept = select(publication_case.c.case_code).where(publication_case.c.side == side.value, own)
    codes = union(changed, kept).cte("touched")
    wide = (
        select(codes.c.case_code, *named_columns(old, "before"), *named_columns(new, "after"))
        .select_from(codes)
        .outerjoin(old, and_(old.c.case_code == codes.c.case_code, old.c.side == side.value))
        .outerjoin(new, and_(new.c.case_code == codes.c.case_code, new.c.side == side.value))
    )
    return to_frame(fetch(connection, wide))
