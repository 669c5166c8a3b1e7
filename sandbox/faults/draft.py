"""A world under construction: both sides, the cases still untouched, and the list of what was planted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from sandbox.cases.codes import CodeBook, groups_of, make_key
from sandbox.catalogue import Catalogue
from sandbox.columns import DAY, HOUR, Background, Ints, Mask, Rows
from sandbox.side import Side
from sandbox.verdict import Judge
from sandbox.wire import TimeText

SETTLED_AFTER = 72 * HOUR
GHOST_SEQUENCES = np.array([n for n in range(5_555, 10_000) if min(str(n)) >= "5"])


@dataclass(frozen=True)
class Planted:
    """One fault on several cases: ``rows`` address the record of the side that has one."""

    kind: str
    field: str
    rows: Rows


@dataclass(frozen=True)
class BadRow:
    side: Side
    row: int
    reason: str
    field: str


@dataclass
class Draft:
    catalogue: Catalogue
    book: CodeBook
    judge: Judge
    text: TimeText
    now: int
    rng: np.random.Generator
    background: Background
    city: Side
    portal: Side
    free: Mask
    claimed: Mask
    budget: int
    planted: list[Planted] = field(default_factory=list)
    bad_rows: list[BadRow] = field(default_factory=list)
    in_flight: list[int] = field(default_factory=list)
    doubled: list[int] = field(default_factory=list)
    _codes: set[int] = field(default_factory=set)
    _lonely: set[int] = field(default_factory=set)

    def plant(self, kind: str, truth_field: str, rows: Rows) -> None:
        self.planted.append(Planted(kind, truth_field, rows))

    def candidates(self, mask: Mask, count: int) -> Rows:
        """Untouched cases in random order, more than ``count`` so that some may fail a trial."""
        rows = np.flatnonzero(self.free & mask)
        enough = min(len(rows), 60 * count + 400)
        return self.rng.permutation(self.rng.choice(rows, size=enough, replace=False)) if enough else rows

    def pick(self, mask: Mask, count: int, passes: Callable[[Rows], Mask] | None = None) -> Rows:
        """Claim up to ``count`` untouched cases of ``mask`` that pass a trial."""
        rows = self.candidates(mask, count)
        if passes is not None:
            rows = rows[passes(rows)]
        return self.claim(rows, count)

    def claim(self, rows: Rows, count: int) -> Rows:
        chosen = np.sort(rows[: max(0, min(count, self.budget))])
        self.withhold(chosen)
        self.budget -= len(chosen)
        return chosen

    def withhold(self, rows: Rows) -> None:
        """No fault and no other spelling for these cases from here on."""
        self.free[rows] = False
        self.claimed[rows] = True

    def release(self, rows: Rows) -> None:
        self.free[rows] = True
        self.claimed[rows] = False
        self.budget += len(rows)

    def pick_apart(self, count: int) -> Rows:
        """Claim cases of which no two share agency and day, by the code or by the received time.

        They are about to lose their partner. A loose match (same agency, day and a look-alike code) between two of
        them would be a coincidence that no reconciliation could tell from the planted kind ``ambiguous``.
        """
        rows = self.candidates(np.ones(len(self.free), bool), count)
        marks = self._marks(rows)
        alone = np.ones(len(rows), bool)
        for mark in marks:
            first = np.zeros(len(rows), bool)
            first[np.unique(mark, return_index=True)[1]] = True
            alone &= first & ~np.isin(mark, list(self._lonely))
        chosen = self.claim(rows[alone], count)
        for mark in self._marks(chosen):
            self._lonely.update(mark.tolist())
        return chosen

    def _marks(self, rows: Rows) -> tuple[Ints, Ints]:
        facts = self.city.facts
        return groups_of(facts.code[rows]), -(
            facts.agency[rows].astype(np.int64) * 100_000 + facts.received[rows] // DAY
        )

    def known_codes(self) -> set[int]:
        if not self._codes:
            self._codes.update(self.city.facts.code.tolist())
        return self._codes

    def fresh_codes(self, rows: Rows) -> Ints:
        """New codes of the same agencies and days, far above the day's counter (its start value is configurable)."""
        taken = self.known_codes()
        codes = []
        for key in groups_of(self.city.facts.code[rows]).tolist():
            code = make_key(key >> 24, key & 0xFFFFFF, int(self.rng.choice(GHOST_SEQUENCES)))
            while code in taken:
                code = make_key(key >> 24, key & 0xFFFFFF, int(self.rng.integers(10_000, 99_999)))
            taken.add(code)
            codes.append(code)
        return np.array(codes, np.int64)

    def add_rows(self, like: Rows, on_city: bool, on_portal: bool) -> Rows:
        """Further records that start as copies of ``like``; they are never picked for a fault."""
        first = len(self.free)
        self.city.append_copies(like, held=on_city)
        self.portal.append_copies(like, held=on_portal)
        self.background.append_copies(like)
        self.free = np.concatenate([self.free, np.zeros(len(like), bool)])
        self.claimed = np.concatenate([self.claimed, np.ones(len(like), bool)])
        return np.arange(first, first + len(like), dtype=np.int64)
