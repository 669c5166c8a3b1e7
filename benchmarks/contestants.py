"""Those who extract, ours and the bare loop: each function takes the folder that `extract.run` prepared.

Every contestant reads the same windows of both sides with the same page size and the same number of workers.
"""

from __future__ import annotations

import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import great_expectations  # noqa: F401  # imported lazily by the product; importing is not what is measured
import httpx
from prefect.logging import disable_run_logger

import settings
from schemas.codes import Side
from schemas.window import split
from tasks.clean import clean
from tasks.extract import extract, read_catalogues
from tasks.load import load
from tasks.sources.adapters import source_of
from tasks.sources.landing import read_and_land
from tasks.validate import validate

WORKERS = 8
PAGE_ROWS = 500


def systems(folder: str) -> dict[str, Any]:
    """Addresses and clock of the sandbox, and the days it has."""
    ready: dict[str, Any] = json.loads((Path(folder) / "systems.json").read_text())
    return ready


def _days(ready: dict[str, Any]) -> tuple[date, date]:
    period = ready["period"]
    first, last = date.fromisoformat(period["start"]), date.fromisoformat(period["end"])
    return first - timedelta(days=1), last + timedelta(days=2)


def _configure(folder: str, place: str = "", **more: str) -> tuple[Any, list[Any]]:
    """Our settings and the windows; data go to a fresh folder of this process. `place` names systems other than those
    that answer at once: `far` or `metered`."""
    ready = systems(folder)
    addresses = ready[place] if place else ready
    os.environ |= {
        "HOSO_CITY_URL": addresses["city"],
        "HOSO_PORTAL_URL": addresses["portal"],
        "HOSO_PORTAL_PASSWORD": "sandbox",
        "HOSO_FINGERPRINT_KEY": "k" * 32,
        "HOSO_DATA_DIR": f"{folder}/ours-{os.getpid()}",
        "HOSO_REQUESTS_PER_SECOND": "100000",
        "HOSO_REQUESTS_IN_FLIGHT": str(WORKERS),
        "PREFECT_HOME": f"{folder}/prefect",
        **more,
    }
    return settings.current(), split(*_days(ready), settings.current().window_days)


def _extract(windows: list[Any]) -> dict[Any, list[dict[str, Any]]]:
    jobs = [(side, window) for window in windows for side in Side]
    with disable_run_logger(), ThreadPoolExecutor(WORKERS) as pool:
        landed = list(pool.map(lambda job: extract.fn(job[0], job[1], "bench"), jobs))
    return {side: [read for read in landed if read["side"] is side] for side in Side}


def ours(folder: str) -> dict[str, Any]:
    """Both sides to landed Parquet, from systems behind a network."""
    return _landed(folder, "far")


def ours_loopback(folder: str) -> dict[str, Any]:
    """Both sides to landed Parquet, from systems that answer at once."""
    return _landed(folder, "")


def _landed(folder: str, place: str) -> dict[str, Any]:
    _, windows = _configure(folder, place)
    landed = _extract(windows)
    return {"rows": sum(read["rows"] for reads in landed.values() for read in reads)}


def ours_loaded(folder: str) -> dict[str, Any]:
    """Both sides extracted, validated, cleaned and loaded into DuckDB."""
    knobs, windows = _configure(folder)
    run_dir = str(knobs.runs_dir / "bench")
    ready = systems(folder)
    with disable_run_logger():
        read_catalogues.fn(run_dir)
    landed = _extract(windows)
    with disable_run_logger():
        validated = {side: validate.fn(side, landed[side], run_dir) for side in Side}
        cleaned = {side: clean.fn(side, validated[side]["accepted"], run_dir) for side in Side}
        as_of, days = datetime.fromisoformat(ready["now"]), _days(ready)
        counts = load.fn("bench", as_of, days, validated, cleaned, run_dir)
    return {"rows": sum(count["extracted"] for count in counts.values())}


def bare(folder: str) -> dict[str, Any]:
    """The bare loop over systems behind a network."""
    ready = systems(folder)
    return _thrown_away(ready["far"], _days(ready))


