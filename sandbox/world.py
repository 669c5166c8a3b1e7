"""A whole world: an honest city, its copy on the portal, the faults, and the truth about them.

Everything follows from (cases, seed, now, days): the same four make the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from sandbox.cases.codes import CodeBook
from sandbox.cases.honest import Demand, ProcedureTable, draw_city
from sandbox.cases.working_time import WorkingTime
from sandbox.catalogue import Catalogue, load_catalogue
from sandbox.city.records import CityRecords
from sandbox.columns import VIETNAM, Rows, wall_seconds
from sandbox.faults.draft import SETTLED_AFTER, Draft
from sandbox.faults.in_flight import put_in_flight
from sandbox.faults.planting import most_claims, plant_faults, wanted_in_flight, wanted_per_kind
from sandbox.faults.spellings import respell
from sandbox.portal.records import PortalRecords
from sandbox.side import Side, SideName
from sandbox.spelling import Spelling
from sandbox.truth import TruthWriter
from sandbox.verdict import Judge
from sandbox.wire import TimeText

DEFAULT_NOW = datetime(2026, 11, 20, 16, 30, tzinfo=VIETNAM)
DEFAULT_DAYS = 365
FEWEST_CASES, FEWEST_DAYS = 20, 30
PLANTING_STREAM = 8


@dataclass
class World:
    """Both systems at one instant. Positions of records count the rows that a side holds, in order of creation."""

    now: datetime
    catalogue: Catalogue
    book: CodeBook
    draft: Draft
    city: CityRecords
    portal: PortalRecords
    city_rows: Rows
    portal_rows: Rows
    document: dict[str, Any]

    @property
    def city_count(self) -> int:
        return len(self.city_rows)

    @property
    def portal_count(self) -> int:
        return len(self.portal_rows)

    def city_records(self, indices: Sequence[int] | Rows) -> list[dict[str, Any]]:
        return self.city.render(self.city_rows[np.asarray(indices, np.int64)])

    def portal_records(self, indices: Sequence[int] | Rows) -> list[dict[str, Any]]:
        return self.portal.render(self.portal_rows[np.asarray(indices, np.int64)])

    def truth(self) -> dict[str, Any]:
        return self.document


def build(cases: int, seed: int = 1, now: datetime | None = None, days: int = DEFAULT_DAYS) -> World:
    """Make a world. Raises ``ValueError`` when it would be too small to hold what it must show."""
    if cases < FEWEST_CASES or days < FEWEST_DAYS:
        raise ValueError(f"a world needs at least {FEWEST_CASES} cases and {FEWEST_DAYS} days")
    instant = (now or DEFAULT_NOW).astimezone(VIETNAM) if now is None or now.tzinfo else now.replace(tzinfo=VIETNAM)
    draft = _draft(cases, seed, wall_seconds(instant), days, instant.date())
    put_in_flight(draft, wanted_in_flight(cases))
    plant_faults(draft, cases)
    equal_pairs, by_encoding = respell(draft)
    city = CityRecords(draft.city, draft.background, draft.catalogue, draft.book, draft.text, draft.judge)
    portal = PortalRecords(draft.portal, draft.background, draft.catalogue, draft.book, draft.text)
    writer = TruthWriter(draft, city, portal)
    document = {
        "seed": seed,
        "cases": cases,
        "days": days,
        "now": instant.isoformat(),
        "period": writer.period(),
        "city_cases": int(draft.city.held.sum()),
        "portal_cases": int(draft.portal.held.sum()),
        "mismatches": writer.mismatches(),
        "bad_rows": writer.bad_rows(),
        "equal_pairs": equal_pairs,
        "equal_by_encoding": by_encoding,
        "in_flight": draft.book.texts(draft.city.facts.code[draft.in_flight]),
    }
    return World(
        instant, draft.catalogue, draft.book, draft, city, portal, draft.city.rows(), draft.portal.rows(), document
    )


def _draft(cases: int, seed: int, now: int, days: int, today: date) -> Draft:
    """The honest city and its faithful copy; nothing is planted yet."""
    catalogue = load_catalogue()
    office = WorkingTime.covering(today - timedelta(days=days + 30), today + timedelta(days=150))
    text = TimeText.covering(today - timedelta(days=days + 30), today + timedelta(days=150))
    demand = Demand(cases, days, now, wanted_per_kind(cases), wanted_in_flight(cases))
    facts, background = draw_city(demand, catalogue, office, seed)
    settled = (facts.status != 1) & (facts.received < now - SETTLED_AFTER) & (background.modified < now - SETTLED_AFTER)
    return Draft(
        catalogue=catalogue,
        book=CodeBook.of(catalogue.agencies),
        judge=Judge(ProcedureTable.of(catalogue).max_days, office, now),
        text=text,
        now=now,
        rng=np.random.default_rng([seed, PLANTING_STREAM]),
        background=background,
        city=Side(SideName.CITY, facts, np.ones(cases, bool), Spelling.plain(cases)),
        portal=Side(SideName.PORTAL, facts.copy(), facts.status != 1, Spelling.plain(cases)),
        free=settled,
        claimed=np.zeros(cases, bool),
        budget=most_claims(cases),
    )
