"""What every table and column means: comments in the database, and `docs/data-dictionary.md`.

`python -m tasks.warehouse.dictionary` writes the page. A `comment` of a table's or column's own, in its declaration,
goes before the words here.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Column, Connection, MetaData, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import SetColumnComment, SetTableComment

from tasks.warehouse.dictionary_words import COLUMNS, OWN_COLUMNS
from tasks.warehouse.index_tables import metadata  # with all tables in it
from tasks.warehouse.views import VIEWS, as_table

_POSTGRESQL: Final = postgresql.dialect()  # type: ignore[no-untyped-call]
PAGE: Final = Path(__file__).parents[2] / "docs" / "data-dictionary.md"
_HEAD: Final = """# Data dictionary

Made by `python -m tasks.warehouse.dictionary` from the tables' declarations; the same words stand in the database as
comments. Times are UTC; days are days of Vietnam's wall clock; money is whole dong. Types are PostgreSQL's.
"""


def meaning(table: str, column: Column[Any]) -> str | None:
    """What a column means; None when nobody has said it yet."""
    return column.comment or OWN_COLUMNS.get(f"{table}.{column.name}") or COLUMNS.get(column.name)


def undescribed() -> list[str]:
    """Columns and tables without a meaning."""
    columns = [f"{t.name}.{c.name}" for t in _relations() for c in t.columns if meaning(t.name, c) is None]
    return [table.name for table in metadata.sorted_tables if not table.comment] + columns


def comment(connection: Connection) -> None:
    """Write the meanings into the database."""
    for declared in metadata.sorted_tables:
        table = declared.to_metadata(MetaData())
        if table.comment:
            connection.execute(SetTableComment(table))
        for column in table.columns:
            column.comment = meaning(table.name, column)
            if column.comment:
                connection.execute(SetColumnComment(column))


def page() -> str:
    """The data dictionary as Markdown."""
    sections = [_section(table, table.comment or "") for table in _by_name(metadata.tables.values())]
    sections += [_section(table, VIEWS[table.name].comment) for table in _views()]
    return "\n".join([_HEAD, *sections])


def _relations() -> list[Table]:
    return [*metadata.sorted_tables, *_views()]


def _views() -> list[Table]:
    return [as_table(name) for name in VIEWS]


def _by_name(tables: Iterable[Table]) -> list[Table]:
    return sorted(tables, key=lambda table: table.name)


def _section(table: Table, about: str) -> str:
    lines = [f"## {table.name}", "", about, "", "| column | type | null | meaning |", "|---|---|---|---|"]
    for column in table.columns:
        kind = column.type.compile(dialect=_POSTGRESQL).lower().replace("timestamp with time zone", "timestamptz")
        null = "key" if column.primary_key else "yes" if column.nullable else "no"
        lines.append(f"| `{column.name}` | {kind} | {null} | {(meaning(table.name, column) or '').replace('|', '/')} |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Write the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
