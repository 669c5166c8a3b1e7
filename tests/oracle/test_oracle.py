"""The rules against the oracle: both read the same wire records of small worlds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given

from schemas.codes import Side
from tests.oracle.judging import findings
from tests.oracle.path import CONFIRM, LAG, Warehouse, found
from tests.oracle.worlds import PRODUCT_REFERENCES, REFERENCES, World, worlds


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    warehouse = Warehouse.at(tmp_path_factory.mktemp("oracle"))
    yield warehouse
    warehouse.engine.dispose()


def expected(world: World) -> dict[tuple[str, str], str]:
    days = {side: world.days(side) for side in Side}
    records = [world.records(side) for side in Side]
    return findings(*records, REFERENCES, world.as_of, days, LAG, CONFIRM)


@given(worlds())
def test_the_rules_find_what_the_oracle_finds(warehouse: Warehouse, world: World) -> None:
    with warehouse.scratch() as connection:
        warehouse.load(connection, world.reads, PRODUCT_REFERENCES, world.as_of)
        judged = found(warehouse.findings(connection, world.as_of))
    assert judged == expected(world)
