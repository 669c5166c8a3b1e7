"""Which findings of a run call for a person at once, and how serious they are. Pure: numbers in, alarms out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Any

FEWEST_RUNS = 5
"""So many earlier runs must be known before anything is called unusual."""
DEVIATIONS = 6.0
"""A burst lies that many median deviations above the median: about four standard deviations of a normal spread."""
SMALLEST_BURST = 20
"""Fewer new mismatches than that are no burst, however quiet the days before were."""


LATE_SHARE = 0.05
"""The lag allowed is the 99th percentile: of a day's changes one in a hundred is late anyway, five in a hundred are
not."""


class Alarm(StrEnum):
    """The event's name is `hoso-sync.<value>`; each has an automation and a page in docs/runbook.md."""

    CONSERVATION_BROKEN = "conservation.broken"
    MISMATCH_BURST = "mismatch.burst"
    LAG_HIGH = "lag.high"
    SOURCE_DRIFTED = "source.drifted"
    QUARANTINE_FLOOD = "quarantine.flood"
    SOURCE_UNREAD = "source.unread"
    RUN_FAILED = "run.failed"
    BREAKER_OPENED = "repair.breaker-opened"


@dataclass(frozen=True)
class Raised:
    """An alarm with the numbers that explain it; no personal data."""

    alarm: Alarm
    payload: dict[str, Any]


FAILURES = {
    "ConservationBroken": Alarm.CONSERVATION_BROKEN,
    "QuarantineFlood": Alarm.QUARANTINE_FLOOD,
    "SourceDrifted": Alarm.SOURCE_DRIFTED,
    "MissingField": Alarm.SOURCE_DRIFTED,
    "TransportError": Alarm.SOURCE_UNREAD,
    "AccessRefused": Alarm.SOURCE_UNREAD,
    "SourceRefused": Alarm.SOURCE_UNREAD,
    "MalformedPage": Alarm.SOURCE_UNREAD,
    "UnsafeAnswer": Alarm.SOURCE_UNREAD,
    "CountMismatch": Alarm.SOURCE_UNREAD,
    "SourceError": Alarm.SOURCE_UNREAD,
}
"""Name of a class of `errors` that ended a run -> the alarm it raises; any other class is RUN_FAILED."""


def of_failure(error_class: str) -> Alarm:
    """The alarm of a run that an error ended."""
    return FAILURES.get(error_class, Alarm.RUN_FAILED)


def unusual(before: Sequence[int], now: int) -> float | None:
    """The number of new mismatches above which `now` is a burst, if it is one; None when it is not.

    `before` are the numbers of earlier runs. Median and median deviation are not moved by an earlier burst.
    """
    if len(before) < FEWEST_RUNS:
        return None
    usual = median(before)
    spread = median(abs(each - usual) for each in before)
    limit = max(usual + DEVIATIONS * max(spread, 1.0), float(SMALLEST_BURST))
    return limit if now > limit else None


def of_run(opened: int, opened_before: Sequence[int], late: int, news: int, drift: int) -> list[Raised]:
    """The alarms of a run that completed: `opened` new mismatches, `late` ones of a day with `news` changes of the
    city, `drift` findings about a record format."""
    raised = []
    limit = unusual(opened_before, opened)
    if limit is not None:
        usual = round(median(opened_before))
        raised.append(Raised(Alarm.MISMATCH_BURST, {"opened": opened, "usual": usual, "limit": round(limit)}))
    if late > max(SMALLEST_BURST, LATE_SHARE * news):
        raised.append(Raised(Alarm.LAG_HIGH, {"late": late, "changes": news}))
    if drift:
        raised.append(Raised(Alarm.SOURCE_DRIFTED, {"findings": drift}))
    return raised
