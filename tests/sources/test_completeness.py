"""Nothing is lost or doubled: under edits, under faults, and after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from errors import CountMismatch
from sandbox.world import World, build
from schemas.window import Window, split
from settings import Settings
from tasks.sources.landing import Landed, read_and_land
from tests.sources.conftest import Systems, served
from tests.sources.matrix import ADAPTERS
from tests.sources.test_faults import adapted, expected, ids, opened, side_of

FAULTS = {
    "error_500": 0.008, "error_503": 0.008, "error_429_bare": 0.008, "malformed_page": 0.008, "reset": 0.008,
    "error_body": 0.005, "empty_page": 0.003, "repeated_page": 0.003, "skipped_page": 0.003, "wrong_total": 0.003,
}  # fmt: skip
"""Shares of requests, 5.7 % in all."""
FOR_GOOD = 10_000_000
FEW_EDITS = (8, 0.25)
"""Up to so many of them, in such a share of the requests for later pages: of some eighty, none is as good as
impossible (0.75^80), and they leave a small listing enough rest to be read."""
STEADY_EDITS = (FOR_GOOD, 0.05)


def windows_of(world: World, days: int) -> list[Window]:
    period = world.truth()["period"]
    first, last = (date.fromisoformat(period[edge]) for edge in ("start", "end"))
    return split(first - timedelta(days=1), last + timedelta(days=2), days)


def disturbed(systems: Systems, adapter: str, settings: Settings, days: int, edits: tuple[int, float]) -> list[Landed]:
    """Everything, window by window, four at a time, while the moods are on."""
    side = side_of(adapter)
    for mood, share in FAULTS.items():
        systems.mood(side, mood, FOR_GOOD, share=share)
    times, share = edits
    systems.mood(side, "edits", times, share=share)
    with opened(adapter, settings) as source, ThreadPoolExecutor(4) as pool:
        return list(
            pool.map(
                lambda window: read_and_land(source, window, settings.landing_dir, "r1", settings),
                windows_of(systems.world, days),
            )
        )


def check_disturbed(systems: Systems, adapter: str, settings: Settings, days: int, edits: tuple[int, float]) -> None:
    landed = disturbed(systems, adapter, settings, days, edits)
    service = systems.portal.services.store if adapter == "mapi" else systems.city.listing
    whole = Window(date(2000, 1, 1), date(2100, 1, 1))
    assert service.edits.happened > 0
    assert sum(read.reread for read in landed) > 0
    assert sorted(i for read in landed for i in ids(read)) == expected(systems, adapter, whole)


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_edits_and_faults_lose_nothing(adapter: str, systems: Systems, knobs: Callable[..., Settings]) -> None:
    settings = adapted(knobs, systems, adapter, window_attempts=8, attempts=6)
    check_disturbed(systems, adapter, settings, days=60, edits=FEW_EDITS)


@pytest.mark.full
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_fifty_thousand_cases(adapter: str, knobs: Callable[..., Settings]) -> None:
    with served(build(50_000, 11)) as systems:
        settings = adapted(
            knobs, systems, adapter, window_attempts=8, attempts=8, city_page_rows=200, portal_page_rows=200,
            most_page_rows=1_000, answer_limit_mb=64,
        )  # fmt: skip
        check_disturbed(systems, adapter, settings, days=7, edits=STEADY_EDITS)


def test_an_order_without_ties_is_not_trusted(systems: Systems, knobs: Callable[..., Settings]) -> None:
    """The paged system's own order changes from page to page: windows are split until each is one page."""
    settings = adapted(knobs, systems, "paged")
    systems.mood(side_of("paged"), "unstable_ties", FOR_GOOD)
    window = windows_of(systems.world, 400)[0]
    with opened("paged", settings) as source:
        landed = read_and_land(source, window, settings.landing_dir, "r1", settings)
    assert landed.reread > 0
    assert ids(landed) == expected(systems, "paged", window)


def test_a_large_window_is_read_in_parts(standing: Systems, knobs: Callable[..., Settings]) -> None:
    standing.calm()
    settings = adapted(knobs, standing, "opencps", part_rows=50)
    with opened("opencps", settings) as source:
        landed = read_and_land(source, standing.window(), settings.landing_dir, "r1", settings)
    assert landed.reread > 4
    assert ids(landed) == expected(standing, "opencps", standing.window())


def test_a_count_that_never_adds_up_names_the_day(standing: Systems, knobs: Callable[..., Settings]) -> None:
    standing.calm()
    standing.mood(side_of("paged"), "wrong_total", FOR_GOOD)
    settings = adapted(knobs, standing, "paged")
    with opened("paged", settings) as source, pytest.raises(CountMismatch, match=r"received-(\d{8})-\1: .* announced"):
        read_and_land(source, Window(date(2026, 4, 6), date(2026, 5, 18)), settings.landing_dir, "r1", settings)
    standing.calm()


