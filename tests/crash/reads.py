"""What the two systems say on the days of the test: a small planted world that changes from read to read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np

from sandbox.columns import DAY
from sandbox.portal.catalogue import CatalogueServices
from sandbox.world import World, build
from schemas.codes import Side
from schemas.systems import OPENCPS, PORTAL
from schemas.window import Window
from tasks.sources.protocol import Page, Part, Record

CASES, SEED, WORLD_DAYS, PAGE_ROWS = 200, 5, 40, 50
CLOSED_OFFICE = {"MADONVI": "000.00.99.H26", "TENDONVI": "Phòng thử nghiệm", "CAPDONVI": "2"}


@dataclass(frozen=True)
class Read:
    """One day's state of both systems, by row number of the world.

    `later` after the first read, `healed` rows have neither mismatch nor fault, `gone` ones are not listed, `edited`
    ones have another note in the city and a channel on the portal that is `edit` further on (1, 2, 3, 1, ...);
    `closed_office` is whether an agency is listed that the other reads do not have.
    """

    later: timedelta
    healed: Callable[[int], bool]
    gone: Callable[[int], bool]
    edited: Callable[[int], bool]
    edit: int = 1
    closed_office: bool = False


READS = {
    "monday": Read(timedelta(), lambda n: False, lambda n: n % 11 == 3, lambda n: n % 23 == 1),
    "tuesday": Read(timedelta(days=1), lambda n: n % 2 == 0, lambda n: n % 13 == 5, lambda n: n % 19 == 7, 1, True),
    "wednesday": Read(timedelta(days=2), lambda n: n % 2 == 1, lambda n: n % 7 == 1, lambda n: n % 19 in (7, 8), 2),
    "monday_late": Read(timedelta(hours=12), lambda n: n % 3 == 0, lambda n: n % 5 == 2, lambda n: n % 19 == 7, 2),
}
"""From monday to tuesday to wednesday mismatches open, are resolved and reopen, cases change, go and come back, bad
rows are released and return. The late read is from between the first two."""


@dataclass(frozen=True)
class Row:
    """A row of the world: the day under which it is listed, and its record with what was planted and without."""

    number: int
    day: date
    planted: Record
    healed: Record


@lru_cache(maxsize=1)
def world() -> World:
    return build(CASES, SEED, days=WORLD_DAYS)


@lru_cache(maxsize=1)
def records() -> dict[Side, list[Row]]:
    """Every row of both sides."""
    planted, honest = world(), build(CASES, SEED, days=WORLD_DAYS)
    facts = honest.draft.portal.facts
    paired = np.flatnonzero(honest.draft.city.held & honest.draft.portal.held)
    for name, values in vars(honest.draft.city.facts).items():
        getattr(facts, name)[paired] = values[paired]
    honest.draft.city.overrides.clear()
    honest.draft.portal.overrides.clear()
    rendered = {
        Side.CITY: (planted.city_rows, planted.city_records, honest.city_records, planted.draft.city.facts),
        Side.PORTAL: (planted.portal_rows, planted.portal_records, honest.portal_records, planted.draft.portal.facts),
    }
    rows = {}
    for side, (numbers, first, second, stated) in rendered.items():
        everything = range(len(numbers))
        seconds = np.where(stated.received > 0, stated.received, stated.submitted)[numbers]
        days = [date(1970, 1, 1) + timedelta(days=int(second) // DAY) for second in seconds]
        pairs = zip(numbers.tolist(), days, first(everything), second(everything), strict=True)
        rows[side] = [Row(*row) for row in pairs]
    return rows


def as_of(name: str) -> datetime:
    return world().now + READS[name].later


def days() -> tuple[date, date]:
    """The range that every run reads."""
    listed = [row.day for rows in records().values() for row in rows]
    return min(listed), max(listed) + timedelta(days=1)


class MemorySource:
    """One side on the day of a read."""

    clock_skew = None

    def __init__(self, side: Side, name: str) -> None:
        self.side, self.system = side, OPENCPS if side is Side.CITY else PORTAL
        self._read = READS[name]
        self._by_day: dict[date, list[Record]] = defaultdict(list)
        for row in records()[side]:
            if not self._read.gone(row.number):
                self._by_day[row.day].append(self._said(row))

    def _said(self, row: Row) -> Record:
        record = row.healed if self._read.healed(row.number) else row.planted
        if not self._read.edited(row.number):
            return record
        if self.side is Side.CITY:
            return record | {"dossierNote": f"đã sửa {self._read.edit}"}
        channel = int(record["KenhThucHien"] or 1)
        return record | {"KenhThucHien": str((channel - 1 + self._read.edit) % 3 + 1)}

    def parts(self, window: Window) -> list[Part]:
        return [Part("memory", window.start, window.last_day)]

    def stream(self, part: Part) -> Iterator[Page]:
        span = range((part.last - part.first).days + 1)
        rows = [record for offset in span for record in self._by_day[part.first + timedelta(days=offset)]]
        for start in range(0, max(len(rows), 1), PAGE_ROWS):
            after = start + PAGE_ROWS
            yield Page(rows[start:after], len(rows), after if after < len(rows) else None)

    def catalogue(self, service: str, **arguments: str) -> list[dict[str, Any]]:
        """The portal's catalogues."""
        services = CatalogueServices(world().catalogue)
        match service:
            case "LayDanhMucCoQuan":
                return services.agencies() + ([CLOSED_OFFICE] if self._read.closed_office else [])
            case "LayDanhSachTTHC":
                return services.procedures()
            case "LayThuTuc":
                return services.procedure(arguments["maTTHC"])
        raise AssertionError(f"no catalogue {service}")

    def close(self) -> None: ...
