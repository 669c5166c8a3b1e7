"""The migrated schema is the declared one, on both engines."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Integer, MetaData, Table, column, inspect, select, table
from sqlalchemy.exc import IntegrityError

from schemas.case import CASE_SCHEMA
from tasks.warehouse import migrations, tables, views
from tests.warehouse.conftest import Warehouse


def test_the_migrated_schema_is_the_declared_one(warehouse: Warehouse) -> None:
    with warehouse.begin() as connection:
        assert migrations.revision(connection) == migrations.head()
        assert migrations.differences(connection) == []


def test_a_difference_would_be_seen(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = MetaData()
    for declared in migrations.metadata.sorted_tables:
        declared.to_metadata(wanted)
    Table("ops__run", wanted, Column("extra", Integer), extend_existing=True)
    Table("new", wanted, Column("one", Integer))
    monkeypatch.setattr(migrations, "metadata", wanted)
    with warehouse.begin() as connection:
        found = {difference[0] for difference in migrations.differences(connection)}
    assert found == {"add_column", "add_table"}


def test_upgrading_again_changes_nothing(warehouse: Warehouse) -> None:
    with warehouse.begin() as connection:
        before = inspect(connection).get_table_names()
        migrations.upgrade(connection)
        assert inspect(connection).get_table_names() == before


def test_a_failing_transaction_leaves_the_schema_as_it_was(warehouse: Warehouse) -> None:
    def drop_and_fail() -> None:
        with warehouse.begin() as connection:
            views.drop(connection)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        drop_and_fail()
    with warehouse.begin() as connection:
        assert set(inspect(connection).get_view_names()) >= set(views.VIEWS)


def test_every_revision_has_one_successor() -> None:
    history = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert len(history.get_heads()) == 1
    assert len(list(history.walk_revisions())) >= 1


def test_a_case_has_one_current_version_on_postgresql(on_postgres: Warehouse) -> None:
    row = dict.fromkeys(CASE_SCHEMA.names) | {
        "side": "city",
        "case_code": "a",
        "status_code": 4,
        "canonical_version": 1,
        "row_hash": 1,
        "content_hash": 1,
        "window_start": "2026-03-01",
        "recorded_from": "2026-03-01T00:00:00Z",
        "run_id": "r",
    }
    indexes = table("pg_indexes", column("indexname"), column("indexdef"))
    definition = select(indexes.c.indexdef).where(indexes.c.indexname == "uq_version_current")
    with on_postgres.begin() as connection:
        assert (
            connection.execute(definition)
            .scalar_one()
            .endswith("(side, case_code) INCLUDE (row_hash, content_hash) WHERE (recorded_to IS NULL)")
        )
        connection.execute(tables.version.insert().values(row | {"recorded_to": "2026-03-02T00:00:00Z"}))
        connection.execute(tables.version.insert().values(row))
    with pytest.raises(IntegrityError), on_postgres.begin() as connection:
        connection.execute(tables.version.insert().values(row))
