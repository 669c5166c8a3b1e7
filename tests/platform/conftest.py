"""A whole installation on loopback: sandbox, Prefect server, deployments of prefect.yaml, a process worker."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from flows.demo import sandbox
from flows.local import HOME, deploy, server, worker

from .installation import Installation, listener, stop_schedules

CASES, SEED = 400, 3
WATCHED = """
import sys
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from flows.automations import main
told = {"subject": "{{subject}}", "body": "{{body}}"}
CustomWebhookNotificationBlock(name="alerts", url=sys.argv[1], json_data=told).save("alerts")
sys.exit(main([]))
"""
"""As an operator does it: make the notification block that HOSO_ALERT_BLOCK names, then apply automations.yaml."""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("installation")
    with (
        pytest.MonkeyPatch.context() as patch,
        sandbox(CASES, SEED, folder / "truth.json") as ready,
        listener() as (page, alerts),
    ):
        for name in [name for name in os.environ if name.startswith(("HOSO_", "PREFECT_"))]:
            patch.delenv(name)
        for name, value in _environment(ready, folder).items():
            patch.setenv(name, value)
        planted = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        with server(_free_port()) as address, httpx.Client(base_url=f"{address}/api", timeout=60) as api:
            deploy()
            assert stop_schedules(api)["daily"] == ["0 2 * * *"]
            subprocess.run([sys.executable, "-c", WATCHED, page], cwd=HOME, check=True)
            with worker() as process:
                yield Installation(address, api, process, planted, alerts)


def _environment(ready: dict[str, Any], folder: Path) -> dict[str, str]:
    (folder / "prefect").mkdir()
    return {
        "HOSO_CITY_URL": ready["city"],
        "HOSO_PORTAL_URL": ready["portal"],
        "HOSO_PORTAL_PASSWORD": "sandbox",
        "HOSO_FINGERPRINT_KEY": "a key for tests",
        "HOSO_DATA_DIR": str(folder / "data"),
        "HOSO_ALERT_BLOCK": "custom-webhook/alerts",
        "HOSO_REQUESTS_PER_SECOND": "5000",
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
