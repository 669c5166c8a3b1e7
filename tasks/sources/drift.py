"""Drift: a record format that is not the one agreed. Every field is mapped, ignored by name, or found here.

Policies: `stop` ends the reading of the window, `quarantine` sets the rows aside (they are named in `absent_fields`),
`record` only tells. A setting gives single fields another policy than the shipped rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from errors import MissingField, SourceDrifted
from schemas.systems import WireSystem
from schemas.wire import WireField, WireType
from settings import DriftPolicy

ABSENT: Final = object()
"""Stands for a key that a record does not have."""

WHOLE_PAGE_ROWS: Final = 10
"""A page of so many rows that all lack a field shows another format; fewer may be bad rows by chance."""
LONGEST_CODE: Final = 40
"""Longer values of a code field are not shown: they are no codes."""

Kind = tuple[str, str]


class Change(StrEnum):
    """What can happen to a field."""

    ADDED = "added"
    REMOVED = "removed"
    RETYPED = "retyped"
    NEW_CODE = "new_code"


@dataclass
class Drift:
    """What one window's pages showed: rows by (change, field), and the codes nobody knew."""

    system: WireSystem
    policies: Mapping[str, DriftPolicy] = field(default_factory=dict)
    rows: Counter[Kind] = field(default_factory=Counter)
    unknown_codes: dict[str, set[str]] = field(default_factory=dict)

    def policy(self, change: Change, name: str, *, required: bool, whole_page: bool = False) -> DriftPolicy:
        """The configured policy of a field, or the shipped rule: a required field that a whole page lacks stops, one
        that single rows lack or that is a list where a text should be sets them aside, everything else is recorded.
        """
        if name in self.policies:
            return self.policies[name]
        if not required or change in (Change.ADDED, Change.NEW_CODE):
            return "record"
        return "stop" if change is Change.REMOVED and whole_page else "quarantine"

    def removed(self, mapped: WireField, missing: list[int], page_rows: int) -> list[int]:
        """Note rows without a key; returns those to set aside. Optional keys may be absent on some rows of a page."""
        whole = len(missing) == page_rows and page_rows >= WHOLE_PAGE_ROWS
        if not missing or not (mapped.required or whole or mapped.name in self.policies):
            return []
        return self._apply(Change.REMOVED, mapped.name, missing, required=mapped.required, whole_page=whole)

    def retyped(self, mapped: WireField, values: Sequence[Any]) -> list[int]:
        """Note values of another JSON type than agreed; returns the rows to set aside. A number or flag in place of
        its text says the same and is taken as such; an object or list in place of a scalar is not.
        """
        if mapped.type is WireType.LIST or mapped.column == "site_extension":
            odd = [
                n for n, v in enumerate(values) if not (v is None or v is ABSENT or isinstance(v, str | list | dict))
            ]
            return self._apply(Change.RETYPED, mapped.name, odd, required=mapped.required) if odd else []
        nested = [n for n, v in enumerate(values) if isinstance(v, dict | list)]
        scalars = [n for n, v in enumerate(values) if isinstance(v, bool | int | float)]
        if scalars and not mapped.number:
            self.rows[Change.RETYPED, mapped.name] += len(scalars)
            if self.policies.get(mapped.name) in ("stop", "quarantine"):
                nested = sorted(nested + scalars)
        return self._apply(Change.RETYPED, mapped.name, nested, required=mapped.required) if nested else []

    def added(self, records: list[dict[str, Any]], known: frozenset[str]) -> list[int]:
        """Note unknown top-level keys; returns rows to set aside, if a policy says so."""
        unknown = set().union(*{*map(tuple, records)}) - known  # most records have the same keys
        aside: list[int] = []
        for name in sorted(unknown):
            rows = [number for number, record in enumerate(records) if name in record]
            aside += self._apply(Change.ADDED, name[:LONGEST_CODE], rows, required=False)
        return aside

    def new_codes(self, mapped: WireField, values: Iterable[str | None]) -> list[int]:
        """Note values outside a code list; returns rows to set aside, if a policy says so."""
        known = self.system.codes[mapped.column]
        listed = list(values)
        if {*listed} <= known:
            return []
        rows = [number for number, value in enumerate(listed) if value is not None and value not in known]
        if not rows:
            return []
        fresh = self.unknown_codes.setdefault(mapped.name, set())
        fresh |= {str(listed[number])[:LONGEST_CODE] for number in rows[:100]}
        return self._apply(Change.NEW_CODE, mapped.name, rows, required=mapped.required)

    def _apply(
        self, change: Change, name: str, rows: list[int], *, required: bool, whole_page: bool = False
    ) -> list[int]:
        policy = self.policy(change, name, required=required, whole_page=whole_page)
        if policy == "stop":
            if change is Change.REMOVED:
                raise MissingField(self.system.side, f"`{name}` is missing from {len(rows)} rows of a page")
            raise SourceDrifted(self.system.side, f"`{name}` was {change} on {len(rows)} rows")
        self.rows[change, name] += len(rows)
        return rows if policy == "quarantine" else []

    def findings(self) -> list[dict[str, Any]]:
        """One entry a change and field: `change`, `field`, `rows`, and `values` of new codes."""
        return [
            {"change": str(change), "field": name, "rows": rows}
            | ({"values": sorted(self.unknown_codes[name])[:20]} if change == Change.NEW_CODE else {})
            for (change, name), rows in sorted(self.rows.items())
        ]
