"""What the index counts, one case at a time: rules over the columns of the canonical case, as data.

The same table is compiled to SQL for a million cases and to pandas for the few that differ, so the two cannot drift.
Source of the rules: the portal's calculation description ("Mô tả công thức tính chỉ số 766").
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from schemas.codes import Channel, OnlinePayment


class Base(StrEnum):
    """Which cases of a period a measure looks at."""

    RECEIVED = "received"
    """Received in the period."""
    JUDGED = "judged"
    """Received in the period or carried over into it: received before, and not ended before it began."""


@dataclass(frozen=True)
class Condition:
    """A column whose value is one of `values`, or, with `above`, greater than it; null never passes."""

    column: str
    values: tuple[int, ...] = ()
    above: int | None = None


@dataclass(frozen=True)
class Measure:
    """Cases of `base` that pass all tests of at least one of the `ways`."""

    base: Base
    ways: tuple[tuple[Condition, ...], ...]
    text: str


def _true(column: str) -> Condition:
    return Condition(column, (1,))


_FEE: Final = Condition("fee_total", above=0)
_PAID_ONLINE: Final = Condition("online_payment", (int(OnlinePayment.PORTAL), int(OnlinePayment.LOCAL_GATEWAY)))

FLAGS: Final = MappingProxyType(
    {
        "online": Measure(
            Base.RECEIVED,
            ((Condition("submission_channel", (int(Channel.ONLINE),)),),),
            "filed online (channel 2); a missing channel is the desk",
        ),
        "fee_cases": Measure(Base.RECEIVED, ((_FEE,),), "with a fee; cases whose fees are all 0 are left out"),
        "fee_paid_online": Measure(
            Base.RECEIVED, ((_FEE, _PAID_ONLINE),), "with a fee, paid on the portal (1) or by the local gateway (2)"
        ),
        "fee_listed": Measure(Base.RECEIVED, ((Condition("fee_total", above=-1),),), "with a list of fees, be they 0"),
        "linked": Measure(Base.RECEIVED, ((_true("population_linked"),),), "with a link to the population database"),
        "with_result": Measure(Base.JUDGED, ((_true("has_result"),),), "with the link of an electronic result"),
        "digitised": Measure(
            Base.JUDGED,
            ((_true("has_digitised_component"), _true("has_result")),),
            "with digitised components and an electronic result",
        ),
        "reused": Measure(Base.JUDGED, ((_true("has_reused_component"),),), "with a reused component"),
        "stored": Measure(
            Base.JUDGED,
            ((_true("has_stored_component"),),),
            "with a component from the applicant's store",
        ),
        "population": Measure(
            Base.JUDGED,
            ((_true("account_verified_vneid"),), (_true("population_linked"),)),
            "with an account verified by VNeID or a link to the population database",
        ),
    }
)
"""Measures that a case either passes or not, whatever the moment."""

MEASURES: Final = ("received", "judged", "overdue", "apart", *FLAGS)
"""All measures of a unit and period. `received` and `judged` are the sizes of the two bases; `overdue` is judged by the
clock of the rule set at the end of the period, or now in a period that still runs; `apart` are judged cases in a status
that the rule set never calls overdue."""

FLAG_COLUMNS: Final = tuple(
    dict.fromkeys(test.column for measure in FLAGS.values() for way in measure.ways for test in way)
)
"""Columns of the canonical case that the flags read."""


class Source(StrEnum):
    """Where an indicator's numerator and denominator come from."""

    CASES = "cases"
    """Counted from canonical cases alone (see `COUNTED`)."""
    CATALOGUE = "catalogue"
    """Cases and the catalogue of procedures together: what is in the authority of a unit is not in its cases."""
    GIVEN = "given"
    """Not case data: a small input file or the portal's own aggregates."""


@dataclass(frozen=True)
class Counted:
    """Numerator and denominator as sums of measures (`schemas/measures.py`), `minus` taken off the numerator.

    `whole_at_least` makes the denominator the larger of the measure and what was reported for the unit.
    """

    numerator: str
    denominator: str
    minus: tuple[str, ...] = ()
    whole_at_least: bool = False


COUNTED: Final = MappingProxyType(
    {
        # The portal divides by the larger of what it holds and what was reported to the national reporting system; the
        # city's own count stands for the report where none is given.
        "DOSSIER_SYNC": Counted("received", "received", whole_at_least=True),
        "ON_TIME": Counted("judged", "judged", minus=("overdue",)),
        "3.3": Counted("online", "received"),
        "payment_A": Counted("fee_paid_online", "fee_cases"),
        # Live denominators of the digitisation group are those of the progress group; the description has others.
        "ORIGINAL_RESULT_AVAILABLE": Counted("with_result", "judged"),
        "SO_HOA_GIAY_TO_GIAI_QUYET": Counted("digitised", "judged"),
        "REUSED_DIGITIZED_DATA": Counted("reused", "judged"),
        "SYNCED_WITH_DVCQG_PERSONAL_STORAGE": Counted("stored", "judged"),
        "CITIZEN_DATA_CONNECTED_DOSSIER": Counted("population", "judged"),
        # Ratings are not case data: what is counted here is the most that the indicator can reach without them.
        "DOSSIER_RECEIVING_SATISFACTION": Counted("judged", "judged", minus=("overdue",)),
    }
)
"""Indicators that cases alone can feed, in the order of the scorecard."""


@dataclass(frozen=True)
class Listed:
    """Procedures of a unit that count, over its procedures that the catalogue calls `of` (empty: all of them).

    A procedure counts when the catalogue says `fact`, or, where that is empty or not known, when at least one case of
    it passes the measure `shown_by`.
    """

    of: str = ""
    fact: str = ""
    shown_by: str = ""


SERVICES: Final = MappingProxyType(
    {
        "3.1": Listed(fact="online"),
        "3.2": Listed(of="online", shown_by="online"),
        "payment_B": Listed(of="fee", shown_by="fee_paid_online"),
        "payment_C": Listed(of="fee", shown_by="fee_listed"),
        # The description counts procedures for citizens; the catalogue does not say which these are, so all count.
        "CITIZEN_DATA_CONNECTED_FORMALITY": Listed(fact="population", shown_by="linked"),
    }
)
"""Indicators that cases and the catalogue of procedures feed together, in the order of the scorecard."""

SHOWING: Final = tuple(sorted({rule.shown_by for rule in SERVICES.values() if rule.shown_by}))
"""Measures by which a case shows something of its procedure."""


def source(indicator: str) -> Source:
    """Where an indicator's inputs come from."""
    if indicator in COUNTED:
        return Source.CASES
    return Source.CATALOGUE if indicator in SERVICES else Source.GIVEN
