"""What must be true of every row, and why: declarations only.

Each entry names a Great Expectations expectation over the typed row (`tasks.rules.typed`), the quarantine reason of the
rows that fail it, and the reason for demanding it. Order is precedence: the first failed entry gives a row's leading
reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from schemas.codes import QuarantineReason as Reason
from schemas.codes import Side
from schemas.wire import NOTE_MAX_CHARACTERS


@dataclass(frozen=True)
class Rule:
    """One expectation: `type` and `arguments` are Great Expectations', `why` is ours."""

    type: str
    reason: Reason
    why: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


def _flag(column: str, reason: Reason, why: str) -> Rule:
    return Rule("ExpectColumnValuesToBeInSet", reason, why, {"column": column, "value_set": [False]})


_COMMON: Final = (
    Rule(
        "ExpectColumnValuesToNotBeNull",
        Reason.NULL_KEY,
        "a row without a key belongs to no case and must never enter the join",
        {"column": "case_code"},
    ),
    _flag(
        "key_bad",
        Reason.MALFORMED_KEY,
        "a code with a foreign or invisible character would look like a missing case on the other side",
    ),
    Rule(
        "ExpectColumnValuesToBeNull",
        Reason.MISSING_FIELD,
        "an absent required field means another record format, which empty text does not",
        {"column": "absent_fields"},
    ),
    Rule(
        "ExpectColumnValuesToNotBeNull",
        Reason.BAD_STATUS,
        "statuses outside 1..10 (0, 11, unknown words) have no meaning on the lifecycle",
        {"column": "status_code"},
    ),
    _flag("code_bad", Reason.BAD_CODE, "a code outside its list, or with a control character, cannot be compared"),
    _flag("time_bad", Reason.UNPARSEABLE_TIME, "a time that cannot be read would silently become 'no time'"),
    _flag("amount_bad", Reason.UNPARSEABLE_AMOUNT, "money is whole dong; anything else is a fault of the sender"),
    _flag("list_bad", Reason.UNPARSEABLE_LIST, "a list that cannot be read would count as 'nothing attached'"),
    _flag(
        "received_absent",
        Reason.RECEIVED_MISSING,
        "received by its status (any but 1, 3, 7), a case without a received time has no clock",
    ),
    Rule(
        "ExpectColumnPairValuesAToBeGreaterThanB",
        Reason.DUE_BEFORE_RECEIVED,
        "a case cannot be due before it was received; the index would count it overdue at once",
        {
            "column_A": "due_latest_at",
            "column_B": "received_at",
            "or_equal": True,
            "ignore_row_if": "either_value_is_missing",
        },
    ),
    Rule(
        "ExpectColumnValueLengthsToBeBetween",
        Reason.NOTE_TOO_LONG,
        "notes over 2,000 characters made the synchronisation of a real client fail",
        {"column": "note", "max_value": NOTE_MAX_CHARACTERS},
    ),
)

SUITES: Final[Mapping[Side, tuple[Rule, ...]]] = MappingProxyType({Side.CITY: _COMMON, Side.PORTAL: _COMMON})
"""The suite of each side. Both sides' typed rows have one shape, so most rules are common."""
