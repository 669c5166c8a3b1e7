"""What tests ask of an installation: its API as Prefect's own client asks it, and waits that end with a reason."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, TypeVar

import httpx
import orjson

T = TypeVar("T")
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
WAIT_SECONDS = 240
"""For a run, from its start to its end, on a machine that does much else."""


@dataclass(frozen=True)
class Installation:
    """The server's address, a client of its API, its worker, what was planted, and the notifications received."""

    address: str
    api: httpx.Client
    worker: subprocess.Popen[bytes]
    planted: dict[str, Any]
    alerts: list[dict[str, str]]

    def request(self, method: str, path: str, content: Any) -> httpx.Response:
        """A server on SQLite answers 503 while its database is locked; the client asks again."""
        return _request(self.api, method, path, content)

    def ask(self, path: str, **content: Any) -> Any:
        response = self.request("POST", path, content)
        assert response.is_success, f"{path}: {response.status_code} {response.text[:500]}"
        return response.json()

    def deployment(self, name: str) -> dict[str, Any]:
        (found,) = (each for each in self.ask("/deployments/filter") if each["name"] == name)
        return found

    def start(self, deployment: str, parameters: dict[str, Any]) -> str:
        """Start a run as the form does; its id."""
        path = f"/deployments/{self.deployment(deployment)['id']}/create_flow_run"
        return self.ask(path, parameters=parameters, state={"type": "SCHEDULED"})["id"]

    def ended(self, run: str) -> dict[str, Any]:
        """The run, once it has ended. Raises AssertionError with its last words when it does not."""
        asked = {"flow_runs": {"id": {"any_": [run]}}}

        def found() -> dict[str, Any]:
            return self.ask("/flow_runs/filter", **asked)[0]

        return self.until(
            lambda: each if (each := found())["state_type"] in ENDED else None,
            lambda: f"run {run} has not ended: {found()['state']}\n{self.log(run)}",
        )

    def log(self, run: str) -> str:
        """The last lines of a run."""
        asked = {"logs": {"flow_run_id": {"any_": [run]}}, "sort": "TIMESTAMP_DESC", "limit": 20}
        return "\n".join(each["message"] for each in reversed(self.ask("/logs/filter", **asked)))

    def artifacts(self, run: str) -> list[dict[str, Any]]:
        return self.ask("/artifacts/filter", artifacts={"flow_run_id": {"any_": [run]}}, limit=50)

    def events(self, **wanted: Any) -> list[dict[str, Any]]:
        return self.ask("/events/filter", filter=wanted, limit=50)["events"]

    def until(self, find: Callable[[], T | None], why_not: Callable[[], str], seconds: float = WAIT_SECONDS) -> T:
        """What `find` gives, as soon as it gives something."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := find():
                return found
            assert self.worker.poll() is None, f"the worker ended with exit status {self.worker.returncode}"
            time.sleep(0.5)
        raise AssertionError(f"within {seconds:g} s: {why_not()}")


def stop_schedules(api: httpx.Client) -> dict[str, list[str]]:
    """Make schedules of all deployments inactive, so that only those of tests start runs; what they were, by name."""
    crons: dict[str, list[str]] = {}
    for deployment in _request(api, "POST", "/deployments/filter", {}).json():
        crons[deployment["name"]] = [each["schedule"]["cron"] for each in deployment["schedules"]]
        for each in deployment["schedules"]:
            path = f"/deployments/{deployment['id']}/schedules/{each['id']}"
            _request(api, "PATCH", path, {"active": False}).raise_for_status()
    return crons


@contextmanager
def listener() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The address of a loopback server, and the JSON objects that are posted to it."""
    received: list[dict[str, str]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(orjson.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing to standard error."""

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", received
        server.shutdown()


def _request(api: httpx.Client, method: str, path: str, content: Any) -> httpx.Response:
    for _ in range(20):
        response = api.request(method, path, json=content)
        if response.status_code != 503:
            break
        time.sleep(0.5)
    return response
