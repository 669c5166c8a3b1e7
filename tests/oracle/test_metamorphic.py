"""What must not change the findings, or change them in a known way only, whatever the findings are."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from schemas.codes import Side
from schemas.mismatch import Kind
from schemas.window import Window
from tasks.rules.compare import judge
from tasks.warehouse.ledger import FINDING_SCHEMA
from tasks.warehouse.queries import disagreeing
from tasks.warehouse.tables import mismatch, mismatch_event, version
from tests.oracle.path import Read, Record, Warehouse, found
from tests.oracle.reading import NAMES
from tests.oracle.worlds import PRODUCT_REFERENCES, WINDOWS, World, worlds

few = settings(max_examples=max(1, settings.default.max_examples // 100))
full_worlds = worlds(at_least=7)
"""Each example is ten small worlds, judged at least twice. The default profile takes the simplest one alone, which has
seventy cases with every kind of trouble; the nightly one searches."""


def table(findings: pd.DataFrame) -> list[tuple[object, ...]]:
    """Findings with all their values, in an order of their own."""
    objects = findings[FINDING_SCHEMA.names].astype(object)
    return sorted(objects.where(objects.notna(), None).itertuples(index=False, name=None), key=lambda row: row[:2])


def judged(warehouse: Warehouse, world: World, **how: object) -> list[tuple[object, ...]]:
    with warehouse.scratch() as connection:
        warehouse.load(connection, world.reads, PRODUCT_REFERENCES, world.as_of, **how)  # type: ignore[arg-type]
        return table(warehouse.findings(connection, world.as_of, int(str(how.get("batch_rows", 100_000)))))


def with_records(world: World, change: object) -> World:
    """The world with every window's records changed."""
    city, portal = (
        Read(read.side, {window: change(records) for window, records in read.windows.items()})  # type: ignore[operator]
        for read in world.reads
    )
    return replace(world, city=city, portal=portal)


def numbered(world: World) -> World:
    """Without records that come twice under one number: of those the reading order says which one counts."""
    seen: set[tuple[object, ...]] = set()

    def first_only(side: Side, records: list[Record]) -> list[Record]:
        names = NAMES[side]
        keys = [(side, record.get(names["code"]), record.get(names["id"]) or str(record)) for record in records]
        fresh = [key not in seen and not seen.add(key) for key in keys]  # type: ignore[func-returns-value]
        return [record for record, new in zip(records, fresh, strict=True) if new]

    city, portal = (
        Read(read.side, {window: first_only(read.side, records) for window, records in read.windows.items()})
        for read in world.reads
    )
    return replace(world, city=city, portal=portal)


@few
@given(full_worlds.map(numbered), st.randoms())
def test_row_order(warehouse: Warehouse, world: World, die: random.Random) -> None:
    shuffled = with_records(world, lambda records: die.sample(records, len(records)))
    assert judged(warehouse, shuffled) == judged(warehouse, world)


@few
@given(full_worlds, st.integers(11, 40))
def test_batch_size(warehouse: Warehouse, world: World, rows: int) -> None:
    assert judged(warehouse, world, batch_rows=rows) == judged(warehouse, world)


@few
@given(full_worlds)
def test_column_and_key_order(warehouse: Warehouse, world: World) -> None:
    turned = with_records(world, lambda records: [dict(reversed(record.items())) for record in records])
    assert judged(warehouse, turned, reverse_columns=True) == judged(warehouse, world)


@few
@given(worlds(at_least=7, all_read=True))
def test_window_split(warehouse: Warehouse, world: World) -> None:
    whole = Window(WINDOWS[0].start, WINDOWS[-1].end)
    assert all(before.end == after.start for before, after in pairwise(WINDOWS))
    city, portal = (Read(read.side, {whole: world.records(read.side)}) for read in world.reads)
    assert judged(warehouse, replace(world, city=city, portal=portal)) == judged(warehouse, world)


@few
@given(full_worlds)
def test_a_page_that_comes_twice(warehouse: Warehouse, world: World) -> None:
    """Records without a case code are bad rows and no cases, so their copies do not matter either."""
    twice = with_records(world, lambda records: [*records[:3], *records])
    assert judged(warehouse, twice) == judged(warehouse, world)


@few
@given(full_worlds)
def test_a_second_run_writes_nothing(warehouse: Warehouse, world: World) -> None:
    later = world.as_of + timedelta(seconds=1)
    with warehouse.scratch() as connection:
        states = []
        for run_id, as_of in (("first", world.as_of), ("second", later)):
            counts = warehouse.load(connection, world.reads, PRODUCT_REFERENCES, as_of)
            events = warehouse.remember(connection, warehouse.findings(connection, world.as_of), run_id, as_of)
            ledger = connection.execute(select(mismatch).order_by(mismatch.c.case_code, mismatch.c.kind)).all()
            told = [mismatch_event, version]
            sizes = [connection.execute(select(func.count()).select_from(t)).scalar_one() for t in told]
            moving = {"last_seen", "run_id"}
            state = [{k: v for k, v in row._mapping.items() if k not in moving} for row in ledger]
            states.append((state, sizes))
        assert states[0] == states[1]
        assert set(events.values()) == {0}
        assert all(count["loaded"] == count["gone"] == 0 for count in counts.values())


