"""Which days an incremental run reads: those since the last one, and some before, because sources are late."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from schemas.period import day_of
from schemas.window import Window, split


def windows_due(watermarks: Mapping[str, datetime], as_of: datetime, trailing_days: int) -> list[Window]:
    """One window a day, from `trailing_days` before the oldest side's watermark (or today, where none is known) up to
    and with today. `watermarks`: side -> time up to which the source's changes are in the warehouse."""
    today = day_of(as_of)
    oldest = min([today, *(day_of(at) for at in watermarks.values())])
    return split(oldest - timedelta(days=trailing_days), today + timedelta(days=1), 1)