READER = """
import os, sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
import settings
from schemas.codes import Side
from schemas.window import Window
from tasks.sources.adapters import source_of
from tasks.sources.landing import read_and_land

side, run, *windows = sys.argv[1:]
knobs = settings.load()
source = source_of(Side(side), knobs)
with ThreadPoolExecutor(2) as pool:
    list(pool.map(lambda w: read_and_land(
        source, Window(*map(date.fromisoformat, w.split("/"))), knobs.landing_dir, run, knobs), windows))
"""


KILLED = ["opencps", "mapi", *(pytest.param(name, marks=pytest.mark.full) for name in ("igate", "paged"))]
PATIENCE = 300
"""Seconds that a machine with other work may take for one of the reads."""


@pytest.mark.parametrize("adapter", KILLED)
def test_a_killed_read_goes_on_where_it_stopped(adapter: str, world: World, tmp_path: Path) -> None:
    """SIGKILL in the middle: the second run of the same name fetches at most one page a worker again."""
    page_rows, workers, side = 10, 2, side_of(adapter)
    windows = ["2025-11-01/2026-05-01", "2026-05-01/2026-12-01"]
    with served(world, latency_ms=15) as systems:

        def start(run: str) -> subprocess.Popen[bytes]:
            knobs = {
                "CITY_URL": systems.addresses.city, "PORTAL_URL": systems.addresses.portal,
                "PORTAL_PASSWORD": "sandbox", "FINGERPRINT_KEY": "k" * 32, "DATA_DIR": str(tmp_path),
                "CITY_PAGE_ROWS": str(page_rows), "PORTAL_PAGE_ROWS": str(page_rows),
                "CITY_USERNAME": "hanoi", "CITY_PASSWORD": "sandbox",
                **({} if adapter == "mapi" else {"CITY_ADAPTER": adapter}),
            }  # fmt: skip
            inherited = {name: value for name, value in os.environ.items() if not name.startswith("HOSO_")}
            environment = inherited | {f"HOSO_{name}": value for name, value in knobs.items()}
            return subprocess.Popen([sys.executable, "-c", READER, side, run, *windows], env=environment)

        def served_rows() -> int:
            return int(systems.state(side)["rows_served"])

        assert start("whole").wait(PATIENCE) == 0
        clean = served_rows()
        killed = start("killed")
        deadline = time.monotonic() + PATIENCE
        while served_rows() < clean * 1.5 and time.monotonic() < deadline:
            time.sleep(0.005)
        killed.send_signal(signal.SIGKILL)
        assert killed.wait(10) == -signal.SIGKILL
        assert not list(tmp_path.glob("landing/*/*/killed"))
        assert start("killed").wait(PATIENCE) == 0
        assert served_rows() - 2 * clean <= workers * (page_rows + 1)

    def content(run: str) -> pa.Table:
        return pa.concat_tables(pq.read_table(path) for path in sorted(tmp_path.glob(f"landing/*/*/{run}/*.parquet")))

    assert content("killed").equals(content("whole"))
    assert content("whole").num_rows > 500
    assert not list(tmp_path.glob("landing/*/*/.*"))


def test_a_cut_off_batch_is_read_again(standing: Systems, knobs: Callable[..., Settings], tmp_path: Path) -> None:
    """A spool that ends in the middle of a page, as after a loss of power, is continued before that page."""
    standing.calm()
    settings: Any = adapted(knobs, standing, "opencps")
    window = Window(date(2026, 4, 6), date(2026, 5, 18))
    with opened("opencps", settings) as source:
        page = source.page
        left = iter(range(3))

        def three_pages(*arguments: Any) -> Any:
            if next(left, None) is None:
                raise KeyboardInterrupt
            return page(*arguments)

        source.page = three_pages  # type: ignore[attr-defined]
        with pytest.raises(KeyboardInterrupt):
            read_and_land(source, window, settings.landing_dir, "r1", settings)
        (spooled,) = settings.landing_dir.glob("*/*/.r1.part/*.arrow")
        with spooled.open("r+b") as file:
            file.truncate(spooled.stat().st_size - 5_000)
        source.page = page  # type: ignore[attr-defined]
        stopped = datetime.now(UTC)
        landed = read_and_land(source, window, settings.landing_dir, "r1", settings)
    assert landed.resumed == 2
    assert landed.safe_until < stopped - timedelta(minutes=settings.commit_lag_minutes)  # the first attempt's pages
    assert ids(landed) == expected(standing, "opencps", window)
