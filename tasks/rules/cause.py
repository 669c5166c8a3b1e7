"""Which mismatch kind a difference of counts comes from: one kind for each case and measure, so that parts add up.

A case that a period or unit counts on one side only differs for one reason, whatever else differs in it: a kind of
presence. A case counted on both sides differs in its flags, each with its own kind. The kinds are those that the
reconciliation found in the case; what it could not judge is `UNREAD`, what it does not compare is `UNCOMPARED`.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from schemas.codes import Label
from schemas.measures import FLAGS, MEASURES, Base
from schemas.mismatch import PRECEDENCE, Kind, Verdict

UNREAD: Final = "unread"
UNCOMPARED: Final = "uncompared"
OTHER_CAUSES: Final = MappingProxyType(
    {
        UNREAD: Label("Chưa đọc được một bên", "a side could not be read"),
        UNCOMPARED: Label("Trường không đối chiếu", "a column that is not compared"),
    }
)
"""Parts of a gap that no mismatch kind explains."""

_ABSENT: Final = (
    Kind.MISSING_ON_PORTAL,
    Kind.MISSING_IN_CITY,
    Kind.AMBIGUOUS,
    Kind.DUPLICATE_ON_PORTAL,
    Kind.DUPLICATE_IN_CITY,
)
_STATUS: Final = (Kind.STATUS_REWRITTEN, Kind.STATUS_AHEAD, Kind.STATUS_BEHIND)
_VERDICT: Final = (Kind.PHANTOM_OVERDUE, Kind.HIDDEN_OVERDUE)
_TIMES: Final = (Kind.DUE_DIFFERS, Kind.FINISHED_DIFFERS, Kind.RECEIVED_DIFFERS)
_RESULT: Final = (Kind.RESULT_MISSING, Kind.DIGITISATION_DIFFERS, *_STATUS)
_PRESENCE: Final = (*_ABSENT, Kind.RECEIVED_DIFFERS, *_STATUS, Kind.FINISHED_DIFFERS, *_VERDICT)
_FLAG_KINDS: Final = MappingProxyType(
    {
        "overdue": (*_VERDICT, *_STATUS, *_TIMES, Kind.PROCEDURE_DIFFERS),
        "apart": _STATUS,
        "online": (Kind.CHANNEL_DIFFERS,),
        "fee_cases": (Kind.PAYMENT_DIFFERS,),
        "fee_paid_online": (Kind.PAYMENT_DIFFERS,),
        "fee_listed": (Kind.PAYMENT_DIFFERS,),
        "linked": (),
        "with_result": _RESULT,
        "digitised": _RESULT,
        "reused": (Kind.DIGITISATION_DIFFERS,),
        "stored": (Kind.DIGITISATION_DIFFERS,),
        "population": (Kind.DIGITISATION_DIFFERS,),
    }
)
"""Kinds that can explain a flag, likeliest first; any other kind of the case comes after them, by precedence."""

_BASE_OF: Final = MappingProxyType(
    {"received": Base.RECEIVED, "judged": Base.JUDGED, "overdue": Base.JUDGED, "apart": Base.JUDGED}
    | {name: flag.base for name, flag in FLAGS.items()}
)


_MOVED: Final = (Kind.AGENCY_DIFFERS, Kind.PROCEDURE_DIFFERS)


def causes(deltas: pd.DataFrame, findings: pd.DataFrame, moved_by: Sequence[Kind] = _MOVED) -> pd.DataFrame:
    """The kind behind each measure of each row: object columns MEASURES, same index; those of zero deltas mean nothing.

    `deltas`: `case_code`, `moved` (whether the row's two sides lie in different units), MEASURES (city minus portal).
    `findings`: `case_code`, `kind`, `verdict`, `portal_value` of the reconciliation. `moved_by`: kinds that can move a
    case to another unit, likeliest first.
    """
    known = _known(findings)
    held = {kind: deltas["case_code"].isin(codes).to_numpy() for kind, codes in known.items()}
    moved = deltas["moved"].to_numpy(dtype=bool)
    presence = _first(held, _PRESENCE, len(deltas))
    presence = np.where(moved, _first(held, moved_by, len(deltas)), presence)
    differs = {base: deltas[base.value].to_numpy() != 0 for base in Base}
    found = {}
    for name in MEASURES:
        own = _first(held, _FLAG_KINDS.get(name, ()), len(deltas))
        found[name] = np.where(differs[_BASE_OF[name]], presence, own)
    return pd.DataFrame(found, index=deltas.index)


def _known(findings: pd.DataFrame) -> dict[str, set[str]]:
    """Case codes by kind; a finding that nobody can be sure of counts as unread. The portal's code of a look-alike pair
    has no finding of its own, so it is taken from the city's."""
    kinds = findings["kind"].astype(object).where(findings["verdict"] != Verdict.UNKNOWN.value, UNREAD)
    found: dict[str, set[str]] = {}
    for kind, codes in findings["case_code"].astype(object).groupby(kinds):
        found[str(kind)] = set(codes)
    twins = findings.loc[findings["kind"] == Kind.AMBIGUOUS.value, "portal_value"].dropna()
    if len(twins):
        found.setdefault(Kind.AMBIGUOUS.value, set()).update(code for text in twins for code in str(text).split(", "))
    return found


def _first(held: dict[str, np.ndarray], kinds: Sequence[Kind], rows: int) -> np.ndarray:
    """The first kind that each row holds: of `kinds`, then of all others, then what is left to say."""
    order = [*map(str, kinds), *(kind for kind in map(str, PRECEDENCE) if kind not in kinds), UNREAD]
    order = [kind for kind in order if kind in held]
    if not order:
        return np.full(rows, UNCOMPARED, dtype=object)
    return np.select([held[kind] for kind in order], order, default=UNCOMPARED).astype(object)
