"""The portal's records as a store: listed by received day, found by code, changed by pushes.

The world's rows stay columns. A pushed record is kept as it came, above the columns: it replaces a row or is new.
When a code has two records, a push changes the first of them (what the real portal does is not known).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np

from sandbox.columns import DAY, NO_TIME, Ints, Rows, wall_seconds
from sandbox.edits import Edits
from sandbox.portal.records import record_ids
from sandbox.world import World

LIST_FIELDS = (
    "TaiLieuNop",
    "DanhSachLePhi",
    "DanhSachTepDinhKemKhac",
    "DanhSachHoSoBoSung",
    "DanhSachGiayToKetQua",
    "DinhDanhCHS",
    "DSKetNoiCSDL",
)
Record = dict[str, Any]


class PortalStore:
    def __init__(self, world: World) -> None:
        self._world = world
        self._fields = tuple(world.portal_records([0])[0])
        self._pushed: dict[int, Record] = {}
        self._rows_of_new: dict[str, int] = {}
        self._next_row = len(world.draft.portal.held)
        self._progress: dict[str, list[Record]] = {}
        self._index_codes()
        self._arrange()
        self.edits = Edits(world.portal_rows, self._next_row)

    def _index_codes(self) -> None:
        """Codes as sorted numbers; a record whose key was replaced on the wire is found by what the wire says."""
        overrides = self._world.draft.portal.overrides
        rekeyed = {row: values["MaHoSo"] for row, values in overrides.items() if "MaHoSo" in values}
        self._rekeyed = {str(text): row for row, text in rekeyed.items() if isinstance(text, str) and text}
        rows = self._world.portal_rows[~np.isin(self._world.portal_rows, list(rekeyed))]
        keys = self._world.draft.portal.facts.code[rows]
        order = np.argsort(keys, kind="stable")
        self._code_rows, self._codes = rows[order], keys[order]

    def _arrange(self) -> None:
        """Order of listing: received time, then record id."""
        rows = np.concatenate([self._world.portal_rows, np.array(sorted(self._rows_of_new.values()), np.int64)])
        received = np.concatenate(
            [
                self._world.draft.portal.facts.received[self._world.portal_rows],
                np.zeros(len(self._rows_of_new), np.int64),
            ]
        )
        if self._pushed:
            changed = np.flatnonzero(np.isin(rows, list(self._pushed)))
            received[changed] = [_received(self._pushed[row]) for row in rows[changed].tolist()]
        order = np.lexsort((record_ids(rows), received))
        self._rows: Rows = rows[order]
        self._received: Ints = received[order]
        self._dirty = False

    def window(self, first_day: int, last_day: int, edit_before: int = 0) -> Rows:
        """Rows received between two days, both included, in order of listing; one of the first ``edit_before`` rows is
        changed before that.
        """
        if self._dirty:
            self._arrange()
        begin, end = np.searchsorted(self._received, [first_day * DAY, (last_day + 1) * DAY])
        listed = self._rows[begin:end]
        if edit_before:
            self.edits.disturb(listed, edit_before)
        return self.edits.seen(listed)

    def render(self, rows: Rows) -> list[Record]:
        if not self._pushed:
            return self._world.portal.render(rows)
        original = np.array([row for row in rows.tolist() if row not in self._pushed], np.int64)
        drawn = dict(zip(original.tolist(), self._world.portal.render(original), strict=True))
        return [drawn[row] if row in drawn else dict(self._pushed[row]) for row in rows.tolist()]

    def rows_of(self, code: str) -> Rows:
        """All rows under a case code."""
        if code in self._rows_of_new:
            return np.array([self._rows_of_new[code]], np.int64)
        if code in self._rekeyed:
            return np.array([self._rekeyed[code]], np.int64)
        key = self._world.book.parse(code)
        begin, end = np.searchsorted(self._codes, [key, key + 1])
        return np.sort(self._code_rows[begin:end])

    def create(self, record: Record) -> None:
        row = self._next_row
        self._next_row += 1
        self._rows_of_new[str(record["MaHoSo"])] = row
        self._keep(row, record)

    def update(self, record: Record) -> None:
        self._keep(int(self.rows_of(str(record["MaHoSo"]))[0]), record)

    def _keep(self, row: int, record: Record) -> None:
        """Complete the record with empty fields and the portal's own identifier."""
        whole = {field: record.get(field, [] if field in LIST_FIELDS else "") for field in self._fields}
        whole["idHoSo"] = str(record_ids(np.array([row]))[0])
        self._pushed[row] = whole
        self._dirty = True

    def add_step(self, step: Record) -> None:
        self._progress.setdefault(str(step["MaHoSo"]), []).append(step)

    def steps_of(self, code: str) -> list[Record]:
        return self._progress.get(code, [])


def _received(record: Record) -> int:
    return read_time(str(record["NgayTiepNhan"])) or NO_TIME


def read_time(text: str) -> int | None:
    """Seconds of a 14-digit time (12 digits, without seconds, are accepted too), or ``None``."""
    form = {14: "%Y%m%d%H%M%S", 12: "%Y%m%d%H%M"}.get(len(text))
    if form is None or not text.isascii() or not text.isdigit():
        return None
    try:
        return wall_seconds(datetime.strptime(text, form))
    except ValueError:
        return None
