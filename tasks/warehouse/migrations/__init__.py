"""The schema's history, as Alembic revisions for both engines, forward only.

`python -m tasks.warehouse.migrations` upgrades the configured warehouse; a run does so by itself. `alembic revision
--autogenerate -m "what changes"` drafts the next revision from `metadata` (against PostgreSQL: DuckDB knows less).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.ddl.impl import DefaultImpl
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, String, column, inspect, select, table

from tasks.warehouse.index_tables import metadata  # with all tables in it

VERSION_TABLE: Final = "ops__migration"


class DuckDBImpl(DefaultImpl):
    """Alembic asks for one class a dialect; DuckDB needs nothing of its own."""

    __dialect__ = "duckdb"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


@cache
def head() -> str:
    """The newest revision."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    assert newest is not None
    return newest


def revision(connection: Connection) -> str | None:
    """The warehouse's revision; None for an empty one."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(select(column("version_num")).select_from(table(VERSION_TABLE))).scalar_one_or_none()


def upgrade(connection: Connection) -> None:
    """Bring the schema, its views, comments and rights up to date, within the caller's transaction; quick when it is.

    Raises `alembic.util.CommandError` for a warehouse that a newer release has upgraded.
    """
    if revision(connection) == head():
        return
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def differences(connection: Connection) -> list[Any]:
    """What Alembic finds different between the schema and `metadata`."""
    context = MigrationContext.configure(connection, opts=options(connection.dialect.name))
    return list(compare_metadata(context, metadata))


def options(dialect: str) -> dict[str, Any]:
    """How Alembic compares: views are no tables, comments are not migrated, DuckDB has one type of text and is given no
    index."""

    def compared(_thing: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
        if kind == "table":
            return not (name or "").startswith(("out_", VERSION_TABLE))
        return kind != "index" or dialect == "postgresql"

    return {
        "target_metadata": metadata,
        "version_table": VERSION_TABLE,
        "compare_type": _texts_alike if dialect == "duckdb" else True,
        "include_object": compared,
        "autogenerate_plugins": ["alembic.autogenerate.*", "~alembic.autogenerate.comments"],
    }


def _texts_alike(_context: Any, _inspected: Any, _declared: Any, found: Any, wanted: Any) -> bool | None:
    return False if isinstance(found, String) and isinstance(wanted, String) else None
