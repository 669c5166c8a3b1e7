"""What was planted against what was found, at any size: `python -m benchmarks truth --cases 1000000 --seed S --json`.

The sandbox makes a world in memory. Its records go, window by window and without HTTP, into landing files, and from
there the product's own steps take them: validate, clean, load, reconcile. The truth is the sandbox's list.
"""

from __future__ import annotations

import gc
import sys
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prefect.logging import disable_run_logger

import settings
from benchmarks.knobs import adopt
from flows.stopwatch import peak_mb
from sandbox.columns import DAY
from sandbox.portal.catalogue import CatalogueServices
from sandbox.world import World, build
from schemas.codes import Side
from schemas.mismatch import BELIEVED, Kind
from schemas.systems import OPENCPS, PORTAL
from schemas.window import Window, split
from tasks.clean import clean
from tasks.load import load
from tasks.reconcile import reconcile_sides
from tasks.sources.catalogue import agencies, procedures
from tasks.sources.columns import to_table
from tasks.sources.drift import Drift
from tasks.sources.protocol import Part
from tasks.sources.spool import Spool, publish
from tasks.sources.zone import Zone
from tasks.validate import validate
from tasks.warehouse import reading
from tasks.warehouse.engine import open_engine, transaction

PAGE_ROWS, FILE_ROWS = 5_000, 50_000
NOTHING = "nothing"
SYSTEMS = {Side.CITY: OPENCPS, Side.PORTAL: PORTAL}
Findings = set[tuple[str, str]]


def run(cases: int, seed: int, folder: Path) -> dict[str, Any]:
    """`cases` of the city, every kind of fault on about one case in 480, a third of the rest written differently.

    A case found under another kind than its own counts as `wrong_kind`, one not found at all as `missed`. `by_kind`:
    planted, found and wrongly found mismatches of each kind; `seconds` of each step.
    """
    adopt(folder, HOSO_FINGERPRINT_KEY=uuid.uuid4().hex)
    seconds: dict[str, float] = {}
    with timed(seconds, "world"):
        world = build(cases, seed)
    truth = world.truth()
    with timed(seconds, "land, validate, clean"):
        validated, cleaned = read_in(world, folder)
    as_of = world.now
    days = days_of(truth)
    del world
    gc.collect()
    with disable_run_logger():
        with timed(seconds, "load"):
            counts = load.fn("truth", as_of, days, validated, cleaned, str(folder))
        with timed(seconds, "reconcile"):
            reconcile_sides.fn("truth", as_of, str(folder))
    planted = {(row["case_code"], row["kind"]) for row in truth["mismatches"]}
    found = _believed()
    _print_matrix(planted, found)
    quarantined = sum(count["quarantined"] for count in counts.values())
    return {
        **compare(planted, found),
        "equal_pairs": truth["equal_pairs"],
        "bad_rows": len(truth["bad_rows"]),
        "quarantined": quarantined,
        "seconds": {name: round(taken, 1) for name, taken in seconds.items()},
        "peak_mb": round(peak_mb(), 1),
    }


def compare(planted: Findings, found: Findings) -> dict[str, Any]:
    """Counts of what was planted, missed, found without reason, found under another kind; recall and precision."""
    planted_cases, found_cases = {code for code, _ in planted}, {code for code, _ in found}
    by_kind = {
        str(kind): {
            "planted": sum(1 for _, k in planted if k == kind),
            "found": sum(1 for _, k in planted & found if k == kind),
            "false": sum(1 for _, k in found - planted if k == kind),
        }
        for kind in Kind
    }
    both = len(planted & found)
    return {
        "planted": len(planted),
        "found": both,
        "missed": len({pair for pair in planted if pair[0] not in found_cases}),
        "false_alarms": len({pair for pair in found if pair[0] not in planted_cases}),
        "wrong_kind": len({c for c, _ in planted ^ found if c in planted_cases and c in found_cases}),
        "recall": both / max(1, len(planted)),
        "precision": both / max(1, len(found)),
        "by_kind": by_kind,
    }


@contextmanager
def timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - started
    print(f"{name}: {seconds[name]:.1f} s", file=sys.stderr, flush=True)


def days_of(truth: dict[str, Any]) -> tuple[date, date]:
    """A day of margin on either side: a time that is wrong by hours may lie on a neighbouring day."""
    first, last = (date.fromisoformat(truth["period"][end]) for end in ("start", "end"))
    return first - timedelta(days=1), last + timedelta(days=2)


@dataclass
class _Job:
    """What the processes that read one side each take over from this one by being its copies."""

    world: World
    windows: list[Window]
    folder: Path


_job: _Job | None = None


