"""Each system's client against the simulated system: everything it holds, once, whatever a page does on the way."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow.parquet as pq
import pytest

from errors import AccessRefused, CountMismatch, MalformedPage
from schemas.codes import Side
from settings import Settings
from tasks.sources.catalogue import agencies, procedures
from tasks.sources.landing import read_and_land
from tasks.sources.opencps import OpenCps
from tasks.sources.portal import Portal, succeeded
from tests.sources.conftest import Systems


def read(side: Side, knobs: Settings, systems: Systems) -> list[str]:
    client = OpenCps(knobs) if side is Side.CITY else Portal(knobs)
    try:
        landed = read_and_land(client, systems.window(), knobs.landing_dir, "r1", knobs)
        return sorted(i for path in landed.files for i in pq.read_table(path)["record_id"].to_pylist())
    finally:
        client.close()


@pytest.mark.parametrize("side", list(Side))
def test_everything_is_read_once(side: Side, systems: Systems, knobs: Callable[..., Settings]) -> None:
    assert read(side, knobs(systems.addresses), systems) == systems.ids(side)


@pytest.mark.parametrize("mood", ["malformed_page", "error_500", "error_429"])
@pytest.mark.parametrize("side", list(Side))
def test_a_passing_mood_costs_nothing(side: Side, mood: str, systems: Systems, knobs: Callable[..., Settings]) -> None:
    systems.mood(side, mood)
    assert read(side, knobs(systems.addresses), systems) == systems.ids(side)


@pytest.mark.parametrize("side", list(Side))
def test_a_count_that_does_not_add_up_is_told(side: Side, systems: Systems, knobs: Callable[..., Settings]) -> None:
    systems.mood(side, "wrong_total", times=1_000)
    with pytest.raises(CountMismatch):
        read(side, knobs(systems.addresses), systems)


def test_a_lost_session_is_renewed_on_the_page(systems: Systems, knobs: Callable[..., Settings]) -> None:
    settings = knobs(systems.addresses)
    assert read(Side.PORTAL, settings, systems) == systems.ids(Side.PORTAL)
    pages = systems.state(Side.PORTAL)["requests"]["DanhSachHoSo"]
    systems.mood(Side.PORTAL, "expire_session")
    assert read(Side.PORTAL, settings, systems) == systems.ids(Side.PORTAL)
    asked = systems.state(Side.PORTAL)["requests"]
    assert (asked["login"], asked["DanhSachHoSo"]) == (3, 2 * pages + 1)


def test_a_wrong_password_is_said_once(systems: Systems, knobs: Callable[..., Settings]) -> None:
    with pytest.raises(AccessRefused, match="_PASSWORD"):
        read(Side.PORTAL, knobs(systems.addresses, portal_password="no"), systems)
    assert systems.requests(Side.PORTAL) == 1


def test_success_has_three_spellings() -> None:
    assert all(map(succeeded, ("00", "0", 0)))
    assert not any(map(succeeded, ("-1", "3", -2, None, "")))


def test_catalogues(systems: Systems, knobs: Callable[..., Settings]) -> None:
    portal = Portal(knobs(systems.addresses))
    units, catalogue = agencies(portal), procedures(portal, workers=4)
    assert list(units.columns) == ["agency_code", "agency_name", "agency_level"]
    assert len(units) == len(systems.world.catalogue.agencies) + 1
    assert catalogue["procedure_code"].is_unique
    days = dict(zip(catalogue["procedure_code"], catalogue["max_days"], strict=True))
    assert days == {p.code: p.max_days for p in systems.world.catalogue.procedures}


def test_a_foreign_answer_is_malformed(systems: Systems, knobs: Callable[..., Settings]) -> None:
    settings = knobs(systems.addresses, portal_total_field="tong")
    with pytest.raises(MalformedPage, match="tong"):
        read(Side.PORTAL, settings, systems)
