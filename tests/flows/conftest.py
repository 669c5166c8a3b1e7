"""One Prefect harness and one pair of simulated systems for all tests of flows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect import settings as prefect_settings
from prefect.settings import temporary_settings
from prefect.testing.utilities import prefect_test_harness

import settings
from flows.demo import sandbox
from tasks.extract import forget_clients

CASES, SEED = 1_500, 11

ALONE = (
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_ENABLED",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED",
    "PREFECT_LOGGING_TO_API_ENABLED",
)
"""What writes to the harness' SQLite file beside the run's own calls, and what no test here reads: switched off.

While one connection waits for the file's lock (busy_timeout: 60 s), its thread holds that connection's mutex. When the
server's garbage collector, on the thread of the event loop, then drops an old cursor of the same connection, it waits
for that mutex, and the loop that would end the transaction everybody waits for stands still until the timeout. With a
transaction for every event of a task this came to a third of the session. tests/platform has all of it switched on.
"""


@pytest.fixture(scope="session", autouse=True)
def prefect() -> Iterator[None]:
    off = {getattr(prefect_settings, name): False for name in ALONE}
    with temporary_settings(updates=off), prefect_test_harness(server_startup_timeout=180):
        yield


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Addresses of both systems, and the truth about what was planted."""
    path = tmp_path_factory.mktemp("sandbox") / "truth.json"
    with sandbox(CASES, SEED, path) as ready:
        yield {**ready, "planted": json.loads(path.read_text(encoding="utf-8"))}


@pytest.fixture
def configured(systems: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Settings that point at the systems and at an empty data folder."""
    for name, value in {
        "HOSO_CITY_URL": systems["city"],
        "HOSO_PORTAL_URL": systems["portal"],
        "HOSO_PORTAL_PASSWORD": "sandbox",
        "HOSO_FINGERPRINT_KEY": "a key for tests",
        "HOSO_DATA_DIR": str(tmp_path),
        "HOSO_BACKOFF_SECONDS": "0.01",
        "HOSO_REQUESTS_PER_SECOND": "5000",
        "HOSO_WINDOW_DAYS": "60",
    }.items():
        monkeypatch.setenv(name, value)
    _forget()
    yield systems
    _forget()


def _forget() -> None:
    settings.current.cache_clear()
    forget_clients()
