"""The history of one case on one side, as reads of its window tell it. Pure: no database.

What a side says is a step function of time: between two reads of a window it is what the earlier one said. A read that
arrives late (its clock reading lies before others already known) therefore decides the time from itself until the next
known read, and nothing else. So the history does not depend on the order in which reads are loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Span:
    """What was said from `start` until `end` (None: still said). `row` is carried along, `content` decides equality."""

    start: datetime
    end: datetime | None
    content: int
    row: Any


def next_read(reads: Sequence[datetime], at: datetime) -> datetime | None:
    """The first read after `at`, None when there is none."""
    return min((read for read in reads if read > at), default=None)


def said_at(spans: Sequence[Span], at: datetime) -> Span | None:
    """The span that holds `at`."""
    return next((span for span in spans if span.start <= at and (span.end is None or at < span.end)), None)


def with_read(
    spans: Sequence[Span], at: datetime, until: datetime | None, content: int | None, row: Any = None
) -> list[Span]:
    """The spans after a read at `at` said `content` (None: the case was not listed), good until the read at `until`.

    Spans with the same content that touch become one, with the row of the earlier.
    """
    kept: list[Span] = []
    for span in spans:
        if span.start < at:
            end = at if span.end is None or span.end > at else span.end
            kept.append(replace(span, end=end))
        if until is not None and (span.end is None or span.end > until):
            kept.append(replace(span, start=max(span.start, until)))
    if content is not None:
        kept.append(Span(at, until, content, row))
    return _joined(sorted(kept, key=lambda span: span.start))


def _joined(spans: Sequence[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1].content == span.content and joined[-1].end == span.start:
            joined[-1] = replace(joined[-1], end=span.end)
        else:
            joined.append(span)
    return joined
