from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.pool import StaticPool

from tasks.warehouse.tables import metadata
from tests.oracle.path import Warehouse
from tests.warehouse.conftest import database, postgres

__all__ = ["postgres"]


@pytest.fixture(scope="package")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """One DuckDB for all examples."""
    warehouse = Warehouse.at(tmp_path_factory.mktemp("oracle"))
    yield warehouse
    warehouse.engine.dispose()


@pytest.fixture(scope="session")
def on_postgres(postgres: URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """One PostgreSQL for all examples."""
    with database(postgres) as url:
        engine = create_engine(url, poolclass=StaticPool, connect_args={"options": "-c timezone=UTC"})
        with engine.begin() as connection:
            metadata.create_all(connection)
        yield Warehouse(engine, tmp_path_factory.mktemp("oracle"))
        engine.dispose()
