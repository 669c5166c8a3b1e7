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
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Numeric,
    String,
    Table,
    Text,
    cast,
    column,
    func,
    select,
    table,
)
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.schema import DDL

from tasks.warehouse import access, reference_tables, tables
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
        case String():
            return "city" if field.name == "side" else mark
        case Numeric():
            return 1
    return AGENCIES.index(mark) + 1


def plant(connection: Connection) -> None:
    """One row an agency in every table; versions are current and mismatches open, so views show them."""
    for declared in metadata.sorted_tables:
        rows = [{field.name: value(field, mark) for field in declared.columns} | absent(declared) for mark in AGENCIES]
        connection.execute(declared.insert(), rows)
    connection.execute(reference_tables.procedure.delete())
    connection.execute(reference_tables.procedure.insert().values(procedure_code="for all"))


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
            c.relnamespace == func.to_regnamespace(func.current_schema()),
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


def marks(connection: Connection) -> dict[str, Counter[str]]:
    """How many rows of each agency the current role can read, by relation."""
    found = {}
    for name, columns in relations(connection).items():
        if columns:
            whole = func.concat_ws(" ", *(cast(column(each), Text) for each in columns))
            rows = connection.execute(select(whole).select_from(table(name))).scalars().all()
            found[name] = Counter(mark for row in rows for mark in AGENCIES if mark in row)
    return found


def test_an_agency_reads_no_foreign_row(granted: Warehouse) -> None:
    read = {}
    for number, code in enumerate(AGENCIES):
        other = AGENCIES[number - 1]
        with acting(granted, access.AGENCY_PREFIX + code, says=other) as connection:
            read[code, "its role"] = marks(connection)
        with acting(granted, access.GATEWAY, says=code) as connection:
            read[code, "the gateway"] = marks(connection)
    pairs = list(itertools.permutations(AGENCIES, 2))
    assert len(pairs) == 132
    for (reader, owner), way in itertools.product(pairs, ("its role", "the gateway")):
        assert [name for name, seen in read[reader, way].items() if seen[owner]] == [], (reader, owner, way)
    for (code, way), found in read.items():
        own = {name for name, seen in found.items() if seen[code]}
        assert own == {*access.OWN_ROWS, *access.AGENCY_VIEWS}, (code, way)
        assert set(found) == {*own, *access.FOR_ALL}, (code, way)


def test_the_marks_would_show_a_foreign_row(granted: Warehouse) -> None:
    with granted.begin() as connection:  # the owner is bound by no policy
        found = marks(connection)
        assert set(found) >= {*metadata.tables, *access.AGENCY_VIEWS, ADDED}
        everyone = {name for name, seen in found.items() if len(seen) == len(AGENCIES)}
    assert everyone >= {*access.OWN_ROWS, *access.AGENCY_VIEWS, "core_cases__quarantine", "out_quarantine", ADDED}


@pytest.mark.parametrize("says", [None, "", "A99Z", "A01Z' OR true --", "%"])
def test_a_gateway_that_names_no_agency_reads_nothing(granted: Warehouse, says: str | None) -> None:
    with acting(granted, access.GATEWAY, says) as connection:
        assert all(not seen for seen in marks(connection).values())


def test_who_has_the_roles_of_two_agencies_reads_nothing(granted: Warehouse) -> None:
    both = f"{access.AGENCY_PREFIX}{AGENCIES[0]}"
    with granted.begin() as connection:
        connection.execute(DDL(f'GRANT "{access.AGENCY_PREFIX}{AGENCIES[1]}" TO "{both}"'))
    with acting(granted, both, says=AGENCIES[0]) as connection:
        assert all(not seen for seen in marks(connection).values())


def test_an_analyst_reads_all_rows_and_nothing_personal(granted: Warehouse) -> None:
    with acting(granted, access.ANALYST) as connection:
        readable = relations(connection)
        assert all(len(seen) == len(AGENCIES) for name, seen in marks(connection).items() if name in access.OWN_ROWS)
    assert {name for name, columns in readable.items() if columns} >= {*metadata.tables, "out_cases", "out_quarantine"}
    assert not {(name, each) for name, columns in readable.items() for each in columns} & access.PERSONAL


@pytest.mark.parametrize("role", [access.ANALYST, access.GATEWAY, access.AGENCY_PREFIX + AGENCIES[0]])
def test_readers_cannot_write_nor_become_others(granted: Warehouse, role: str) -> None:
    attempts = [
        "UPDATE core_cases__version SET status_code = 1",
        "DELETE FROM core_sync__mismatch",
        "INSERT INTO ref__procedure (procedure_code) VALUES ('x')",
        "SELECT payload FROM core_cases__quarantine",
        "SELECT applicant_fingerprint FROM core_cases__version",
        "SELECT * FROM core_cases__version",
        "ALTER TABLE core_cases__version DISABLE ROW LEVEL SECURITY",
    ]
    for attempt in attempts:
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), acting(granted, role) as c:
            c.execute(DDL(attempt))


def test_the_writer_sees_and_changes_every_row(granted: Warehouse) -> None:
    with acting(granted, access.WRITER) as connection:
        assert connection.execute(tables.version.update().values(status_code=9)).rowcount == len(AGENCIES)
        assert all(len(seen) == len(AGENCIES) for name, seen in marks(connection).items() if name in access.OWN_ROWS)


def test_rights_can_be_given_again(granted: Warehouse) -> None:
    with granted.begin() as connection:
        access.renew(connection)
        access.apply(connection, AGENCIES[:1])
    with acting(granted, access.AGENCY_PREFIX + AGENCIES[0]) as connection:
        assert marks(connection)["out_cases"] == {AGENCIES[0]: 1}
