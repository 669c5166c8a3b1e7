"""Hashes of an older canonical form: found, and put right in bulk. Hashes of two forms are never compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
from sqlalchemy import Connection, and_, select

from schemas.case import CANONICAL_VERSION, CASE_SCHEMA
from tasks.warehouse.bulk import fetch_batches, stage
from tasks.warehouse.tables import version

KEY = (
    pa.field("side", pa.string(), nullable=False),
    pa.field("recorded_from", pa.timestamp("us", tz="UTC"), nullable=False),
)
HASHED = ("row_hash", "content_hash", "canonical_version")
HASH_SCHEMA = pa.schema([*KEY, CASE_SCHEMA.field("case_code"), *(CASE_SCHEMA.field(name) for name in HASHED)])
"""What is written back of a version."""


def outdated(connection: Connection) -> list[int]:
    """Canonical versions, among all that the history holds, that are not today's."""
    found = connection.execute(select(version.c.canonical_version).distinct()).scalars()
    return sorted(number for number in found if number != CANONICAL_VERSION)


def outdated_batches(connection: Connection, rows: int) -> Iterator[pa.RecordBatch]:
    """Versions of another canonical form, closed ones too: `side`, `recorded_from` and CASE_SCHEMA."""
    v = version.c
    names = [*(field.name for field in KEY), *CASE_SCHEMA.names]
    old = select(*(v[name] for name in names)).where(v.canonical_version != CANONICAL_VERSION)
    return fetch_batches(connection, old, rows)


def write_hashes(connection: Connection, files: Sequence[str]) -> int:
    """Put the hashes of files of HASH_SCHEMA in place of the old ones; returns the versions changed."""
    new = stage(connection, "stage_hash", HASH_SCHEMA, files)
    v = version.c
    same = and_(v.side == new.c.side, v.case_code == new.c.case_code, v.recorded_from == new.c.recorded_from)
    return connection.execute(version.update().values({name: new.c[name] for name in HASHED}).where(same)).rowcount
