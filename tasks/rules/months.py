"""Which whole months a sweep looks at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from schemas.window import Step, Window, divide


def months_due(first: date, today: date, swept: Mapping[date, datetime], number: int) -> list[Window]:
    """At most `number` whole months from that of `first` to the last one that is over: those never swept, the latest
    first, then those swept longest ago. `swept`: first day of a month -> when it was swept last."""
    begin, end = first.replace(day=1), today.replace(day=1)
    if begin >= end:
        return []
    months = sorted(divide(begin, end, Step.MONTH), reverse=True)
    return sorted(months, key=lambda month: swept[month.start].timestamp() if month.start in swept else 0.0)[:number]
