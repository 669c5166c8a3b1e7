"""Reads one window completely, whatever the source does meanwhile, into its spool.

The rules, for every adapter:

- The rows of a listing must be as many as the source says, before and after, and each record must come once.
- A listing that shifts under the reader (a total that moves, a row that comes twice, a page that does not begin where
  the last one ended) is not patched: its days are read again in halves, down to a day, and a day in larger pages, until
  a listing stands still. A listing of one page is one answer and cannot shift.
- Several pages of a source that gives no totals are trusted only when a second reading gives the same.
- Every page is stored before the next one is asked for; after a crash, reading goes on after the last stored page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from errors import CountMismatch, MissingField
from schemas.window import Window
from settings import Settings
from tasks.sources.columns import PAYLOAD, to_table
from tasks.sources.drift import Drift
from tasks.sources.protocol import Page, Paged, Part, Source, Streamed
from tasks.sources.spool import Spool


class ShiftedError(Exception):
    """The pages of a listing contradict each other or the source's count."""


@dataclass
class _Progress:
    """What has been read of one part."""

    rows: int
    position: int | None = 0
    total: int | None = None
    count: int = 0
    pages: int = 0
    last_id: str | None = None
    seen: dict[str, None] = field(default_factory=dict)
    """Identities in reading order."""
    whole: bool = False

    def take(self, table: pa.Table, state: dict[str, Any]) -> None:
        """Count a page in. Raises ShiftedError when one of its records was there before."""
        ids = _identities(table)
        fresh = dict.fromkeys(ids)
        if len(fresh) < len(ids) or not self.seen.keys().isdisjoint(fresh):
            raise ShiftedError("a record came twice")
        self.seen |= fresh
        self.count += len(ids)
        self.pages += 1
        self.last_id = ids[-1] if ids else self.last_id
        self.total = state.get("total", self.total)
        self.position = state.get("following")
        self.whole = bool(state.get("whole"))


