"""An agency reads its own rows and nobody else's, in every table and view that the catalogue knows.

Every row of every table is planted with its agency's mark in all of its texts, so a foreign row shows itself whatever
relation it comes from, also one that is added later.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Boolean, Column, Connection, Date, DateTime, Numeric, Table, Text, cast, column, func, select, table
from sqlalchemy import String as AnyText
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.schema import DDL

from tasks.warehouse import access, tables
from tasks.warehouse.index_tables import metadata
from tests.warehouse.conftest import Warehouse

AGENCIES = [f"A{number:02}Z" for number in range(1, 13)]
ADDED = "core_added__later"


def value(field: Column[Any], mark: str) -> Any:
    match field.type:
        case DateTime():
            return datetime(2026, 3, 1, tzinfo=UTC)
        case Date():
            return date(2026, 3, 1)
        case Boolean():
            return True
        case AnyText():
            return "city" if field.name == "side" else mark
        case Numeric():
            return 1
    return AGENCIES.index(mark) + 1


def plant(connection: Connection) -> None:
    """One row an agency in every table; versions are current and mismatches open, so views show them."""
    for declared in metadata.sorted_tables:
        rows = [
            {field.name: value(field, mark) for field in declared.columns} | absent(declared) for mark in AGENCIES
        ]
        connection.execute(declared.insert(), rows)
    connection.execute(tables.procedure.delete())
    connection.execute(tables.procedure.insert().values(procedure_code="for all"))


def absent(declared: Table) -> dict[str, None]:
    return {name: None for name in ("recorded_to", "resolved_at", "released_at") if name in declared.columns}


@pytest.fixture
def granted(on_postgres: Warehouse) -> Iterator[Warehouse]:
    named = [access.AGENCY_PREFIX + code for code in AGENCIES]
    with on_postgres.begin() as connection:
        plant(connection)
        connection.execute(DDL(f"CREATE TABLE {ADDED} AS SELECT agency_code, case_code FROM core_cases__version"))
        access.apply(connection, AGENCIES)
    yield on_postgres
    with on_postgres.begin() as connection:
        for role in (*named, access.GATEWAY, access.AGENCIES, access.ANALYST, access.WRITER):
            connection.execute(DDL(f'DROP OWNED BY "{role}"'))
            connection.execute(DDL(f'DROP ROLE "{role}"'))


@contextmanager
def acting(warehouse: Warehouse, role: str, says: str | None = None) -> Iterator[Connection]:
    """A transaction with the rights of a role, whatever the session says about its agency."""
    with warehouse.engine.begin() as connection:
        if says is not None:
            connection.execute(select(func.set_config("hoso.agency", says, True)))
        connection.execute(DDL(f'SET LOCAL ROLE "{role}"'))
        yield connection


def relations(connection: Connection) -> dict[str, list[str]]:
    """Every table and view of the catalogue, and its columns that the current role may read."""
    names = ("relname", "relkind", "relnamespace", "oid")
    c = table("pg_class", *(column(name) for name in names)).c
    a = table("pg_attribute", *(column(name) for name in ("attrelid", "attname", "attnum", "attisdropped"))).c
    rows = (
        select(c.relname, a.attname, func.has_column_privilege(c.oid, a.attnum, "SELECT"))
        .join_from(c.oid.table, a.attrelid.table, a.attrelid == c.oid)
        .where(
            c.relkind.in_(["r", "v", "m", "p", "f"]),
            c.relnamespace == select(cast(func.to_regnamespace(func.current_schema()), column("x", Text).type)),
            a.attnum > 0,
            ~a.attisdropped,
        )
    )
    found: dict[str, list[str]] = {}
    for name, attribute, readable in connection.execute(rows):
        found.setdefault(name, [])
        if readable:
            found[name].append(attribute)
    return found
