"""From the list to the score: what was recommended is pushed, and the next run regains what was promised.

Also the publications of such a warehouse, through the flows that a person starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

import settings
from flows import publish
from flows.daily import daily
from flows.demo import sandbox
from flows.score import main as score_command
from schemas.codes import Side
from schemas.ruleset import RULE_SETS
from tasks.rules.apportion import scaled
from tasks.rules.score import points
from tasks.warehouse import reading
from tasks.warehouse.engine import open_engine, transaction
from tasks.warehouse.index_tables import attribution, other_score
from tasks.warehouse.reference_tables import agency
from tests.flows.pushing import push, record

FEWEST = 10
RULES = RULE_SETS["national/2"]


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Two systems of this module's own: it changes the portal."""
    path = tmp_path_factory.mktemp("sandbox") / "truth.json"
    with sandbox(2_000, 23, path) as ready:
        yield {**ready, "planted": orjson.loads(path.read_bytes())}


def run(systems: dict[str, Any], later: timedelta = timedelta(0)) -> str:
    planted = systems["planted"]
    start = date.fromisoformat(planted["period"]["start"]) - timedelta(days=1)
    end = date.fromisoformat(planted["period"]["end"]) + timedelta(days=2)
    told = daily(start, end, datetime.fromisoformat(planted["now"]) + later)
    return str(told["run_id"])


def asked(query: Any) -> list[Any]:
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        return connection.execute(query).all()


def portal_score(run_id: str) -> Fraction:
    """Exact points of the portal's copy, from the stored numerators and denominators."""
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        lines = reading.scores(connection, run_id)
    lines = lines[(lines["level"] == "city") & (lines["side"] == Side.PORTAL.value)]
    rows = lines[["indicator", "numerator", "denominator"]].itertuples(index=False, name=None)
    return sum((points(RULES.indicator(code), int(n), int(d)) for code, n, d in rows), Fraction(0))


def city_records() -> dict[str, dict[str, Any]]:
    """The city's raw records as they were landed, by case code."""
    found = {}
    for path in (settings.current().landing_dir / "city").rglob("*.parquet"):
        for text in pq.read_table(path, columns=["payload"]).column(0).to_pylist():
            raw = orjson.loads(text)
            found[str(raw.get("dossierNo"))] = raw
    return found


def test_pushing_the_recommended_list_regains_what_was_promised(
    configured: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = run(configured)
    before = portal_score(first)
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        advice = reading.advice(connection, first)
    promised = advice["regained"].iloc[-1]
    assert len(advice) >= FEWEST
    assert promised > 0
    names = dict(asked(select(agency.c.agency_code, agency.c.agency_name).where(agency.c.valid_to.is_(None))))
    landed = city_records()
    push(configured["portal"], [record(landed[c], names[landed[c]["govAgencyCode"]]) for c in advice["case_code"]])

    second = run(configured, timedelta(seconds=1))
    assert scaled(portal_score(second) - before) == scaled(Fraction(promised))
    _the_flows_of_publication(configured, first, tmp_path, capsys)
    _the_parts_of_agencies(second)


def _the_parts_of_agencies(run_id: str) -> None:
    """What kinds cost an agency sums up to the gap of its own index, for each of them; other rules stand beside."""
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        scores = reading.scores(connection, run_id)
        parts = connection.execute(select(attribution).where(attribution.c.run_id == run_id)).mappings().all()
        others = connection.execute(select(other_score.c.rules).distinct()).scalars().all()
    lines = scores[scores["level"] == "agency"].assign(
        sign=lambda frame: frame["side"].map({"city": 1, "portal": -1}).astype(int)
    )
    gaps: dict[str, Any] = {}
    for unit, sign, own in lines[["unit", "sign", "points"]].itertuples(index=False, name=None):
        gaps[unit] = gaps.get(unit, 0) + sign * own
    explained: dict[str, Any] = {}
    for part in parts:
        if part["level"] == "agency":
            explained[part["unit"]] = explained.get(part["unit"], 0) + part["points"]
    assert {unit: gap for unit, gap in gaps.items() if gap or unit in explained} == explained
    assert len(explained) > 20
    assert {"city_report/1", "national/1"} >= set(others) >= {"city_report/1"}


def _the_flows_of_publication(
    systems: dict[str, Any], first: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Publish as known at both runs, reproduce, compare; and the same period by several rules."""
    now = datetime.fromisoformat(systems["planted"]["now"])
    period = f"{now:%Y-%m}"
    names = []
    for at in (now, now + timedelta(seconds=1)):
        assert publish.main(["score", period, "--as-of", at.isoformat()]) == 0
        told = orjson.loads(capsys.readouterr().out)
        assert told["proof"]["identical"]
        names.append(told["publication"])
    assert publish.main(["reproduce", names[0]]) == 0
    capsys.readouterr()
    assert publish.main(["compare", *names, "--folder", str(tmp_path)]) == 0
    moved = orjson.loads(capsys.readouterr().out)
    assert moved["portal"]["explained_exactly"]
    assert moved["portal"]["facts"] > 0
    assert moved["city"]["facts"] == 0
    assert publish.main(["changes", *names]) == 0
    changed = {
        row["indicator"]: row for row in orjson.loads(capsys.readouterr().out)["changes"] if row["side"] == "city"
    }
    assert {"ON_TIME", "3.2", "payment_B", "CITIZEN_DATA_CONNECTED_FORMALITY"} <= changed.keys()
    assert {row["change"] for row in changed.values()} == {"0.00"}
    assert publish.main(["reproduce", "nothing"]) == 2
    assert score_command([period, "--level", "department", "--rules", "national/2", "--rules", "city_report/1"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.startswith("level,unit,indicator,side,national/2 numerator")
    assert rows
    assert all(row.startswith("department,") for row in rows)
    assert score_command(["2026-13"]) == 2
