"""Publish, change ten thousand cases, make it again: identical; and the list of what moved explains the new score."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from prefect.logging import disable_run_logger
from sqlalchemy import Connection, case, delete, insert, literal, select, update

import settings
from errors import ConfigError
from schemas.case import CASE_SCHEMA
from schemas.codes import Side
from schemas.ruleset import RULE_SETS
from schemas.window import Window
from tasks import publish
from tasks.check import check_published
from tasks.lines import lines_of
from tasks.period import score_period
from tasks.rules.movement import Movement
from tasks.rules.publication import changes_between, line_differences
from tasks.warehouse import publications
from tasks.warehouse.bulk import analyze
from tasks.warehouse.engine import open_engine, transaction
from tasks.warehouse.index_tables import published
from tasks.warehouse.reference_tables import agency, procedure
from tasks.warehouse.scores import stage_frame
from tasks.warehouse.tables import run, version
from tasks.warehouse.tables import window as window_ledger
from tasks.warehouse.window_ledger import WindowRows
from tasks.warehouse.writer import SideLoad, load_side

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
    analyze(connection, version)


def finish(connection: Connection, run_id: str, at: datetime) -> None:
    head = {"run_id": run_id, "flow": "daily", "as_of": at, "range_start": at.date(), "range_end": at.date()}
    head |= {"state": "loaded", "code_version": "0", "canonical_version": 1, "rules_version": 1}
    connection.execute(insert(run), [head])


ON_BOTH = pytest.mark.parametrize("warehouse", ["on_duckdb", "on_postgres"], indirect=True)


@pytest.fixture
def warehouse(request: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[settings.Settings]:
    made = request.getfixturevalue(getattr(request, "param", "on_duckdb"))
    for name in ("CITY_URL", "PORTAL_URL", "PORTAL_PASSWORD", "FINGERPRINT_KEY"):
        monkeypatch.setenv(f"HOSO_{name}", "http://nowhere")
    monkeypatch.setenv("HOSO_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HOSO_WAREHOUSE_URL", made.settings.warehouse_url)
    settings.current.cache_clear()
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        city = cases(1, range(CASES))
        record(connection, Side.CITY, city, THEN)
        record(connection, Side.PORTAL, city.iloc[300:], THEN)
        level = {"agency_name": "Sở", "agency_level": "1", "valid_from": THEN.date(), "valid_to": None}
        connection.execute(insert(agency), [{"agency_code": "H26.1", **level}])
        known = {"has_fee": True, "offered_online": True, "offices": "H26.1 H26.2", "procedure_level": "1"}
        rare = [{"procedure_code": f"9.{n:06}", "field_code": "RARE", **known} for n in range(6)]
        connection.execute(insert(procedure), [{"procedure_code": "1.000001", "field_code": "LAND", **known}, *rare])
        finish(connection, "r1", THEN)
    with disable_run_logger():
        yield knobs
    settings.current.cache_clear()


def change(knobs: settings.Settings) -> None:
    """Ten thousand cases of each side change, some go and some come, one procedure is new and five weeks pass."""
    with transaction(open_engine(knobs), knobs) as connection:
        changed = cases(2, range(1_000, 1_000 + CHANGED))
        changed.loc[changed.index[:40], "procedure_code"] = "9.000001"
        record(connection, Side.CITY, changed, NOW)
        connection.execute(insert(procedure), [{"procedure_code": "9.000009", "has_fee": True, "offered_online": True}])
        record(connection, Side.PORTAL, cases(3, range(1_200, 1_200 + CHANGED)), NOW)
        record(connection, Side.PORTAL, cases(4, range(CASES, CASES + 200)), NOW)
        gone = version.c.case_code < "H26-000400"
        connection.execute(update(version).values(recorded_to=NOW).where(version.c.recorded_to.is_(None), gone))
        finish(connection, "r2", NOW)


@ON_BOTH
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
        assert way.start + way.rules + way.report + way.catalogue + way.split.gap("") == way.end
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
    assert ways[Side.CITY].catalogue < 0  # one more procedure that nobody files online
    used = [part.points for part in ways[Side.CITY].split.parts if part.indicator == "3.2"]
    assert sum(used) == Fraction(4, 8)  # one of the eight procedures offered online is used for the first time
    assert ways[Side.PORTAL].report != 0
    assert "new_case" in told["portal"]["causes"]


WINDOW = Window(date(2026, 10, 5), date(2026, 10, 8))
HOUR = timedelta(hours=1)


def late_read(knobs: settings.Settings, side: Side, number: int, folder: Path) -> None:
    """A read of one side an hour after THEN, loaded now: cases otherwise than before, new ones, and many unlisted."""
    listed = cases(number, range(CASES - 900, CASES + 900)).assign(window_start=WINDOW.start, content_hash=number)
    listed["listed_day"] = listed["received_day"]
    days = pd.to_datetime(listed["received_day"]).dt.date
    listed = listed.loc[(days >= WINDOW.start) & (days < WINDOW.end)]
    path = folder / "late.parquet"
    pq.write_table(pa.Table.from_pandas(listed[CASE_SCHEMA.names], schema=CASE_SCHEMA, preserve_index=False), path)
    rows = WindowRows(WINDOW, len(listed), len(listed), duplicate=0, quarantined=0)
    with transaction(open_engine(knobs), knobs) as connection:
        load_side(connection, f"late-{number}", THEN + HOUR, SideLoad(side, [str(path)], [], [rows]))


@ON_BOTH
def test_a_read_that_is_loaded_late_does_not_change_what_was_published(
    warehouse: settings.Settings, tmp_path: Path
) -> None:
    with transaction(open_engine(warehouse), warehouse) as connection:
        connection.execute(update(version).values(listed_day=version.c.received_day))
        read = {"run_id": "r1", "window_start": WINDOW.start, "window_end": WINDOW.end}
        read |= dict.fromkeys(("extracted", "loaded", "unchanged", "duplicate", "quarantined", "gone"), 0)
        for run_id, at in (("r1", THEN), ("r3", THEN + 3 * HOUR)):
            each = read | {"run_id": run_id, "read_at": at}
            connection.execute(insert(window_ledger), [each | {"side": side.value} for side in Side])
        finish(connection, "r3", THEN + 3 * HOUR)
    first = publish.publish_score.fn(PERIOD, THEN + 2 * HOUR)
    late_read(warehouse, Side.CITY, 7, tmp_path)
    late_read(warehouse, Side.PORTAL, 8, tmp_path)
    with transaction(open_engine(warehouse), warehouse) as connection:
        head = publications.read_publication(connection, first)
        assert head is not None
        by_versions_alone = lines_of(connection, head.days, head.as_of, RULE_SETS[head.rules], head.inputs)
        assert not line_differences(publications.read_lines(connection, first), by_versions_alone).empty
    assert publish.reproduce.fn(first)["identical"]
    change(warehouse)
    assert publish.reproduce.fn(first)["identical"]
    told = publish.compare.fn(first, publish.publish_score.fn(PERIOD))
    assert all(told[side]["explained_exactly"] and told[side]["facts"] > 3_000 for side in Side)


def test_any_period_by_several_rule_sets_side_by_side(warehouse: settings.Settings) -> None:
    told = score_period.fn(PERIOD, rules_as_of=[date(2025, 6, 30), date(2026, 10, 1)], rules=["city_report/1"])
    assert told["rules"] == ["national/1", "national/2", "city_report/1"]
    city = {(row["indicator"], row["side"]): row for row in told["lines"] if row["level"] == "city"}
    digitised = city["SO_HOA_GIAY_TO_GIAI_QUYET", "city"]
    then, now = (Fraction(digitised[code]["points"]) for code in ("national/1", "national/2"))
    assert then == pytest.approx(now / Fraction(4, 5), abs=1e-9)  # a threshold of 80 % then, none now
    assert digitised["national/1"]["numerator"] == digitised["national/2"]["numerator"]
    on_time = city["ON_TIME", "portal"]
    assert on_time["national/2"]["numerator"] == on_time["national/1"]["numerator"]
    assert on_time["city_report/1"]["numerator"] > on_time["national/2"]["numerator"]  # the due day is on time
    assert {row["level"] for row in told["lines"]} == {"city", "department", "agency", "procedure", "field"}
    for period in ("2026-Q4", "2026"):
        assert score_period.fn(period)["lines"]
    with pytest.raises(ConfigError, match="2026-13"):
        score_period.fn("2026-13")


def test_published_figures_are_set_beside_ours_with_the_cause(
    warehouse: settings.Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = {row["unit"]: row for row in score_period.fn(PERIOD)["lines"] if row["indicator"] == "ON_TIME"}
    lines = score_period.fn(PERIOD, rules=["national/2", "city_report/1"])["lines"]
    own = {(r["unit"], r["indicator"], r["side"]): r for r in lines}
    assert portal
    same, report = (own["H26.1", "ON_TIME", "portal"][code] for code in ("national/2", "city_report/1"))
    truth = own["H26.2", "3.3", "city"]["national/2"]
    folder = tmp_path / "published"
    (folder / PERIOD).mkdir(parents=True)
    tree = {"departmentCode": "H26.1", "totalReceived": same["denominator"], "totalOnTime": report["numerator"]}
    metric = {"code": "DOSSIER_SYNC", "numerator": 1, "denominator": 3, "score": 2.0}
    answers = {
        "progress": {"code": "OK", "data": {"parent": {"departmentCode": "H26"}, "children": [tree]}},
        "transparency": {"code": "OK", "data": {"evaluation": [{"departmentCode": "H26.3", "metrics": [metric]}]}},
    }
    for name, answer in answers.items():
        (folder / PERIOD / f"{name}.json").write_text(json.dumps(answer))
    units = [{"code": "H26.2", "ratios": {"3.3": [truth["numerator"], truth["denominator"]]}}]
    units += [{"code": "H99", "ratios": {"3.3": [1, 2]}}]
    (folder / "2026.json").write_text(json.dumps({"units": units}))
    monkeypatch.setenv("HOSO_PUBLISHED_DIR", str(folder))
    settings.current.cache_clear()
    with transaction(open_engine(settings.current()), settings.current()) as connection:
        check_published(connection, "r1", THEN)
        rows = connection.execute(select(published)).mappings().all()
    found = {(row["period"], row["unit"], row["indicator"]): row for row in rows}
    assert found[PERIOD, "H26.1", "ON_TIME"]["cause"] == "city_report/1"
    assert found[PERIOD, "H26.3", "DOSSIER_SYNC"]["cause"] == ""
    assert found[PERIOD, "H26.3", "DOSSIER_SYNC"]["published"] == 2
    assert found["2026", "H99", "3.3"]["recomputed"] is None
    assert all(r["difference"] == r["recomputed"] - r["published"] for r in rows if r["recomputed"] is not None)
    (folder / "notes.txt").write_text("?")
    knobs = settings.current()
    with pytest.raises(ConfigError, match="notes"), transaction(open_engine(knobs), knobs) as connection:
        check_published(connection, "r2", THEN)


def test_given_indicators_make_a_whole_index(warehouse: settings.Settings, tmp_path: Path) -> None:
    with transaction(open_engine(warehouse), warehouse) as connection:
        connection.execute(delete(procedure))  # without a catalogue the split of two groups is not known
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


def test_changes_from_month_to_month_are_those_of_the_points_as_people_read_them(warehouse: settings.Settings) -> None:
    names = [publish.publish_score.fn(period) for period in ("2026-09", PERIOD)]
    told = publish.changes.fn(*names)
    assert [head["period"] for head in told["publications"].values()] == ["2026-09", PERIOD]
    assert len(told["changes"]) > 20
    for row in told["changes"]:
        assert Decimal(row["change"]) == Decimal(row["after"]) - Decimal(row["before"])
    steps = [{"level": "city", "unit": "H26", "indicator": "TOTAL", "side": "portal"}]
    october, november = (pd.DataFrame(steps).assign(points=points) for points in (61_18 * 10**8, 58_69 * 10**8))
    assert changes_between(october, november)["change"].tolist() == ["-2.49"]  # the announcement of 2024 printed -2.51
    with pytest.raises(ConfigError, match="H99"):
        publish.changes.fn(*names, "H99")
