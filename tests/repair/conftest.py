"""A warehouse after one whole run, a fresh portal for every test, and the step that applies its plan."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from prefect.logging import disable_run_logger
from sqlalchemy import select

import settings
import tasks.apply
from sandbox.city.app import CityService
from sandbox.portal.app import PortalService
from sandbox.serving import Addresses, bind, serve
from sandbox.world import World, build
from schemas.codes import Side
from schemas.window import split
from tasks.apply import apply_repairs
from tasks.clean import clean
from tasks.extract import extract, forget_clients, read_catalogues
from tasks.load import load
from tasks.reconcile import reconcile_sides
from tasks.repair import plan_repairs
from tasks.validate import validate
from tasks.warehouse.engine import open_engine, transaction
from tasks.warehouse.repair_tables import attempt

TOKEN = "may write"
CASES, SEED = 500, 5


@dataclass
class Portal:
    """The sandbox's portal: its address, its moods, and what it was asked."""

    addresses: Addresses
    client: httpx.Client

    def mood(self, name: str, times: int = 1) -> None:
        wish = {"name": name, "times": times}
        self.client.post(f"{self.addresses.portal}/_sandbox/mood", json=wish).raise_for_status()

    def pushes(self) -> int:
        state = self.client.get(f"{self.addresses.portal}/_sandbox/state").json()
        return int(state["requests"].get("DongBoHoSoMC", 0))


@dataclass
class Ground:
    """What a test stands on. `told` are the alarms that were sent."""

    portal: Portal
    as_of: datetime
    plan: Path
    told: list[Any] = field(default_factory=list)

    @property
    def digest(self) -> str:
        return str(self.read()["digest"])

    def read(self) -> dict[str, Any]:
        plan: dict[str, Any] = json.loads(self.plan.read_text(encoding="utf-8"))
        return plan

    def apply(self, run_id: str = "apply", *, approve: str | None = None, minutes: int = 1) -> dict[str, Any]:
        """Apply the plan, some minutes after it was made; approved by its own digest."""
        at = self.as_of + timedelta(minutes=minutes)
        return apply_repairs.fn(str(self.plan), self.digest if approve is None else approve, run_id, at)

    def attempts(self) -> list[dict[str, Any]]:
        with self.transaction() as connection:
            rows = connection.execute(select(attempt).order_by(attempt.c.attempt_id)).mappings()
            return [dict(row) for row in rows]

    def transaction(self) -> Any:
        knobs = settings.current()
        return transaction(open_engine(knobs), knobs)


@pytest.fixture(scope="session")
def world() -> World:
    return build(CASES, SEED)


@pytest.fixture(scope="session")
def serving(world: World) -> Callable[[], Any]:
    return partial(_served, world)


class _served:
    """Both systems on free ports, as long as the context lasts."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __enter__(self) -> Portal:
        ready, self._done = threading.Event(), threading.Event()
        found: list[Addresses] = []
        city = CityService(self._world, 0).app()
        portal = PortalService(self._world, session_ttl=600, latency_ms=0, write_token=TOKEN).app()

        def announce(addresses: Addresses) -> None:
            found.append(addresses)
            ready.set()

        until = partial(asyncio.to_thread, self._done.wait)
        sockets = (bind(0), bind(0))
        self._thread = threading.Thread(target=lambda: asyncio.run(serve(city, portal, sockets, announce, until)))
        self._thread.start()
        assert ready.wait(20)
        self._client = httpx.Client(timeout=10)
        return Portal(found[0], self._client)

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self._done.set()
        self._thread.join(10)


def _set(portal: Portal, folder: Path, warehouse: Path) -> None:
    for name in [name for name in os.environ if name.startswith(settings.PREFIX)]:
        del os.environ[name]
    os.environ |= {
        "HOSO_CITY_URL": portal.addresses.city,
        "HOSO_PORTAL_URL": portal.addresses.portal,
        "HOSO_PORTAL_PASSWORD": "sandbox",
        "HOSO_FINGERPRINT_KEY": "a key for tests",
        "HOSO_DATA_DIR": str(folder),
        "HOSO_WAREHOUSE_URL": f"duckdb:///{warehouse}",
        "HOSO_BACKOFF_SECONDS": "0.01",
        "HOSO_REPAIR_WRITES": "true",
        "HOSO_PORTAL_WRITE_TOKEN": TOKEN,
        "HOSO_REPAIR_MOST_PUSHES": "4",
    }
    settings.current.cache_clear()
    forget_clients()


@pytest.fixture(scope="session")
def read_in(
    world: World, serving: Callable[[], Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, datetime]:
    """Warehouse, plan and clock of one whole run, made once."""
    folder = tmp_path_factory.mktemp("whole")
    before = dict(os.environ)
    truth = world.truth()
    as_of = datetime.fromisoformat(truth["now"])
    start, end = (date.fromisoformat(truth["period"][edge]) for edge in ("start", "end"))
    days = start - timedelta(days=1), end + timedelta(days=2)
    run_dir = str(folder / "runs" / "whole")
    with serving() as portal, disable_run_logger():  # after the server, whose own logging would enable it
        _set(portal, folder, folder / "warehouse.duckdb")
        read_catalogues.fn(run_dir)
        landed = {side: [extract.fn(side, window, "whole") for window in split(*days, 400)] for side in Side}
        validated = {side: validate.fn(side, reads, run_dir, False) for side, reads in landed.items()}
        cleaned = {side: clean.fn(side, validated[side]["accepted"], run_dir) for side in Side}
        load.fn("whole", as_of, days, validated, cleaned, run_dir)
        reconcile_sides.fn("whole", as_of, run_dir)
        plan = plan_repairs.fn("whole", as_of, run_dir)
    os.environ.clear()
    os.environ |= before
    return folder / "warehouse.duckdb", Path(plan), as_of


@pytest.fixture
def ground(
    read_in: tuple[Path, Path, datetime],
    serving: Callable[[], Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Ground]:
    warehouse, plan, as_of = read_in
    shutil.copyfile(warehouse, tmp_path / "warehouse.duckdb")
    shutil.copyfile(plan, tmp_path / "plan.json")
    before = dict(os.environ)
    with serving() as portal, disable_run_logger():
        _set(portal, tmp_path, tmp_path / "warehouse.duckdb")
        ground = Ground(portal, as_of, tmp_path / "plan.json")
        monkeypatch.setattr(tasks.apply, "send", lambda flow, run_id, raised: ground.told.append(raised))
        yield ground
    os.environ.clear()
    os.environ |= before
    settings.current.cache_clear()
    forget_clients()
