"""Days of windows, as a condition."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import ColumnElement, and_, false, or_

from schemas.window import Window


def inside(day: ColumnElement[date], windows: Sequence[Window]) -> ColumnElement[bool]:
    """Whether a day lies in one of the windows; adjoining windows become one condition."""
    spans: list[list[date]] = []
    for window in sorted(windows):
        if spans and spans[-1][1] == window.start:
            spans[-1][1] = window.end
        else:
            spans.append([window.start, window.end])
    return or_(false(), *(and_(day >= start, day < end) for start, end in spans))
