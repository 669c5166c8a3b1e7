"""The simulated systems on the loopback address, served by a thread, and settings that point at them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from sandbox.city.app import CityService
from sandbox.portal.app import PortalService
from sandbox.serving import Addresses, bind, serve
from sandbox.world import World, build
from schemas.codes import Side
from schemas.window import Window
from settings import Settings

CASES, SEED = 600, 5
KEYS = {Side.CITY: "dossierNo", Side.PORTAL: "MaHoSo"}
IDS = {Side.CITY: "dossierId", Side.PORTAL: "idHoSo"}


@dataclass
class Systems:
    """Both systems' addresses, and what a test may ask of the sandbox itself."""

    addresses: Addresses
    client: httpx.Client
    world: World
    city: CityService
    portal: PortalService

    def calm(self) -> None:
        for side in Side:
            self.client.post(f"{getattr(self.addresses, side)}/_sandbox/calm").raise_for_status()

    def mood(self, side: Side, name: str, times: int = 1, **more: Any) -> None:
        wish = {"name": name, "times": times, **more}
        self.client.post(f"{getattr(self.addresses, side)}/_sandbox/mood", json=wish).raise_for_status()

    def state(self, side: Side) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.get(f"{getattr(self.addresses, side)}/_sandbox/state").json()
        return answer

    def requests(self, side: Side) -> int:
        return sum(self.state(side)["requests"].values())

    def ids(self, side: Side) -> list[str]:
        """Record ids of everything the side holds."""
        world = self.world
        if side is Side.CITY:
            rows = world.city_records(np.arange(world.city_count))
        else:
            rows = world.portal_records(np.arange(world.portal_count))
        return sorted(row[IDS[side]] for row in rows)

    def window(self) -> Window:
        """One window around everything."""
        period = self.world.truth()["period"]
        first, last = (date.fromisoformat(period[edge]) for edge in ("start", "end"))
        return Window(first, last + timedelta(days=2))


@pytest.fixture(scope="session")
def world() -> World:
    return build(CASES, SEED)


@contextmanager
def served(world: World, latency_ms: int = 0) -> Iterator[Systems]:
    """Both systems of a world on free ports, as long as the context lasts."""
    ready, done = threading.Event(), threading.Event()
    found: list[Addresses] = []
    city, portal = CityService(world, latency_ms), PortalService(world, session_ttl=600, latency_ms=latency_ms)

    def announce(addresses: Addresses) -> None:
        found.append(addresses)
        ready.set()

    async def run() -> None:
        until = partial(asyncio.to_thread, done.wait)
        await serve(city.app(), portal.app(), (bind(0), bind(0)), announce, until=until)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        assert ready.wait(10)
        with httpx.Client(timeout=10) as client:
            yield Systems(found[0], client, world, city, portal)
    finally:
        done.set()
        thread.join(10)


@pytest.fixture
def systems(world: World) -> Iterator[Systems]:
    """Fresh services (no pushed records, no moods, no edits) over the shared world."""
    with served(world) as systems:
        yield systems


@pytest.fixture(scope="session")
def standing(world: World) -> Iterator[Systems]:
    """Services that many tests share; each leaves them calm."""
    with served(world) as systems:
        yield systems


@pytest.fixture
def knobs(tmp_path: Path) -> Callable[..., Settings]:
    """Settings with patience measured in milliseconds; any knob can be given another value."""

    def make(addresses: Addresses | None = None, **changed: Any) -> Settings:
        return Settings(
            **{
                "city_url": addresses.city if addresses else "http://127.0.0.1:9",
                "portal_url": addresses.portal if addresses else "http://127.0.0.1:9",
                "portal_password": "sandbox",
                "fingerprint_key": "k" * 32,
                "data_dir": tmp_path,
                "backoff_seconds": 0.01,
                "backoff_cap_seconds": 0.05,
                "city_username": "hanoi",
                "city_password": "sandbox",
                "city_page_rows": 40,
                "portal_page_rows": 40,
                **changed,
            }
        )

    return make
