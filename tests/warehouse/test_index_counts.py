"""The counts in SQL are those of the rules in pandas, on both engines, and a past publication stays what it was."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Connection, Engine, create_engine, insert, select, update

from schemas.case import CASE_SCHEMA
from schemas.codes import Side
from schemas.measures import MEASURES
from schemas.period import Period, midnight, months, timeline
from schemas.publication import Inputs, Service
from schemas.ruleset import RULE_SETS
from tasks.rules.contribution import CASE_COLUMNS, contributions
from tasks.rules.index import spread
from tasks.rules.listed import listed, listed_lines
from tasks.rules.services import cells_by_unit, service_lines
from tasks.warehouse.index_counts import differing_pairs, grouped
from tasks.warehouse.index_tables import metadata
from tasks.warehouse.service_cells import service_cells, service_counts
from tasks.warehouse.tables import version

FIRST_READ, SECOND_READ = datetime(2026, 6, 10, 3, tzinfo=UTC), datetime(2026, 6, 25, 3, tzinfo=UTC)
PERIODS = [Period.named("2026"), Period.named("2026-Q2"), *months(date(2026, 3, 1), date(2026, 7, 1))]


def rows(side: Side, cases: int, seed: int) -> list[dict[str, Any]]:
    """Versions with every oddity that the rules speak of, among them instants on the edges of months."""
    dice = np.random.default_rng(seed)
    edges = [midnight(period.start) for period in PERIODS]

    def instant() -> datetime | None:
        if dice.random() < 0.15:
            return None
        if dice.random() < 0.2:
            return edges[dice.integers(len(edges))] + timedelta(microseconds=int(dice.integers(-1, 2)))
        return datetime(2025, 12, 20, tzinfo=UTC) + timedelta(minutes=int(dice.integers(0, 200 * 1440)))

    def flag() -> bool | None:
        return [True, False, None][dice.integers(3)]

    found = []
    for place in range(cases):
        received = instant()
        row = dict.fromkeys(CASE_SCHEMA.names) | {
            "side": side.value,
            "case_code": f"H26-{place}",
            "agency_code": [None, "H26.1", "H26.2"][dice.integers(3)],
            "procedure_code": [None, "1.000001", "1.000002", "1.000003", "1.000009"][dice.integers(5)],
            "status_code": int(dice.integers(1, 11)),
            "received_day": (received + timedelta(hours=7)).date() if received else None,
            "clock_stopped_at": instant(),
            "deadline_at": instant(),
            "due_at": instant(),
            "submission_channel": [None, 1, 2, 3][dice.integers(4)],
            "online_payment": [None, 0, 1, 2][dice.integers(4)],
            "fee_total": [None, 0, 5_000][dice.integers(3)],
            "canonical_version": 1,
            "row_hash": int(dice.integers(2**40)),
            "content_hash": place,
            "window_start": date(2026, 1, 1),
            "recorded_from": FIRST_READ,
            "recorded_to": None,
            "run_id": "r1",
        }
        for name in ("has_result", "has_digitised_component", "has_reused_component", "has_stored_component"):
            row[name] = flag()
        row |= {"account_verified_vneid": flag(), "population_linked": flag()}
        found.append(row)
    return found


@pytest.fixture
def engine(warehouse: Any) -> Engine:
    with warehouse.begin() as connection:
        for seed, side in enumerate(Side):
            connection.execute(insert(version), rows(side, 300, seed))
    found: Engine = warehouse.engine
    return found


def cases_of(connection: Connection, side: Side) -> pd.DataFrame:
    names = ["agency_code", *CASE_COLUMNS]
    found = connection.execute(
        select(*(version.c[n] for n in names)).where(version.c.side == side.value, version.c.recorded_to.is_(None))
    ).all()
    types = {"status_code": "Int16", "submission_channel": "Int16", "online_payment": "Int16", "fee_total": "Int64"}
    types |= dict.fromkeys(("clock_stopped_at", "deadline_at", "due_at"), "datetime64[us, UTC]")
    types |= dict.fromkeys(("agency_code", "received_day"), object)
    return pd.DataFrame(
        {n: pd.Series([row[place] for row in found], dtype=types.get(n, "boolean")) for place, n in enumerate(names)}
    )


@pytest.mark.parametrize("rules", sorted(RULE_SETS))
def test_sql_counts_as_the_rules_do(engine: Engine, rules: str) -> None:
    line = timeline(PERIODS, SECOND_READ)
    with engine.connect() as connection:
        query = connection.execute(grouped(RULE_SETS[rules], line, ["agency_code"], None))
        groups = pd.DataFrame(query.all(), columns=list(query.keys()))
        found = spread(groups, ["side", "agency_code"], PERIODS, line).set_index(["side", "agency_code", "period"])
        for side in Side:
            cases = cases_of(connection, side)
            for period in PERIODS:
                each = contributions(cases, RULE_SETS[rules], line, line.span(period)).assign(unit=cases["agency_code"])
                for unit, own in each.dropna(subset=["unit"]).groupby("unit"):
                    expected = own[list(MEASURES)].sum().to_dict()
                    assert found.loc[(side.value, unit, period.name), list(MEASURES)].to_dict() == expected


def test_as_known_then(engine: Engine) -> None:
    line = timeline(PERIODS, FIRST_READ)
    with engine.begin() as connection:
        query = grouped(RULE_SETS["national/2"], line, ["agency_code"], FIRST_READ)
        before = sorted(map(str, connection.execute(query)))
        connection.execute(update(version).values(recorded_to=SECOND_READ).where(version.c.case_code.like("%7")))
        later = [
            row | {"recorded_from": SECOND_READ, "case_code": f"new-{n}"}
            for n, row in enumerate(rows(Side.CITY, 40, 9))
        ]
        connection.execute(insert(version), later)
        assert sorted(map(str, connection.execute(query))) == before
        now = grouped(RULE_SETS["national/2"], line, ["agency_code"], None)
        assert sorted(map(str, connection.execute(now))) != before


def test_pairs_that_may_count_differently(tmp_path: Path) -> None:
    alike = rows(Side.CITY, 6, 1)
    for row in alike:
        row |= {"status_code": 4, "received_day": date(2026, 4, 1), "population_linked": True}
    portal = [row | {"side": Side.PORTAL.value} for row in alike]
    portal[1] |= {"row_hash": 1}
    portal[2] |= {"population_linked": False}
    portal[3] |= {"status_code": 1}  # not received there: it has no part in the portal's counts
    with create_engine(f"duckdb:///{tmp_path / 'w.duckdb'}").begin() as connection:
        metadata.create_all(connection)
        connection.execute(insert(version), [*alike, *portal[:5]])
        found = differing_pairs(connection).set_index("case_code")
    assert sorted(found.index) == ["H26-1", "H26-2", "H26-3", "H26-5"]
    assert pd.isna(found.loc["H26-5", "portal_status_code"])


def test_procedures_count_alike_case_by_case_and_in_columns(warehouse: Any) -> None:
    facts = [
        Service(online=True, offices=("H26.1",)),
        Service(online=False, fee=True, level="commune"),
        Service(fee=True),
    ]
    services = {f"1.00000{n}": service for n, service in enumerate(facts, start=1)} | {"1.000007": Service(online=True)}
    inputs = Inputs(levels={"H26.2": "commune", "H26.1": "department"}, services=services)
    by_month = months(date(2026, 3, 1), date(2026, 7, 1))
    units = ["", "H26.1", "H26.2"]
    with warehouse.begin() as connection:
        for seed, side in enumerate(Side):
            connection.execute(insert(version), rows(side, 60, seed))
        procedures = listed(inputs, units)
        counted = service_counts(connection, procedures, by_month)
        found = listed_lines(procedures, counted, [month.name for month in by_month], RULE_SETS["national/2"])
        counts = [service_cells(connection, month) for month in by_month]
        cells = [{side: cells_by_unit(shown, side) for side in Side} for shown in counts]
        rules, asked = RULE_SETS["national/2"], [("", unit) for unit in units]
        slow = [service_lines(each, inputs, asked, rules) for each in cells]
    expected = pd.concat([lines.assign(period=month.name) for month, lines in zip(by_month, slow, strict=True)])
    names = ["unit", "period", "indicator", "side", "numerator", "denominator", "points"]
    assert sorted(map(tuple, found[names].to_numpy())) == sorted(map(tuple, expected[names].to_numpy()))
    assert expected["numerator"].nunique() > 2
