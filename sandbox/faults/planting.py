"""How many of what, and in which order: the scarcest cases are claimed first."""

from __future__ import annotations

from sandbox.faults.bad_rows import plant_bad_rows
from sandbox.faults.contents import plant_content_faults
from sandbox.faults.draft import Draft
from sandbox.faults.presence import plant_presence_faults
from sandbox.faults.status import plant_status_faults
from sandbox.faults.times import plant_time_faults, plant_verdict_faults

KIND_SHARE = 0.0021
BAD_ROW_SHARE = 0.0005
IN_FLIGHT_SHARE = 0.001
SMALL_WORLD = 600


def wanted_per_kind(cases: int) -> int:
    """At least two of each kind; one in a small world, where most pairs must still agree."""
    return max(2, round(KIND_SHARE * cases)) if cases >= SMALL_WORLD else 1


def wanted_bad_rows(cases: int) -> int:
    return max(1, round(BAD_ROW_SHARE * cases))


def wanted_in_flight(cases: int) -> int:
    return max(2, round(IN_FLIGHT_SHARE * cases))


def most_claims(cases: int) -> int:
    """A very small world stops planting when a third of it is used."""
    return max(1, cases // 3)


def plant_faults(draft: Draft, cases: int) -> None:
    per_kind = wanted_per_kind(cases)
    plant_status_faults(draft, per_kind)
    plant_verdict_faults(draft, per_kind)
    plant_content_faults(draft, per_kind)
    plant_time_faults(draft, per_kind)
    plant_presence_faults(draft, per_kind)
    plant_bad_rows(draft, wanted_bad_rows(cases))
