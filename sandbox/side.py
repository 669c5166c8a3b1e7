"""What one system holds: its rows, what it says in them, and how it spells that on the wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any

import numpy as np

from sandbox.columns import Facts, Mask, Rows
from sandbox.spelling import Spelling


class SideName(StrEnum):
    CITY = "city"
    PORTAL = "portal"


class Absent(Enum):
    """Marks a key that is left out of a record."""

    KEY = "absent"


ABSENT = Absent.KEY
WireValue = str | None | Absent


@dataclass
class Side:
    """``held`` says which of the world's cases this side has a record of; ``overrides`` replace single wire values."""

    name: SideName
    facts: Facts
    held: Mask
    spelling: Spelling
    overrides: dict[int, dict[str, WireValue]] = field(default_factory=dict)

    def rows(self) -> Rows:
        return np.flatnonzero(self.held).astype(np.int64)

    def append_copies(self, rows: Rows, held: bool) -> None:
        self.facts.append_copies(rows)
        self.spelling.append_copies(rows)
        self.held = np.concatenate([self.held, np.full(len(rows), held)])

    def apply_overrides(self, records: list[dict[str, Any]], rows: Rows) -> None:
        if not self.overrides:
            return
        for record, row in zip(records, rows.tolist(), strict=True):
            for key, value in self.overrides.get(row, {}).items():
                if value is ABSENT:
                    record.pop(key, None)
                else:
                    record[key] = value
