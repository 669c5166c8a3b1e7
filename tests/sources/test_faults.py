"""Every cell of the fault matrix, on every HTTP adapter: never silent success, never a lost row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

import errors
from sandbox.city.igate import to_igate
from sandbox.city.paged import to_paged
from sandbox.columns import DAY, Rows
from schemas.codes import Side
from schemas.window import Window
from settings import Settings
from tasks.sources.adapters import source_of
from tasks.sources.landing import Landed, read_and_land
from tasks.sources.protocol import Source
from tests.sources import matrix
from tests.sources.conftest import Systems
from tests.sources.matrix import ADAPTERS, ASIDE, FAULTS, FINDING, SKEW, Fault
from tests.sources.network import certificate, tls_server

WINDOW = Window(date(2026, 4, 6), date(2026, 5, 18))
FOR_GOOD = 1_000_000
QUICK: dict[str, Any] = {
    "attempts": 3, "window_attempts": 3, "city_page_rows": 16, "portal_page_rows": 16, "most_page_rows": 64,
    "backoff_seconds": 0.001, "backoff_cap_seconds": 0.01, "answer_limit_mb": 8,
}  # fmt: skip
PATIENCE: dict[str, dict[str, Any]] = {
    "silence": {"read_seconds": 1, "attempts": 2},
    "slow_drip": {"total_seconds": 1.5, "attempts": 2},
    "error_429": {"attempts": 2},
    "error_429_date": {"attempts": 2},
}


class Unreachable(httpx.BaseTransport):
    """A network that takes no connection for a number of requests."""

    def __init__(self, behind: httpx.BaseTransport, times: int) -> None:
        self.behind, self.times = behind, times

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.times > 0:
            self.times -= 1
            raise httpx.ConnectTimeout("timed out", request=request)
        return self.behind.handle_request(request)


def expected(systems: Systems, adapter: str, window: Window = WINDOW) -> list[str]:
    """Record ids that the side's own rows have in the window, by the sandbox's columns and not by its interface."""
    world = systems.world
    first, end = ((edge - date(1970, 1, 1)).days for edge in window)

    def inside(seconds: Any) -> Any:
        return (seconds // DAY >= first) & (seconds // DAY < end)

    if adapter == "mapi":
        store = systems.portal.services.store
        rows = store.edits.seen(world.portal_rows)
        rows = rows[inside(world.draft.portal.facts.received[rows])]
        return sorted(record["idHoSo"] for record in world.portal.render(rows))
    rows = systems.city.listing.edits.seen(world.city_rows)
    facts = world.draft.city.facts.take(rows)
    return sorted(
        _city_ids(systems, adapter, rows[inside(facts.received) | ((facts.status == 1) & inside(facts.submitted))])
    )


def _city_ids(systems: Systems, adapter: str, rows: Rows) -> list[str]:
    shape = {"opencps": dict, "igate": to_igate, "paged": to_paged}[adapter]
    key = "dossierId" if adapter == "opencps" else "id"
    return [shape(record)[key] for record in systems.world.city.render(rows)]


def side_of(adapter: str) -> Side:
    return Side.PORTAL if adapter == "mapi" else Side.CITY


@contextmanager
def opened(adapter: str, settings: Settings) -> Iterator[Source]:
    source = source_of(side_of(adapter), settings)
    try:
        yield source
    finally:
        source.close()


def adapted(make: Callable[..., Settings], systems: Systems | None, adapter: str, **changed: Any) -> Settings:
    city = {} if adapter == "mapi" else {"city_adapter": adapter}
    return make(systems.addresses if systems else None, **{**QUICK, **city, **changed})


def ids(landed: Landed) -> list[str]:
    return sorted(i for path in landed.files for i in pq.read_table(path)["record_id"].to_pylist())


def cells() -> list[Any]:
    """Every cell; the fast tests take a passing fault on two adapters and a lasting one on one, in turn."""
    made = []
    for turn, fault in enumerate(FAULTS):
        for place, adapter in enumerate(ADAPTERS):
            for ever in (False, True):
                fast = adapter == "mapi" and not ever if fault.slow else (place - turn) % 4 < (1 if ever else 2)
                name = f"{fault.name}-{adapter}-{'ever' if ever else 'once'}"
                made.append(pytest.param(fault, adapter, ever, id=name, marks=[] if fast else [pytest.mark.full]))
    return made


@pytest.mark.parametrize(("fault", "adapter", "ever"), cells())
def test_cell(
    fault: Fault,
    adapter: str,
    ever: bool,
    standing: Systems,
    world: Any,
    knobs: Callable[..., Settings],
    tmp_path: Path,
) -> None:
    standing.calm()
    outcome = fault.outcome(adapter, ever=ever)
    settings = adapted(knobs, standing, adapter, **PATIENCE.get(fault.name, {}))
    if fault.name == "certificate":
        with tls_server(certificate(tmp_path)) as address:
            settings = adapted(knobs, None, adapter, city_url=address, portal_url=address)
            _raises(adapter, settings, outcome, tmp_path)
        return
    with opened(adapter, settings) as source:
        if fault.name == "connect_timeout":
            wire = source.wire  # type: ignore[attr-defined]
            wire._client._transport = Unreachable(wire._client._transport, FOR_GOOD if ever else 1)
        else:
            standing.mood(side_of(adapter), fault.name, FOR_GOOD if ever else 1)
        if not outcome.startswith(matrix.WHOLE):
            with pytest.raises(getattr(errors, outcome)):
                read_and_land(source, WINDOW, tmp_path, "r1", settings)
            assert not (tmp_path / side_of(adapter) / WINDOW.name / "r1").exists()
            return
        landed = read_and_land(source, WINDOW, tmp_path, "r1", settings)
    standing.calm()
    assert ids(landed) == expected(standing, adapter)
    assert len(ids(landed)) > 3 * QUICK["city_page_rows"]
    changes = {finding["change"] for finding in landed.drift} - {"new_code"}  # the planted bad rows have those
    assert changes == {FINDING: {"added"}, ASIDE: {"retyped"}}.get(outcome, set()) or (
        outcome == matrix.WHOLE and fault.name == "renamed_field" and changes == {"added"}
    )
    if outcome == ASIDE:
        aside = [n for path in landed.files for n in pq.read_table(path)["absent_fields"].to_pylist() if n]
        assert len(aside) == sum(f["rows"] for f in landed.drift if f["change"] == "retyped") > 0
    assert (abs(landed.clock_skew or 0) > 500) == (outcome == SKEW and ever)


def _raises(adapter: str, settings: Settings, outcome: str, folder: Path) -> None:
    with opened(adapter, settings) as source, pytest.raises(getattr(errors, outcome)):
        read_and_land(source, WINDOW, folder, "r1", settings)


def test_the_page_shows_the_matrix_of_now() -> None:
    page = matrix.PAGE.read_text(encoding="utf-8")
    assert matrix.in_page(page) == page, "run: python -m tests.sources.matrix --write"
