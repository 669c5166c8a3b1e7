"""A progress artifact with rate and remaining time, kept current while windows are read."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any, cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.futures import as_completed

EVERY_SECONDS = 2.0
"""At most this often the artifact is written: each write is a call to the Prefect server."""


class Progress:
    """Counts windows done and rows read. Use it in a flow."""

    def __init__(self, windows: int, key: str = "extraction") -> None:
        self._windows, self._done, self._rows = windows, 0, 0
        self._started = self._written = time.monotonic()
        self._artifact = cast(UUID, create_progress_artifact(0.0, key=key, description=self._story()))

    def follow(self, futures: list[Any]) -> Iterator[Any]:
        """The futures as they complete; the artifact is brought to its final state after the last one."""
        completed: Iterable[Any] = as_completed(futures)
        for future in completed:
            yield future
            self._done += 1
            if time.monotonic() - self._written >= EVERY_SECONDS or self._done == self._windows:
                self._write()

    def add(self, rows: int) -> None:
        """Count rows of a finished window."""
        self._rows += rows

    def _story(self) -> str:
        elapsed = max(time.monotonic() - self._started, 1e-9)
        left = elapsed / self._done * (self._windows - self._done) if self._done else None
        remaining = "" if left is None else f", còn khoảng / about {left:.0f} s left"
        return (
            f"{self._done}/{self._windows} cửa sổ / windows, {self._rows:,} dòng / rows, "
            f"{self._rows / elapsed:,.0f} dòng/s / rows per s{remaining}"
        )

    def _write(self) -> None:
        self._written = time.monotonic()
        share = 100.0 * self._done / self._windows
        update_progress_artifact(self._artifact, share, description=self._story())