def read_in(world: World, folder: Path) -> tuple[dict[Side, dict[str, Any]], dict[Side, list[str]]]:
    """What validate and clean give for each side; the sides are read by a process each."""
    global _job
    services = CatalogueServices(world.catalogue)
    agencies(_Catalogues(services)).to_parquet(folder / "agencies.parquet", index=False)
    procedures(_Catalogues(services), 1).to_parquet(folder / "procedures.parquet", index=False)
    _job = _Job(world, split(*days_of(world.truth()), settings.current().window_days), folder)
    with ProcessPoolExecutor(len(Side), mp_context=get_context("fork")) as pool:
        done = dict(zip(Side, pool.map(_read_side, Side), strict=True))
    _job = None
    return {side: done[side][0] for side in Side}, {side: done[side][1] for side in Side}


class _Catalogues:
    """The sandbox's catalogues without HTTP, as the product asks for them."""

    def __init__(self, services: CatalogueServices) -> None:
        self._services = services

    def catalogue(self, service: str, **arguments: str) -> list[dict[str, Any]]:
        match service:
            case "LayDanhMucCoQuan":
                return self._services.agencies()
            case "LayDanhSachTTHC":
                return self._services.procedures()
        return self._services.procedure(arguments["maTTHC"])


def _read_side(side: Side) -> tuple[dict[str, Any], list[str]]:
    assert _job
    landed = [_land(side, window, rows) for window, rows in _rows_by_window(_job, side)]
    print(f"{side}: {sum(read['rows'] for read in landed)} rows landed", file=sys.stderr, flush=True)
    with disable_run_logger():
        validated = validate.fn(side, landed, str(_job.folder))
        cleaned = clean.fn(side, validated["accepted"], str(_job.folder))
    print(f"{side}: clean; {peak_mb():.0f} MB at most", file=sys.stderr, flush=True)
    return validated, cleaned


def _rows_by_window(job: _Job, side: Side) -> Iterator[tuple[Window, NDArray[np.int64]]]:
    """Positions of a side's rows in each window, by the day under which they are listed, in order of it."""
    draft = job.world.draft
    facts, rows = (
        (draft.city.facts, job.world.city_rows) if side is Side.CITY else (draft.portal.facts, job.world.portal_rows)
    )
    day = np.where(facts.received > 0, facts.received, facts.submitted)[rows] // DAY
    order = np.argsort(day, kind="stable")
    epoch = date(1970, 1, 1)
    for window in job.windows:
        first, after = np.searchsorted(day[order], [(window.start - epoch).days, (window.end - epoch).days])
        yield window, order[first:after]


def _land(side: Side, window: Window, rows: NDArray[np.int64]) -> dict[str, Any]:
    """Write one window as the extract step lands it."""
    assert _job
    render = _job.world.city_records if side is Side.CITY else _job.world.portal_records
    spool = Spool(_job.folder / "spool" / f"{side}-{window.name}", side)
    part, drift = Part("memory", window.start, window.last_day), Drift(SYSTEMS[side])
    for start in range(0, len(rows), PAGE_ROWS):
        spool.append(part, to_table(render(rows[start : start + PAGE_ROWS]), SYSTEMS[side], drift), {})
    final = _job.folder / "landing" / side / window.name / "truth"
    final.parent.mkdir(parents=True, exist_ok=True)
    files, count = publish(spool, [part], final, FILE_ROWS, Zone.of(settings.current()))
    assert count == len(rows)
    return {"side": side, "window": window, "files": files, "rows": count, "safe_until": _job.world.now}


def _believed() -> Findings:
    """Open mismatches that the ledger holds against somebody."""
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        mismatches = reading.open_mismatches(connection)
    mismatches = mismatches[mismatches["verdict"].isin(BELIEVED)]
    return set(zip(mismatches["case_code"], mismatches["kind"], strict=True))


def _print_matrix(planted: Findings, found: Findings) -> None:
    """The confusion matrix on standard error: planted kinds down, found ones across; empty cells are zero."""
    told: dict[str, set[str]] = defaultdict(set)
    for code, kind in found - planted:
        told[code].add(kind)
    known: dict[str, set[str]] = defaultdict(set)
    cells: Counter[tuple[str, str]] = Counter()
    for code, kind in planted:
        known[code].add(kind)
        others = [kind] if (code, kind) in found else sorted(told[code]) or [NOTHING]
        cells.update((kind, other) for other in others)
    cells.update((NOTHING, kind) for code, kind in found if code not in known)
    down, across = ([*map(str, Kind), NOTHING] for _ in range(2))
    print("planted \\ found  (columns numbered as the rows)", file=sys.stderr)
    print(" " * 25 + "".join(f"{number:>7}" for number in range(1, len(across) + 1)), file=sys.stderr)
    for number, kind in enumerate(down, 1):
        row = "".join(f"{cells[kind, other] or '':>7}" for other in across)
        print(f"{number:>2} {kind:<22}{row}", file=sys.stderr)
