"""Who may read what on PostgreSQL: roles, grants and row-level security, declared whole and applied whole.

- `hoso_writer` runs the daily flow: reads and writes every row.
- `hoso_analyst` reads every row, without PERSONAL columns.
- `hoso_agency_<code>` reads the rows of that agency alone, in the tables of OWN_ROWS and in the views over them. Whose
  rows these are follows from the role, so a session cannot choose.
- `hoso_agency` is for a gateway that serves all agencies with one login: it says `SET LOCAL hoso.agency = '<code>'` and
  sees that agency's rows, and no row before it has said so.

What is not named here is not granted. `python -m tasks.warehouse.access` prints the statements, `--apply` runs them;
`--agency CODE` adds an agency's role. Roles cannot log in until an administrator lets them.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Final

from psycopg import sql
from sqlalchemy import Connection, column, func, select, table

import settings
from errors import ConfigError
from tasks.warehouse.engine import open_engine, transaction
from tasks.warehouse.index_tables import metadata  # with all tables in it
from tasks.warehouse.views import VIEWS

WRITER, ANALYST, GATEWAY = "hoso_writer", "hoso_analyst", "hoso_agency"
AGENCIES: Final = "hoso_agencies"
"""What all agencies share: the gateway and every agency's role are members."""
AGENCY_PREFIX: Final = "hoso_agency_"

PERSONAL: Final = frozenset({("core_cases__quarantine", "payload"), ("core_cases__version", "applicant_fingerprint")})
"""Columns that hold personal data or stand for a person."""

_AGENCY_IS_OWN = "agency_code = (SELECT hoso_own_agency())"
_UNIT_IS_OWN = "unit = (SELECT hoso_own_agency())"
OWN_ROWS: Final = {
    "core_cases__version": _AGENCY_IS_OWN,
    "core_sync__mismatch": _AGENCY_IS_OWN,
    "core_sync__mismatch_event": (
        "EXISTS (SELECT 1 FROM core_sync__mismatch AS own WHERE own.case_code = core_sync__mismatch_event.case_code"
        " AND own.kind = core_sync__mismatch_event.kind AND own.agency_code = (SELECT hoso_own_agency()))"
    ),
    "core_index__score": _UNIT_IS_OWN,
    "core_index__other_score": _UNIT_IS_OWN,
    "core_index__published": _UNIT_IS_OWN,
    "core_index__attribution": _UNIT_IS_OWN,
    "core_index__interval": _UNIT_IS_OWN,
    "core_index__publication_line": _UNIT_IS_OWN,
    "ref__agency": _AGENCY_IS_OWN,
}
"""Tables that agencies read, and which rows are an agency's own."""

FOR_ALL: Final = frozenset({"ref__procedure"})
"""Tables that agencies read whole: nothing in them belongs to an agency."""

AGENCY_VIEWS: Final = ("out_cases", "out_mismatches", "out_scores", "out_rules_beside")

_OWN_AGENCY: Final = """CREATE OR REPLACE FUNCTION hoso_own_agency() RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog AS $$
    SELECT CASE
        WHEN roles = 1 THEN code
        WHEN roles = 0 AND pg_has_role(current_user, {gateway}, 'USAGE')
            THEN nullif(current_setting('hoso.agency', true), '')
    END
    FROM (
        SELECT count(*) AS roles, max(substr(rolname, {begin})) AS code FROM pg_roles
        WHERE starts_with(rolname, {prefix}) AND pg_has_role(current_user, oid, 'USAGE')
    ) AS named
$$"""
"""Whose rows the session may see: the agency its role is named for, else what the gateway says, else nobody's."""


def roles(codes: Sequence[str] = ()) -> Iterator[sql.Composed]:
    """Statements that create the roles, with one for each agency code. Raises ConfigError for a code too long for a
    name."""
    for code in codes:
        if len((AGENCY_PREFIX + code).encode()) > 63:
            raise ConfigError(f"agency code {code} is too long for the name of a role")
    named = [AGENCY_PREFIX + code for code in codes]
    for role in (WRITER, ANALYST, AGENCIES, GATEWAY, *named):
        yield sql.SQL(
            "DO $do$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {}) THEN CREATE ROLE {} NOLOGIN; "
            "END IF; END $do$"
        ).format(sql.Literal(role), sql.Identifier(role))
    for role in (GATEWAY, *named):
        yield sql.SQL("GRANT {} TO {}").format(sql.Identifier(AGENCIES), sql.Identifier(role))


