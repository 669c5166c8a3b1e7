"""Publish, change ten thousand cases, make it again: identical; and the list of what moved explains the new score."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from prefect.logging import disable_run_logger
from sqlalchemy import Connection, case, insert, literal, select, update

import settings
from errors import ConfigError
from schemas.case import CASE_SCHEMA
from schemas.codes import Side
from tasks import publish
from tasks.rules.movement import Movement
from tasks.warehouse import publications
from tasks.warehouse.engine import create_tables, open_engine, transaction
from tasks.warehouse.scores import stage_frame
from tasks.warehouse.tables import agency, procedure, run, version

CASES, CHANGED = 12_000, 10_000
THEN, NOW = datetime(2026, 10, 20, 3, tzinfo=UTC), datetime(2026, 11, 24, 3, tzinfo=UTC)
PERIOD = "2026-10"
FLAGS = ("has_result", "has_digitised_component", "has_reused_component", "has_stored_component")


def cases(seed: int, numbers: range) -> pd.DataFrame:
    dice, many = np.random.default_rng(seed), len(numbers)
    hour = np.timedelta64(3_600_000_000, "us")
    received = np.datetime64("2026-08-01T01:00", "us") + dice.integers(0, 92 * 24, many) * hour
    due = received + dice.integers(2 * 24, 60 * 24, many) * hour
    ended = np.where(dice.random(many) < 0.8, received + dice.integers(24, 50 * 24, many) * hour, np.datetime64("NaT"))
    frame = pd.DataFrame({n: pd.Series(at).dt.tz_localize("UTC") for n, at in (("due_at", due), ("deadline_at", due))})
    frame["clock_stopped_at"] = pd.Series(ended).dt.tz_localize("UTC")
    frame["case_code"] = [f"H26-{n:06}" for n in numbers]
    frame["agency_code"] = [f"H26.{n}" for n in dice.integers(1, 6, many)]
    frame["procedure_code"] = [f"1.{n:06}" for n in dice.integers(1, 9, many)]
    frame["received_day"] = frame["window_start"] = (received + 7 * hour).astype("datetime64[D]")
    frame["status_code"] = np.where(np.isnat(ended), 4, 9)
    frame["submission_channel"] = dice.integers(1, 4, many)
    frame["online_payment"] = dice.integers(0, 3, many)
    frame["fee_total"] = dice.integers(0, 2, many) * 9_000
    for name in (*FLAGS, "account_verified_vneid", "population_linked"):
        frame[name] = dice.random(many) < 0.5
    frame["canonical_version"], frame["row_hash"], frame["content_hash"] = 1, 0, 0
    for name in set(CASE_SCHEMA.names) - set(frame.columns):
        frame[name] = pd.Series([None] * many, dtype=object)
    return frame


def record(connection: Connection, side: Side, frame: pd.DataFrame, at: datetime) -> None:
    """Open versions, after those of the same cases were closed."""
    codes = stage_frame(connection, "stage_test", CASE_SCHEMA, frame)
    same = version.c.case_code.in_(select(codes.c.case_code))
    connection.execute(
        update(version)
        .values(recorded_to=at)
        .where(version.c.side == side.value, version.c.recorded_to.is_(None), same)
    )
    values = [literal(side.value), *(codes.c[name] for name in CASE_SCHEMA.names), literal(at), literal("r")]
    names = ["side", *CASE_SCHEMA.names, "recorded_from", "run_id"]
    connection.execute(insert(version).from_select(names, select(*values)))


def finish(connection: Connection, run_id: str, at: datetime) -> None:
    head = {"run_id": run_id, "flow": "daily", "as_of": at, "range_start": at.date(), "range_end": at.date()}
    head |= {"state": "loaded", "code_version": "0", "canonical_version": 1, "rules_version": 1}
    connection.execute(insert(run), [head])


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[settings.Settings]:
    for name in ("CITY_URL", "PORTAL_URL", "PORTAL_PASSWORD", "FINGERPRINT_KEY"):
        monkeypatch.setenv(f"HOSO_{name}", "http://nowhere")
    monkeypatch.setenv("HOSO_DATA_DIR", str(tmp_path))
    settings.current.cache_clear()
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection, disable_run_logger():
        create_tables(connection)
        city = cases(1, range(CASES))
        record(connection, Side.CITY, city, THEN)
        record(connection, Side.PORTAL, city.iloc[300:], THEN)
        level = {"agency_name": "Sở", "agency_level": "1", "valid_from": THEN.date(), "valid_to": None}
        connection.execute(insert(agency), [{"agency_code": "H26.1", **level}])
        connection.execute(insert(procedure), [{"procedure_code": "1.000001", "field_code": "LAND"}])
        finish(connection, "r1", THEN)
    with disable_run_logger():
        yield knobs
    settings.current.cache_clear()


def change(knobs: settings.Settings) -> None:
    """Ten thousand cases of each side change, some go and some come, and five weeks pass."""
    with transaction(open_engine(knobs), knobs) as connection:
        record(connection, Side.CITY, cases(2, range(1_000, 1_000 + CHANGED)), NOW)
        record(connection, Side.PORTAL, cases(3, range(1_200, 1_200 + CHANGED)), NOW)
        record(connection, Side.PORTAL, cases(4, range(CASES, CASES + 200)), NOW)
        gone = version.c.case_code < "H26-000400"
        connection.execute(update(version).values(recorded_to=NOW).where(version.c.recorded_to.is_(None), gone))
        finish(connection, "r2", NOW)


def test_a_past_publication_is_made_again_to_the_digit(warehouse: settings.Settings) -> None:
    name = publish.publish_score.fn(PERIOD)
    assert name == "2026-10-20261020T030000-national-2"
    with transaction(open_engine(warehouse), warehouse) as connection:
        before = publications.read_lines(connection, name)
    levels = before.groupby("level")["unit"].nunique().to_dict()
    assert levels == {"agency": 4, "city": 1, "department": 1, "field": 1, "procedure": 8}
    change(warehouse)
    assert publish.publish_score.fn(PERIOD, THEN) == name  # published twice, it is the same
    assert publish.reproduce.fn(name) == {
        "publication": name,
        "identical": True,
        "lines": len(before),
        "differences": [],
    }
    later = publish.publish_score.fn(PERIOD)
    with transaction(open_engine(warehouse), warehouse) as connection:
        after = publications.read_lines(connection, later)
        assert not after.equals(before)
        # A line that was tampered with is found.
        line = publications.publication_line
        hit = (line.c.publication_id == name) & (line.c.level == "city") & (line.c.indicator == "ON_TIME")
        fewer = case((line.c.side == "city", line.c.numerator - 1), else_=line.c.numerator)
        connection.execute(update(line).values(numerator=fewer).where(hit))
    proof = publish.reproduce.fn(name)
    assert (proof["identical"], len(proof["differences"])) == (False, 1)
    assert proof["differences"][0]["made_numerator"] - proof["differences"][0]["published_numerator"] == 1


def test_what_moved_explains_the_new_score(warehouse: settings.Settings, tmp_path: Path) -> None:
    first = publish.publish_score.fn(PERIOD, rules="national/1")
    change(warehouse)
    last = publish.publish_score.fn(PERIOD)
    told = publish.compare.fn(first, last, str(tmp_path))
    with transaction(open_engine(warehouse), warehouse) as connection:
        heads = [publications.read_publication(connection, name) for name in (first, last)]
        ways: dict[Side, Movement] = {side: publish._way(connection, heads, side)[0] for side in Side}
        lines = {name: publications.read_lines(connection, name) for name in (first, last)}
    for side, way in ways.items():
        assert way.start + way.rules + way.report + way.split.gap("") == way.end
        assert sum(way.split.cases["points"], Fraction(0)) == way.split.gap("")
        for name, points in ((first, way.start), (last, way.end)):
            own = lines[name].query(f"level == 'city' and side == '{side}'")["points"].sum()
            assert abs(points - Fraction(int(own), 10**10)) < Fraction(1, 10**8)  # stored to ten decimals
        assert told[side]["explained_exactly"]
        assert way.rules != 0  # the digitised share had a threshold by the older rules
        assert {"case_gone", "time_passed", "ended"} <= set(told[side]["causes"])
        listed = pd.read_csv(tmp_path / f"moved-{side}.csv")
        assert listed["case_code"].nunique() == told[side]["facts"] > 3_000
    assert ways[Side.CITY].report == 0
    assert ways[Side.PORTAL].report != 0
    assert "new_case" in told["portal"]["causes"]


def test_given_indicators_make_a_whole_index(warehouse: settings.Settings, tmp_path: Path) -> None:
    given = {"PUBLISH_ON_TIME": [1, 47], "PUBLIC_UPDATE_ON_TIME": [43, 47], "PUBLIC_CONTENT_FULL": [47, 47]}
    given |= {"CITIZEN_DATA_CONNECTED_FORMALITY": [16, 147], "PETITION_PROCESSING_ON_TIME": [0, 0]}
    given |= {"PETITION_HANDLING_SATISFACTION": [0, 0]}
    published = {"ELECTRONIC_CERTIFIED_COPY": 2, "ONLINE": 6.72, "TTTT": 8.61}
    file = tmp_path / "units.json"
    file.write_text(
        json.dumps({"units": [{"code": "H26.1", "reported": 99_999, "ratios": given, "published": published}]})
    )
    name = publish.publish_score.fn(PERIOD, units_file=str(file))
    file.unlink()  # the inputs are frozen with the publication
    assert publish.reproduce.fn(name)["identical"]
    with transaction(open_engine(warehouse), warehouse) as connection:
        lines = publications.read_lines(connection, name).query("unit == 'H26.1' and side == 'portal'")
    own: dict[str, Any] = lines.set_index("indicator").to_dict("index")
    assert own["DOSSIER_SYNC"]["denominator"] == 99_999
    assert own["TTTT"]["points"] == 861 * 10**8
    groups = ("CKMB", "TDGQ", "CLGQ", "TTTT", "MDSH", "MDHL")
    assert own["TOTAL"]["points"] == sum(own[group]["points"] for group in groups)


def test_what_cannot_be_published(warehouse: settings.Settings) -> None:
    with pytest.raises(ConfigError, match="latest run"):
        publish.publish_score.fn(PERIOD, NOW + timedelta(days=1))
    for wrong in (("2026-13", ""), (PERIOD, "national/9")):
        with pytest.raises(ConfigError, match="cannot publish"):
            publish.publish_score.fn(wrong[0], None, wrong[1])
    with pytest.raises(ConfigError, match="no publication"):
        publish.reproduce.fn("nothing")
    other = publish.publish_score.fn("2026-09")
    with pytest.raises(ConfigError, match="different periods"):
        publish.compare.fn(other, publish.publish_score.fn(PERIOD))
