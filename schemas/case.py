"""The canonical case: one shape for both sides, and which of its columns are compared."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import pyarrow as pa

from schemas.codes import Side

CANONICAL_VERSION: Final = 1
"""Version of the canonical form. It is stored with every hash; hashes of two versions are never compared."""

_TIME = pa.timestamp("us", tz="UTC")

CASE_SCHEMA: Final = pa.schema(
    [
        pa.field("case_code", pa.string(), nullable=False),
        pa.field("own_code", pa.string()),
        pa.field("record_id", pa.string()),
        pa.field("status_code", pa.int16(), nullable=False),
        pa.field("procedure_code", pa.string()),
        pa.field("agency_code", pa.string()),
        pa.field("agency_name", pa.string()),
        pa.field("submission_channel", pa.int16()),
        pa.field("submitted_at", _TIME),
        pa.field("received_at", _TIME),
        pa.field("received_precision", pa.int16()),
        pa.field("received_day", pa.date32()),
        pa.field("listed_day", pa.date32()),
        pa.field("due_at", _TIME),
        pa.field("due_precision", pa.int16()),
        pa.field("finished_at", _TIME),
        pa.field("finished_precision", pa.int16()),
        pa.field("returned_at", _TIME),
        pa.field("returned_precision", pa.int16()),
        pa.field("modified_at", _TIME),
        pa.field("online_payment", pa.int16()),
        pa.field("fee_total", pa.int64()),
        pa.field("has_digitised_component", pa.bool_()),
        pa.field("has_reused_component", pa.bool_()),
        pa.field("has_stored_component", pa.bool_()),
        pa.field("account_verified_vneid", pa.bool_()),
        pa.field("population_linked", pa.bool_()),
        pa.field("has_result", pa.bool_()),
        pa.field("supplement_requests", pa.int16()),
        pa.field("supplement_precision", pa.int16()),
        pa.field("clock_stopped_at", _TIME),
        pa.field("deadline_at", _TIME),
        pa.field("agency_rung", pa.int16()),
        pa.field("applicant_fingerprint", pa.int64()),
        pa.field("canonical_version", pa.int16(), nullable=False),
        pa.field("row_hash", pa.int64(), nullable=False),
        pa.field("content_hash", pa.int64(), nullable=False),
        pa.field("window_start", pa.date32(), nullable=False),
        pa.field("landing_file", pa.string()),
    ]
)
"""Times are UTC microseconds; `*_precision` is 0 second, 1 minute, 2 day, as the source wrote it
(`supplement_precision`: the coarsest of all requests and answers). `clock_stopped_at`
and `deadline_at` carry the national on-time rule: overdue at t is `coalesce(clock_stopped_at, t) > deadline_at`.
`received_day` is the received time's day in Vietnam's wall clock, `listed_day` the day under which the source lists the
case (the submission day of a case not received yet). `window_start` is the first day of the window in which the row was
read. `own_code` is the source's own case code, where the reference tables have another for it. `agency_rung` is the
rung of the text ladder at which the agency's name met the catalogue (0 = to the letter)."""

COMPARED: Final = (
    "status_code",
    "procedure_code",
    "agency_code",
    "submission_channel",
    "received_at",
    "due_at",
    "finished_at",
    "online_payment",
    "fee_total",
    "has_digitised_component",
    "has_reused_component",
    "has_stored_component",
    "account_verified_vneid",
    "has_result",
    "clock_stopped_at",
    "deadline_at",
)
"""`row_hash` is over these, in this order. Precision is left out: a pair that differs only in it is settled by the
rules."""

UNVERSIONED: Final = frozenset({"window_start", "landing_file", "row_hash", "content_hash", "canonical_version"})
"""Columns whose change alone is no change of the case: `content_hash` is over all the others."""

DIGITAL_FLAGS: Final = (
    "has_digitised_component",
    "has_reused_component",
    "has_stored_component",
    "account_verified_vneid",
)
"""Flags that feed the digitisation group of the index, compared one by one under `digitisation_differs`."""


@dataclass(frozen=True)
class FieldPolicy:
    """How one field is compared.

    `null`: the value that null, empty and absent mean; None: null stays null, and against a value it is a difference.
    `precision`: the column that tells how exactly the source wrote it; the coarser side decides. `tolerance`: what two
    values may differ by and still be equal (seconds of a time, dong of an amount). `truth`: whose value is right.
    """

    null: int | bool | None = None
    precision: str | None = None
    tolerance: int = 0
    truth: Side = Side.CITY


POLICY: Final = MappingProxyType(
    {
        "status_code": FieldPolicy(),
        "procedure_code": FieldPolicy(),
        "agency_code": FieldPolicy(),
        "submission_channel": FieldPolicy(null=1),
        "received_at": FieldPolicy(precision="received_precision"),
        "due_at": FieldPolicy(precision="due_precision"),
        "finished_at": FieldPolicy(precision="finished_precision"),
        "online_payment": FieldPolicy(null=0),
        "fee_total": FieldPolicy(),
        "has_digitised_component": FieldPolicy(null=False),
        "has_reused_component": FieldPolicy(),
        "has_stored_component": FieldPolicy(),
        "account_verified_vneid": FieldPolicy(null=False),
        "has_result": FieldPolicy(),
        "clock_stopped_at": FieldPolicy(),
        "deadline_at": FieldPolicy(),
    }
)
"""A missing channel counts as in person (index formula description); a missing payment or flag is "no", as every
observed client leaves it empty for "no". The city keeps the cases, the portal a copy: the city's value is the right one
in every field."""


def check_policy(policy: Mapping[str, FieldPolicy], compared: Collection[str]) -> None:
    """Raises ValueError when the policy names a column that no case has, or lacks or adds a compared one."""
    named = {*policy, *compared, *(rule.precision for rule in policy.values() if rule.precision)}
    if unknown := sorted(named - set(CASE_SCHEMA.names)):
        raise ValueError(f"the policy names columns that no case has: {', '.join(unknown)}")
    if odd := sorted(set(policy) ^ set(compared)):
        raise ValueError(f"compared without a policy, or the reverse: {', '.join(odd)}")


check_policy(POLICY, COMPARED)

NULL_POLICY: Final = MappingProxyType({name: rule.null for name, rule in POLICY.items() if rule.null is not None})
"""What null, empty and absent mean, for the fields where they mean a value."""
