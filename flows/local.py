"""A Prefect server, a work pool, the deployments of prefect.yaml and a process worker, on this machine, for trying."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

HOME = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
POOL, BEHIND = "hoso", "backfill"
START_SECONDS = 240


def prefect(*words: str, seconds: float = 300) -> str:
    """Run a command of Prefect's own to its end; its output. Raises SystemExit with that output when it fails."""
    command = [sys.executable, "-m", "prefect", "--no-prompt", *words]
    done = subprocess.run(command, cwd=HOME, capture_output=True, text=True, timeout=seconds, env=_environment())
    if done.returncode:
        raise SystemExit(f"prefect {' '.join(words)}: {done.stdout[-1000:]}{done.stderr[-2000:]}")
    return done.stdout


@contextmanager
def server(port: int) -> Iterator[str]:
    """A server on loopback, ready to answer; gives its address and makes it this process's. Stopped at the end."""
    address = f"http://{HOST}:{port}"
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", str(port)]
    os.environ["PREFECT_API_URL"] = f"{address}/api"
    # The page itself asks the API: it must know where that is.
    environment = _environment() | {"PREFECT_UI_API_URL": f"{address}/api"}
    process = subprocess.Popen(command, cwd=HOME, env=environment, start_new_session=True)
    try:
        _wait(process, address)
        yield address
    finally:
        _stop(process)


def deploy() -> None:
    """Make the pool with its two queues, and apply prefect.yaml."""
    prefect("work-pool", "create", POOL, "--type", "process", "--overwrite")
    if BEHIND not in prefect("work-queue", "ls", "--pool", POOL):
        prefect("work-queue", "create", BEHIND, "--pool", POOL, "--priority", "10", "--limit", "1")
    prefect("deploy", "--all")


@contextmanager
def worker() -> Iterator[subprocess.Popen[bytes]]:
    """A process worker of the pool, stopped at the end with what it runs."""
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--type", "process", "--limit", "3"]
    process = subprocess.Popen(command, cwd=HOME, env=_environment(), start_new_session=True)
    try:
        yield process
    finally:
        _stop(process)


def _environment() -> dict[str, str]:
    return os.environ | {"HOSOSYNC_HOME": str(HOME), "PREFECT_LOGGING_COLORS": "0"}


def _wait(process: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"the Prefect server ended at once: is {address} taken?")
        try:
            if httpx.get(f"{address}/api/health", timeout=2).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.5)
    raise SystemExit(f"the Prefect server did not answer within {START_SECONDS} s")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a leader of a session of its own, and whatever of that session is left after it."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=10)  # a server waits for its event streams to be closed, which may be never
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
