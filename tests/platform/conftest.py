"""A whole installation on loopback: sandbox, Prefect server, deployments of prefect.yaml, a process worker."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from flows.demo import sandbox
from flows.local import HOME, deploy, server, worker

CASES, SEED = 400, 3


@dataclass(frozen=True)
class Installation:
    """The server's address, a client of its API, and the truth about what the sandbox planted."""

    address: str
    api: httpx.Client
    planted: dict[str, Any]

    def post(self, path: str, content: Any) -> httpx.Response:
        """As Prefect's own client does: a server on SQLite answers 503 while its database is locked."""
        for _ in range(20):
            response = self.api.post(path, json=content)
            if response.status_code != 503:
                break
            time.sleep(0.5)
        return response

    def ask(self, path: str, **content: Any) -> Any:
        response = self.post(path, content)
        response.raise_for_status()
        return response.json()

    def deployment(self, name: str) -> dict[str, Any]:
        (found,) = (each for each in self.ask("/deployments/filter") if each["name"] == name)
        return found


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("installation")
    with pytest.MonkeyPatch.context() as patch, sandbox(CASES, SEED, folder / "truth.json") as ready:
        for name in [name for name in os.environ if name.startswith(("HOSO_", "PREFECT_"))]:
            patch.delenv(name)
        for name, value in _environment(ready, folder).items():
            patch.setenv(name, value)
        planted = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        with server(_free_port()) as address:
            deploy()
            subprocess.run([sys.executable, "-m", "flows.automations"], cwd=HOME, check=True)
            with worker(), httpx.Client(base_url=f"{address}/api", timeout=60) as api:
                yield Installation(address, api, planted)


def _environment(ready: dict[str, Any], folder: Path) -> dict[str, str]:
    (folder / "prefect").mkdir()
    return {
        "HOSO_CITY_URL": ready["city"],
        "HOSO_PORTAL_URL": ready["portal"],
        "HOSO_PORTAL_PASSWORD": "sandbox",
        "HOSO_FINGERPRINT_KEY": "a key for tests",
        "HOSO_DATA_DIR": str(folder / "data"),
        "PREFECT_API_URL": "-",  # set by the server; here, so that it is taken back
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
