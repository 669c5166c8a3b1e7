"""From counts to scores of both sides, and from a mismatch to the points it costs.

Only indicators that cases alone can feed are here: synchronisation, on time, online share, payment A, and the
case-based part of digitisation (index formula description, service-index reference 1.6). The city's truth is what the
portal would publish if its copy were the city's record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import pandas as pd

from schemas.codes import Side
from schemas.mismatch import Kind
from schemas.scorecard import INDICATORS
from tasks.rules.score import points

COUNTS: Final = (
    "received",
    "overdue",
    "online",
    "fee_cases",
    "fee_paid_online",
    "with_result",
    "digitised",
    "reused",
    "stored",
    "population",
)

_RATIOS: Final[Mapping[str, tuple[str, str]]] = {
    "3.3": ("online", "received"),
    "payment_A": ("fee_paid_online", "fee_cases"),
    "ORIGINAL_RESULT_AVAILABLE": ("with_result", "received"),
    "SO_HOA_GIAY_TO_GIAI_QUYET": ("digitised", "received"),
    "REUSED_DIGITIZED_DATA": ("reused", "received"),
    "SYNCED_WITH_DVCQG_PERSONAL_STORAGE": ("stored", "received"),
    "CITIZEN_DATA_CONNECTED_DOSSIER": ("population", "received"),
}


@dataclass(frozen=True)
class Score:
    """One indicator of one side: counts of cases, and exact points."""

    indicator: str
    side: Side
    numerator: int
    denominator: int
    points: Fraction


def score(city: Mapping[str, int], portal: Mapping[str, int]) -> list[Score]:
    """Scores of one unit and period from the counts of both sides (keys of COUNTS), city first for each indicator."""
    scores = []
    for side, counts in ((Side.CITY, city), (Side.PORTAL, portal)):
        received = counts["received"]
        # The portal divides by the larger of what it holds and what the national reporting system says was received;
        # the city's own count stands for the latter.
        whole = max(city["received"], portal["received"]) if side is Side.PORTAL else received
        ratios = {"DOSSIER_SYNC": (received, whole), "ON_TIME": (received - counts["overdue"], received)}
        ratios |= {name: (counts[n], counts[d]) for name, (n, d) in _RATIOS.items()}
        scores += [Score(name, side, n, d, points(INDICATORS[name], n, d)) for name, (n, d) in ratios.items()]
    order = list(INDICATORS)
    return sorted(scores, key=lambda line: (order.index(line.indicator), line.side is Side.PORTAL))


def totals(counts: pd.DataFrame, by: Iterable[str]) -> dict[tuple[object, ...], dict[Side, dict[str, int]]]:
    """Counts (`indicator_counts` of the warehouse) added up for each value of `by`, both sides, zeros filled in."""
    names = list(by)
    grouped = counts.groupby([*names, "side"], sort=True)[list(COUNTS)].sum()
    found: dict[tuple[object, ...], dict[Side, dict[str, int]]] = {}
    for key, row in zip(grouped.index, grouped.itertuples(index=False), strict=True):
        *unit, side = key if isinstance(key, tuple) else (key,)
        sides = found.setdefault(tuple(unit), {each: dict.fromkeys(COUNTS, 0) for each in Side})
        sides[Side(side)] = {name: int(value) for name, value in zip(COUNTS, row, strict=True)}
    return found


@dataclass(frozen=True)
class Price:
    """What one mismatch of this kind costs the city: points, negative where the portal's error flatters it.

    `city` and `portal`: the values that make it cost; empty = any.
    """

    kind: Kind
    points: Fraction
    field: str = ""
    city: tuple[str, ...] = ()
    portal: tuple[str, ...] = ()


def prices(city: Mapping[str, int], portal: Mapping[str, int]) -> list[Price]:
    """First-order price of one mismatch, each alone: the change of the portal's score when it is repaired.

    An indicator above its threshold costs nothing. A price says what one repair is worth now; prices of many repairs
    add up only approximately.
    """

    def each(indicator: str, numerator: int, denominator: int) -> Fraction:
        if denominator == 0 or numerator >= denominator:
            return Fraction(0)
        rule = INDICATORS[indicator]
        return points(rule, numerator + 1, denominator) - points(rule, numerator, denominator)

    whole = max(city["received"], portal["received"])
    received = portal["received"]
    sync = each("DOSSIER_SYNC", portal["received"], whole)
    on_time = each("ON_TIME", max(received - portal["overdue"] - 1, 0), received)
    online = each("3.3", max(portal["online"] - 1, 0), received)
    paid = each("payment_A", max(portal["fee_paid_online"] - 1, 0), portal["fee_cases"])
    result = each("ORIGINAL_RESULT_AVAILABLE", max(portal["with_result"] - 1, 0), received)
    none, some = ("0",), ("1", "2")
    return [
        Price(Kind.MISSING_ON_PORTAL, sync),
        Price(Kind.PHANTOM_OVERDUE, on_time),
        Price(Kind.HIDDEN_OVERDUE, -on_time),
        Price(Kind.RESULT_MISSING, result),
        Price(Kind.CHANNEL_DIFFERS, online, "submission_channel", ("2",), ("1", "3")),
        Price(Kind.CHANNEL_DIFFERS, -online, "submission_channel", ("1", "3"), ("2",)),
        Price(Kind.PAYMENT_DIFFERS, paid, "online_payment", some, none),
        Price(Kind.PAYMENT_DIFFERS, -paid, "online_payment", none, some),
    ]
