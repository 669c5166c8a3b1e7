"""One small world a test session, and both systems served on the loopback address by a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from sandbox.city.app import CityService
from sandbox.portal.app import PortalService
from sandbox.serving import Addresses, bind, serve
from sandbox.world import World, build

CASES, SEED = 2_500, 7


@dataclass
class Systems:
    """Minimal clients of both interfaces."""

    addresses: Addresses
    client: httpx.Client
    session: str = field(default="")

    def city(self, **query: Any) -> httpx.Response:
        return self.client.get(f"{self.addresses.city}/o/rest/v2/dossiers", params=query, headers={"groupId": "35417"})

    def login(self) -> None:
        answer = self.client.post(
            f"{self.addresses.portal}/mapi/login", json={"username": "hanoi", "password": "sandbox"}
        )
        self.session = answer.json()["session"]

    def raw_portal(self, service: str, **arguments: Any) -> httpx.Response:
        envelope = {"session": self.session, "madonvi": "H26", "service": service, **arguments}
        return self.client.post(f"{self.addresses.portal}/mapi/g", json=envelope)

    def portal(self, service: str, **arguments: Any) -> dict[str, Any]:
        return self.raw_portal(service, **arguments).json()

    def mood(self, side: str, name: str, times: int = 1) -> httpx.Response:
        address = getattr(self.addresses, side)
        return self.client.post(f"{address}/_sandbox/mood", json={"name": name, "times": times})

    def all_city_rows(self, **query: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while True:
            page = self.city(start=len(rows), end=len(rows) + 700, **query).json()
            rows += page["data"]
            if not page["data"]:
                return rows

    def all_portal_rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        number = 1
        while True:
            page = self.portal("DanhSachHoSo", ngayNhan1="2025-01-01", ngayNhan2="2026-12-31", trang=number, soDong=700)
            rows += page["result"]
            if not page["result"]:
                return rows
            number += 1


@pytest.fixture(scope="session")
def world() -> World:
    return build(CASES, SEED)


@pytest.fixture
def systems(world: World) -> Iterator[Systems]:
    """Fresh services (no pushed records, no moods) over the shared world."""
    ready, done = threading.Event(), threading.Event()
    found: list[Addresses] = []

    def announce(addresses: Addresses) -> None:
        found.append(addresses)
        ready.set()

    async def run() -> None:
        city = CityService(world, latency_ms=0).app()
        portal = PortalService(world, session_ttl=600, latency_ms=0).app()
        await serve(city, portal, (bind(0), bind(0)), announce, until=lambda: asyncio.to_thread(done.wait))

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        assert ready.wait(10)
        with httpx.Client(timeout=10) as client:
            systems = Systems(found[0], client)
            systems.login()
            yield systems
    finally:
        done.set()
        thread.join(10)