class Reader:
    """Reads windows of one source. One instance a window."""

    def __init__(self, source: Source, window: Window, settings: Settings, spool: Spool) -> None:
        self._source, self._window, self._settings, self._spool = source, window, settings, spool
        self.drift = Drift(source.system, settings.drift_policies)
        self.pages = self.reread = self.resumed = 0

    def read(self) -> list[Part]:
        """Read every part of the window; returns the parts that hold its rows, in order.

        Raises CountMismatch when a day never stands still, and whatever the adapter raises.
        """
        return [whole for part in self._source.parts(self._window) for whole in self._read(part)]

    def _read(self, part: Part) -> Iterator[Part]:
        halves = part.halves()
        if not (halves and self._spool.is_split(part)):
            shifted = self._attempts(part, last_chance=halves is None)
            if shifted is None:
                yield part
                return
            if halves is None:
                raise CountMismatch(self._source.side, f"{part.name}: {shifted}", window=self._window.name)
            self._spool.split(part)
        for half in halves or ():
            yield from self._read(half)

    def _attempts(self, part: Part, *, last_chance: bool) -> str | None:
        """Read a part; None when it is whole, else what was wrong. Only a single day gets more than one attempt.

        A page that lacks a field is taken for a bad page once, for another format the second time.
        """
        reason, lacking, attempt = "", 0, 0
        while attempt < (self._settings.window_attempts if last_chance else 1):
            try:
                self._read_once(part, larger_pages=attempt > 0)
                return None
            except ShiftedError as shifted:
                reason = str(shifted)
                attempt += 1
            except MissingField:
                lacking += 1
                if lacking > 1:
                    raise
            self._spool.discard(part)
            self.reread += 1
        return reason

    def _read_once(self, part: Part, *, larger_pages: bool) -> None:
        source = self._source
        if isinstance(source, Streamed):
            done = self._stored(part, 0)
            if not done.whole:
                self._spool.discard(part)
                self._stream(source, part)
            return
        assert isinstance(source, Paged)
        rows = max(source.page_rows, self._settings.most_page_rows) if larger_pages else source.page_rows
        progress = self._stored(part, rows)
        if not progress.whole:
            self._pages(source, part, progress)

    def _stored(self, part: Part, rows: int) -> _Progress:
        """Progress that an earlier process left in the spool."""
        progress = _Progress(rows)
        for page in self._spool.pages(part):
            progress.take(page.table, page.state)
            progress.rows = page.state.get("rows", progress.rows)
            self.resumed += 1
        return progress

    def _pages(self, source: Paged, part: Part, progress: _Progress) -> None:
        while progress.position is not None:
            page = source.page(part, progress.position, progress.rows)
            self.pages += 1
            rows = self._judged(source, part, page, progress)
            table = to_table(rows, source.system, self.drift)
            progress.take(table, {"total": page.total, "following": page.following})
            alone = progress.pages == 1 and page.following is None and page.total is not None
            if page.following is None:
                self._check_count(progress)
                if not alone and not source.agrees(part, progress.count, progress.last_id):
                    raise ShiftedError(f"{progress.count} rows read, and the source no longer has as many")
                if progress.pages > 1 and not source.counted:
                    self._read_again(source, part, progress)
            state = {"total": page.total, "following": page.following, "rows": progress.rows}
            self._spool.append(part, table, state | {"whole": page.following is None})

    def _judged(self, source: Paged, part: Part, page: Page, progress: _Progress) -> list[dict[str, Any]]:
        """The page's new rows. Raises ShiftedError when it does not continue what was read."""
        if progress.total is not None and page.total != progress.total:
            raise ShiftedError(f"the total moved from {progress.total} to {page.total}")
        if page.total is not None and page.total > self._settings.part_rows and part.halves():
            raise ShiftedError(f"{page.total} rows are too many for one listing")
        more_at_once = part.halves() or progress.rows < self._settings.most_page_rows
        if page.following is not None and not source.counted and more_at_once:
            raise ShiftedError("several pages without a total to hold them against")
        rows = page.rows
        if source.overlaps and progress.count and progress.last_id is not None:
            first = str(rows[0].get(source.system.identity)) if rows else None
            if first != progress.last_id:
                raise ShiftedError("a page does not begin where the last one ended")
            rows = rows[1:]
        if not rows and page.following is not None:
            raise ShiftedError("an empty page in the middle")
        return rows

    def _read_again(self, source: Paged, part: Part, progress: _Progress) -> None:
        """Ask for the same pages once more. Raises ShiftedError unless they have the same records in the same order."""
        position: int | None = 0
        again: list[str] = []
        while position is not None and len(again) <= progress.count:
            page = source.page(part, position, progress.rows)
            self.pages += 1
            again += _identities(to_table(page.rows, source.system, Drift(source.system)))
            position = page.following
        if again != list(progress.seen):
            raise ShiftedError("the same pages hold other records the second time")

    def _stream(self, source: Streamed, part: Part) -> None:
        progress = _Progress(0)
        for page in source.stream(part):
            self.pages += 1
            table = to_table(page.rows, source.system, self.drift)
            progress.take(table, {"total": page.total, "following": page.following})
            if page.following is None:
                self._check_count(progress)
            self._spool.append(part, table, {"total": page.total, "whole": page.following is None})

    def _check_count(self, progress: _Progress) -> None:
        if progress.total is not None and progress.total != progress.count:
            raise ShiftedError(f"{progress.count} rows read, {progress.total} announced")


def _identities(table: pa.Table) -> list[str]:
    """What tells records apart: the record's own number, or the whole record where it has none."""
    own: list[str | None] = table["record_id"].to_pylist()
    if all(own):
        return own  # type: ignore[return-value]
    return [number or whole for number, whole in zip(own, table[PAYLOAD].to_pylist(), strict=True)]
