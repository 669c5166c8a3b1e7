"""The rules against the oracle, both from the same wire records; the oracle against the sandbox's planted truth."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import holidays
import pandas as pd
import pytest
from hypothesis import given, settings

from expectations.run import failures
from expectations.suites import SUITES
from sandbox.cases.working_time import is_working_day
from sandbox.world import build
from schemas.codes import Side
from tasks.rules.typed import typed
from tests.oracle.judging import findings
from tests.oracle.path import CONFIRM, LAG, Warehouse, broken, found, landed
from tests.oracle.reading import References
from tests.oracle.worlds import PRODUCT_REFERENCES, REFERENCES, TOWNS, World, worlds

EXAMPLES = settings.default.max_examples // len(TOWNS)
"""An example is a reading of ten towns, each a small world of its own."""


def expected(world: World) -> dict[tuple[str, str], str]:
    days = {side: world.days(side) for side in Side}
    return findings(world.records(Side.CITY), world.records(Side.PORTAL), REFERENCES, world.as_of, days, LAG, CONFIRM)


@settings(max_examples=EXAMPLES)
@given(worlds())
def test_the_rules_find_what_the_oracle_finds(warehouse: Warehouse, world: World) -> None:
    with warehouse.scratch() as connection:
        warehouse.load(connection, world.reads, PRODUCT_REFERENCES, world.as_of)
        judged = found(warehouse.findings(connection, world.as_of))
    assert judged == expected(world)


@settings(max_examples=max(1, EXAMPLES // 10))
@given(worlds(at_least=7))
def test_the_rules_find_the_same_on_postgresql(on_postgres: Warehouse, world: World) -> None:
    with on_postgres.scratch() as connection:
        on_postgres.load(connection, world.reads, PRODUCT_REFERENCES, world.as_of)
        judged = found(on_postgres.findings(connection, world.as_of))
    assert judged == expected(world)


def test_the_oracle_finds_what_the_sandbox_planted() -> None:
    """Two independent readings of the same description: neither shares code with the other or with the rules."""
    world = build(600, seed=11)
    truth = world.truth()
    public = holidays.country_holidays("VN", years=range(2025, 2028))
    references = References(
        [(agency.code, agency.name) for agency in world.catalogue.agencies],
        {procedure.code: procedure.max_days for procedure in world.catalogue.procedures},
        lambda day: is_working_day(day, public),
    )
    records = world.city_records(range(world.city_count)), world.portal_records(range(world.portal_count))
    days = {side: [(date(2025, 1, 1), date(2027, 1, 1))] for side in Side}
    judged = findings(*records, references, datetime.fromisoformat(truth["now"]), days, LAG, CONFIRM)
    believed = {key for key, verdict in judged.items() if verdict in ("late", "confirmed")}
    assert believed == {(row["case_code"], row["kind"]) for row in truth["mismatches"]}
    in_flight = {code for (code, _), verdict in judged.items() if verdict == "in_flight"}
    assert in_flight <= set(truth["in_flight"])


@pytest.mark.full
@settings(max_examples=20)
@given(worlds(towns=3))
def test_great_expectations_reads_the_declarations_as_the_tests_do(world: World) -> None:
    for read in world.reads:
        rows = typed(read.side, pd.concat(landed(read), ignore_index=True))
        slow = failures(read.side, rows)
        for number, rule in enumerate(SUITES[read.side]):
            here = rows.index[broken(rule, rows)].tolist()
            assert slow.loc[slow["rule"] == number, "row"].tolist() == here, rule.reason


def test_lag_and_confirmation_are_half_open() -> None:
    now = datetime(2025, 6, 19, 20).astimezone()
    ages = {59: "in_flight", 60: "late", 24 * 60 - 1: "late", 24 * 60: "confirmed"}
    city = {
        "dossierId": "1", "dossierNo": "H26.01-250603-0001", "serviceCode": "1.000001", "govAgencyCode": "H26.01",
        "govAgencyName": "", "receiveDate": "03/06/2025", "dueDate": "", "releaseDate": "", "dossierStatus": "new",
        "metaData": "",
    }  # fmt: skip
    for minutes, verdict in ages.items():
        changed = (now - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S%z")
        days = {side: [(date(2025, 6, 1), date(2025, 7, 1))] for side in Side}
        judged = findings([city | {"modifiedDate": changed}], [], REFERENCES, now, days, LAG, CONFIRM)
        assert judged == {("H26.01-250603-0001", "missing_on_portal"): verdict}
