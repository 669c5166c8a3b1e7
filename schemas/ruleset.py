"""Rule sets of the index: named, versioned, in force from a day. A past month is judged by the rules of its day and, if
asked, by today's beside them.

What the sources leave open is a field here, not code. Sources: the portal's calculation description for the national
rules; a city report program (the Thanh Hoa type system of the wire contract) for the city's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from schemas.codes import SUSPENDED_STATUSES, Label, Status
from schemas.scorecard import INDICATORS, Indicator


class Clock(StrEnum):
    """Which two instants of a case are compared."""

    NATIONAL = "national"
    """`clock_stopped_at` against `deadline_at`: supplements subtracted, finished before returned, a missing due time
    replaced by the procedure's. Without either the case cannot be judged and is not overdue."""
    REPORT = "report"
    """The end time against the due time as they stand; a missing due time is on time."""


class AfterPeriod(StrEnum):
    """How a case that ended after the period is judged in it; the description does not say (not confirmed)."""

    BY_ITS_END = "by_its_end"
    """By its end event, whenever that was: the event is known when the period is read."""
    BY_PERIOD_END = "by_period_end"
    """As if still open at the end of the period."""


@dataclass(frozen=True)
class RuleSet:
    """How cases are judged and ratios scored.

    `by_day` compares days of Vietnam instead of instants. Cases in a status of `apart` are never overdue; they are
    counted apart. `cumulative`: cases of earlier periods that were open when the period began are judged again in it.
    `thresholds` replace those of the scorecard; None makes an indicator proportional.
    """

    name: str
    version: int
    valid_from: date
    label: Label
    clock: Clock = Clock.NATIONAL
    by_day: bool = False
    apart: frozenset[Status] = frozenset()
    cumulative: bool = True
    after_period: AfterPeriod = AfterPeriod.BY_ITS_END
    thresholds: Mapping[str, Decimal | None] = field(default_factory=dict)
    source: str = ""

    @property
    def code(self) -> str:
        return f"{self.name}/{self.version}"

    def indicator(self, code: str) -> Indicator:
        """The scorecard's line under these rules. Raises KeyError when there is no such indicator."""
        line = INDICATORS[code]
        return replace(line, threshold=self.thresholds[code]) if code in self.thresholds else line


NATIONAL: Final = "national"
CITY_REPORT: Final = "city_report"
_DIGITISED: Final = "SO_HOA_GIAY_TO_GIAI_QUYET"

_RULE_SETS: Final = (
    RuleSet(
        NATIONAL,
        1,
        date(2022, 8, 1),
        Label("Quy tắc quốc gia, theo mô tả công thức", "national rules, by the letter of the description"),
        thresholds=MappingProxyType({_DIGITISED: Decimal("0.8")}),
        source="calculation description: the digitised share has a threshold of 80 %; index in operation since "
        "1 August 2022",
    ),
    RuleSet(
        NATIONAL,
        2,
        date(2026, 1, 1),
        Label(
            "Quy tắc quốc gia, theo điểm Cổng công bố năm 2026", "national rules, as the portal's points of 2026 fit"
        ),
        source="published points of 2026 follow the plain ratio for the digitised share (492 to 984 observations)",
    ),
    RuleSet(
        CITY_REPORT,
        1,
        date(2022, 8, 1),
        Label("Quy tắc báo cáo của thành phố", "the city's report rules"),
        clock=Clock.REPORT,
        by_day=True,
        apart=SUSPENDED_STATUSES,
        cumulative=True,
        source="a city report program: dates compared by day, equal day on time, no due date on time, statuses 5, 6, 8 "
        "apart",
    ),
)

RULE_SETS: Final = MappingProxyType({rules.code: rules for rules in _RULE_SETS})
"""Every rule set ever used, by code (`national/2`). A published one is never changed: a correction is a new version."""


def in_force_or_none(name: str, day: date) -> RuleSet | None:
    """As `in_force`; None before the first version."""
    return max((r for r in _RULE_SETS if r.name == name and r.valid_from <= day), key=lambda r: r.version, default=None)


def in_force(name: str, day: date) -> RuleSet:
    """The latest version of a rule set in force on a day; KeyError when there is none."""
    found = in_force_or_none(name, day)
    if found is None:
        raise KeyError(f"no rule set {name!r} was in force on {day}")
    return found