def bare_loopback(folder: str) -> dict[str, Any]:
    """The bare loop over systems that answer at once."""
    ready = systems(folder)
    return _thrown_away(ready, _days(ready))


def _thrown_away(ready: dict[str, Any], span: tuple[date, date]) -> dict[str, Any]:
    """The least that can be done: ask for the same pages and throw the bodies away. The totals come from one number in
    the first page's text; nothing is parsed.
    """
    first, end = span
    weeks = [
        (first + timedelta(days=n), min(first + timedelta(days=n + 6), end)) for n in range(0, (end - first).days, 7)
    ]
    client = httpx.Client(timeout=60, limits=httpx.Limits(max_keepalive_connections=2 * WORKERS))
    login = client.post(f"{ready['portal']}/mapi/login", json={"username": "hanoi", "password": "sandbox"})
    session, fetched, counting = login.json()["session"], [0, 0], threading.Lock()

    def pages(ask: Any, pattern: bytes) -> None:
        number = 0
        while True:
            body = ask(number).content
            with counting:
                fetched[0] += 1
                fetched[1] += len(body)
            number += 1
            if number * PAGE_ROWS >= int(body.split(pattern, 1)[1][:12].strip(b'":').split(b",")[0].split(b'"')[0]):
                return

    def city(filters: dict[str, str]) -> None:
        def ask(number: int) -> httpx.Response:
            span = {"start": str(number * PAGE_ROWS), "end": str((number + 1) * PAGE_ROWS), "sort": "dossierId"}
            return client.get(
                f"{ready['city']}/o/rest/v2/dossiers", params=filters | span, headers={"groupId": "20001"}
            )

        pages(ask, b'"total"')

    def portal(days: tuple[date, date]) -> None:
        def ask(number: int) -> httpx.Response:
            envelope = {"session": session, "service": "DanhSachHoSo", "trang": number + 1, "soDong": PAGE_ROWS}
            envelope |= {"ngayNhan1": days[0].isoformat(), "ngayNhan2": days[1].isoformat()}
            return client.post(f"{ready['portal']}/mapi/g", json=envelope)

        pages(ask, b'"tongSo"')

    def window(job: tuple[str, tuple[date, date]]) -> None:
        side, days = job
        if side == "portal":
            portal(days)
            return
        low, high = (day.strftime("%d/%m/%Y") for day in days)
        city({"fromReceiveDate": low, "toReceiveDate": high})
        city({"status": "receiving", "fromSubmitDate": low, "toSubmitDate": high})

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(window, [(side, days) for days in weeks for side in ("city", "portal")]))
    return {"pages": fetched[0], "megabytes": fetched[1] >> 20}


def paced(folder: str) -> dict[str, Any]:
    """Small pages at a limit of 200 requests a second that the city enforces: what share of it is used, and refused.

    The city's own counter is read 2 and 14 seconds after the start.
    """
    limit, warm, seconds = 200, 2, 12
    small = {"HOSO_CITY_PAGE_ROWS": "10", "HOSO_REQUESTS_PER_SECOND": str(limit)}
    knobs, windows = _configure(folder, "metered", **small)
    source = source_of(Side.CITY, knobs)
    done = threading.Event()

    def read(window: Any) -> None:
        if not done.is_set():
            read_and_land(source, window, knobs.landing_dir, "paced", knobs)

    def counted() -> dict[str, int]:
        state: dict[str, int] = httpx.get(f"{knobs.city_url}/_sandbox/state").json()["requests"]
        return state

    with ThreadPoolExecutor(WORKERS) as pool:
        reads = [pool.submit(read, window) for window in windows]
        time.sleep(warm)
        before, started = counted(), time.perf_counter()
        time.sleep(seconds)
        after, elapsed = counted(), time.perf_counter() - started
        done.set()
    if not all(reading.exception() is None for reading in reads):
        raise SystemExit("a window could not be read")
    requests = after["dossiers"] - before["dossiers"]
    return {
        "requests": requests,
        "share_of_limit": round(requests / elapsed / limit, 4),
        "share_refused": round((after.get("429", 0) - before.get("429", 0)) / requests, 5),
    }
