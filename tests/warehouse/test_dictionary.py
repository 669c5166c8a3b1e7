"""Everything in the warehouse is described, and the page says what the database says."""

from __future__ import annotations

from sqlalchemy import MetaData, Table, func, inspect, select

from tasks.warehouse import dictionary, views
from tasks.warehouse.access import PERSONAL
from tests.warehouse.conftest import Warehouse


def test_every_table_and_column_has_a_meaning() -> None:
    assert dictionary.undescribed() == []


def test_the_page_is_current() -> None:
    assert dictionary.PAGE.read_text(encoding="utf-8") == dictionary.page(), "run python -m tasks.warehouse.dictionary"


def test_the_database_says_the_same(warehouse: Warehouse) -> None:
    with warehouse.begin() as connection:
        for table in dictionary.metadata.sorted_tables:
            found = {column["name"]: column["comment"] for column in inspect(connection).get_columns(table.name)}
            assert found == {column.name: dictionary.meaning(table.name, column) for column in table.columns}
            assert inspect(connection).get_table_comment(table.name)["text"] == table.comment


def test_views_can_be_read_and_show_nothing_personal(warehouse: Warehouse) -> None:
    personal = {column for _, column in PERSONAL}
    with warehouse.begin() as connection:
        for name in views.VIEWS:
            found = Table(name, MetaData(), autoload_with=connection)
            assert [column.name for column in found.columns] == [column.name for column in views.as_table(name).columns]
            assert not personal & set(found.columns.keys())
            assert connection.execute(select(func.count()).select_from(found)).scalar_one() == 0