@few
@given(full_worlds)
def test_one_more_pair_in_agreement_changes_nothing(warehouse: Warehouse, world: World) -> None:
    twin = with_records(world, list)
    code, day = "Z00.11-250610-8642", WINDOWS[1].start.strftime("%d/%m/%Y")
    city = {
        "dossierId": "z", "dossierNo": code, "serviceCode": "1.000001.H26", "govAgencyCode": "H26.02",
        "govAgencyName": "", "receiveDate": f"{day} 08:00:30", "dueDate": "", "releaseDate": "", "modifiedDate": "",
        "dossierStatus": "processing", "metaData": '{"submissionChannel": "1", "fees": [{"amount": "15.000"}]}',
    }  # fmt: skip
    portal = {
        "idHoSo": "z", "MaHoSo": code, "MaTTHC": "1.000001", "DonViXuLy": "Quận\u00a0Ðống Đa", "NgayTiepNhan": day,
        "NgayHenTra": "", "NgayKetThucXuLy": "", "TrangThaiHoSo": "4", "DanhSachLePhi": [{"Gia": "15000.0"}],
    }  # fmt: skip
    for read, record in ((twin.city, city), (twin.portal, portal)):
        if WINDOWS[1] in read.windows:
            read.windows[WINDOWS[1]].append(record)
    both = all(WINDOWS[1] in read.windows for read in twin.reads)
    rows = judged(warehouse, twin)
    assert any(row[0] == code for row in rows) != both, "a pair is equal, and a single record of it is not"
    assert [row for row in rows if row[0] != code] == judged(warehouse, world)


@contextmanager
def zone(name: str) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()


@pytest.mark.parametrize("name", ["America/St_Johns", "Pacific/Kiritimati"])
@settings(max_examples=1)
@given(world=full_worlds)
def test_time_zone_of_the_machine(tmp_path_factory: pytest.TempPathFactory, name: str, world: World) -> None:
    """A warehouse of its own, since an engine asks for the zone when it starts."""
    answers = []
    for where in ("UTC", name):
        with zone(where):
            warehouse = Warehouse.at(tmp_path_factory.mktemp("zone"))
            answers.append(judged(warehouse, world))
            warehouse.engine.dispose()
    assert answers[0] == answers[1]


MIRROR = {
    Kind.PHANTOM_OVERDUE: Kind.HIDDEN_OVERDUE, Kind.HIDDEN_OVERDUE: Kind.PHANTOM_OVERDUE,
    Kind.RESULT_MISSING: Kind.DIGITISATION_DIFFERS,
}  # fmt: skip
ONE_WAY = {Kind.STATUS_AHEAD, Kind.STATUS_BEHIND, Kind.STATUS_REWRITTEN, Kind.FINISHED_DIFFERS}
"""A status has a direction, and a rewritten one excuses the finish time: they are the business of the lifecycle."""


@few
@given(full_worlds)
def test_side_swap_mirrors_the_kinds(warehouse: Warehouse, world: World) -> None:
    with warehouse.scratch() as connection:
        warehouse.load(connection, world.reads, PRODUCT_REFERENCES, world.as_of)
        cases = pd.concat(disagreeing(connection, 1_000), ignore_index=True)
    pairs = cases.loc[cases["city_row_hash"].notna() & cases["portal_row_hash"].notna()].reset_index(drop=True)
    pairs = pairs.loc[pairs["city_has_result"] == pairs["portal_has_result"]].reset_index(drop=True)
    turned = pairs.rename(
        columns=lambda name: name.replace("city_", "*").replace("portal_", "city_").replace("*", "portal_")
    )
    kinds, mirrored = (
        {(code, Kind(kind)) for code, kind in judge(frame, pd.Timestamp(world.as_of))[["case_code", "kind"]].to_numpy()}
        for frame in (pairs, turned)
    )
    expected = {(code, MIRROR.get(kind, kind)) for code, kind in kinds if kind not in ONE_WAY}
    assert {(code, kind) for code, kind in mirrored if kind not in ONE_WAY} == expected
    changed = {code for code, kind in kinds if kind in ONE_WAY - {Kind.FINISHED_DIFFERS}}
    assert {code for code, kind in mirrored if kind in ONE_WAY - {Kind.FINISHED_DIFFERS}} == changed


@few
@given(full_worlds)
def test_a_faithful_copy_leaves_nothing_to_find(warehouse: Warehouse, world: World) -> None:
    """After the repair of everything, each side's findings about its own copy are none but duplicates and bad rows."""
    with warehouse.scratch() as connection:
        warehouse.load(connection, world.reads, PRODUCT_REFERENCES, world.as_of)
        city = version.alias("city")
        copied = [column for column in version.columns if column.name != "side"]
        connection.execute(version.delete().where(version.c.side == Side.PORTAL.value))
        rows = select(func.replace(city.c.side, "city", "portal"), *(city.c[column.name] for column in copied))
        names = ["side", *(column.name for column in copied)]
        connection.execute(version.insert().from_select(names, rows.where(city.c.side == Side.CITY.value)))
        left = found(warehouse.findings(connection, world.as_of))
    assert {kind for _, kind in left} <= {Kind.DUPLICATE_IN_CITY.value, Kind.DUPLICATE_ON_PORTAL.value}