def grants(schema: str) -> Iterator[sql.Composed]:
    """Statements that give the roles their rights in a schema, after taking away all that they or everybody had."""
    into, everyone = sql.Identifier(schema), _names(WRITER, ANALYST, AGENCIES)
    yield sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA {} FROM PUBLIC, {}").format(into, everyone)
    yield sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(into, everyone)
    yield sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {} TO {}").format(into, _names(WRITER))
    yield sql.SQL(  # statistics after a load; before 17 they are for the owner, and a writer that is not skips them
        "DO $do$ BEGIN IF current_setting('server_version_num')::int >= 170000 THEN "
        "GRANT MAINTAIN ON ALL TABLES IN SCHEMA {} TO {}; END IF; END $do$"
    ).format(into, _names(WRITER))
    yield sql.SQL(_OWN_AGENCY).format(
        gateway=sql.Literal(GATEWAY), prefix=sql.Literal(AGENCY_PREFIX), begin=sql.Literal(len(AGENCY_PREFIX) + 1)
    )
    for name in metadata.tables:
        yield from _read(name, ANALYST)
    for name in (*OWN_ROWS, *FOR_ALL):
        yield from _read(name, AGENCIES)
    yield sql.SQL("GRANT SELECT ON {} TO {}").format(_names(*VIEWS), _names(ANALYST))
    yield sql.SQL("GRANT SELECT ON {} TO {}").format(_names(*AGENCY_VIEWS), _names(AGENCIES))
    for name, own in OWN_ROWS.items():
        yield from _policies(name, own)


def _read(name: str, role: str) -> Iterator[sql.Composed]:
    columns = _names(*(column.name for column in metadata.tables[name].columns if (name, column.name) not in PERSONAL))
    yield sql.SQL("GRANT SELECT ({}) ON {} TO {}").format(columns, sql.Identifier(name), sql.Identifier(role))


def _policies(name: str, own: str) -> Iterator[sql.Composed]:
    on = sql.Identifier(name)
    yield sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(on)
    for role, what, rows in (
        (WRITER, "ALL", "true"),
        (ANALYST, "SELECT", "true"),
        (AGENCIES, "SELECT", own),
    ):
        yield sql.SQL("DROP POLICY IF EXISTS {} ON {}").format(sql.Identifier(role), on)
        yield sql.SQL("CREATE POLICY {role} ON {on} FOR {what} TO {role} USING ({rows})").format(
            role=sql.Identifier(role), on=on, what=sql.SQL(what), rows=sql.SQL(rows)
        )


def _names(*names: str) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def statements(schema: str, codes: Sequence[str] = ()) -> Iterator[sql.Composed]:
    """All of it, in the order in which it is to be run."""
    yield from roles(codes)
    yield from grants(schema)


def apply(connection: Connection, codes: Sequence[str] = ()) -> None:
    """Create the roles and give them their rights, within the caller's transaction. The caller owns the tables and may
    create roles."""
    _run(connection, statements(_schema(connection), codes))


def renew(connection: Connection) -> None:
    """Give the rights again after an upgrade, where the roles are in use."""
    known = table("pg_roles", column("rolname"))
    if connection.execute(select(known.c.rolname).where(known.c.rolname == AGENCIES)).first():
        _run(connection, grants(_schema(connection)))


def _schema(connection: Connection) -> str:
    return str(connection.execute(select(func.current_schema())).scalar_one())


def _run(connection: Connection, wanted: Iterator[sql.Composed]) -> None:
    driver = connection.connection.driver_connection
    for statement in wanted:
        driver.execute(statement)  # type: ignore[union-attr]


def main() -> None:
    """Print the statements, or run them on the configured warehouse."""
    parser = argparse.ArgumentParser(prog="python -m tasks.warehouse.access", description="rights on PostgreSQL")
    parser.add_argument("--apply", action="store_true", help="run the statements instead of printing them")
    parser.add_argument("--agency", action="append", default=[], metavar="CODE", help="add the role of an agency")
    asked = parser.parse_args()
    if not asked.apply:
        for statement in statements("public", asked.agency):
            print(statement.as_string(None) + ";")
        return
    knobs = settings.current()
    engine = open_engine(knobs)
    if engine.dialect.name != "postgresql":
        raise ConfigError("rights are for PostgreSQL: a DuckDB file is readable by whoever can open it")
    with transaction(engine, knobs) as connection:
        apply(connection, asked.agency)


if __name__ == "__main__":
    main()
