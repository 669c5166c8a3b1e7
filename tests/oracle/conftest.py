from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.oracle.path import Warehouse


@pytest.fixture(scope="package")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """One DuckDB for all examples."""
    warehouse = Warehouse.at(tmp_path_factory.mktemp("oracle"))
    yield warehouse
    warehouse.engine.dispose()
