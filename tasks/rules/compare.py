"""Pairs in, mismatches out: what each difference within a pair of canonical cases is called.

A pair has one canonical case of each side with the same code, in columns `city_<name>` and `portal_<name>`. Findings
are long: one row for each mismatch, columns of `FINDING_COLUMNS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from schemas.case import DIGITAL_FLAGS, POLICY
from schemas.codes import END_STATUSES, RESULT_STATUSES, Status
from schemas.mismatch import Kind
from tasks.rules.deadline import overdue
from tasks.rules.lifecycle import status_kinds
from tasks.rules.times import same_time
from tasks.rules.typed import latest

FINDING_COLUMNS: Final = ("case_code", "kind", "field", "city_value", "portal_value")

_GRAIN_SECONDS: Final = {0: 0, 1: 60, 2: 86_400}
_NOTHING: Final = pd.DataFrame({name: pd.Series(dtype="string[pyarrow]") for name in FINDING_COLUMNS})

Rows = NDArray[np.intp]


class _Found(NamedTuple):
    """Where a kind is found (plain bool, a row for each pair), and the field whose values are shown for it."""

    kind: Kind
    field: str
    where: pd.Series


def judge(pairs: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Every mismatch of every pair at `as_of`: FINDING_COLUMNS, all text.

    A difference that another kind explains is not reported twice. Due and finish times count only while both sides give
    the same overdue verdict; a finish time that one side lacks only where that side's status should have one, or where
    the statuses agree, and none where the portal's status was rewritten. Results count only once a case is finished.
    """
    statuses = status_kinds(pairs["city_status_code"], pairs["portal_status_code"])
    found = [_Found(kind, "status_code", statuses == kind) for kind in statuses.dropna().unique()]
    found += _verdict_and_times(pairs, statuses, as_of)
    found += [
        _differs(pairs, Kind.AGENCY_DIFFERS, "agency_code", shown="agency_name"),
        _differs(pairs, Kind.PROCEDURE_DIFFERS, "procedure_code"),
        _differs(pairs, Kind.CHANNEL_DIFFERS, "submission_channel"),
        *_payment(pairs),
        *_digital(pairs),
    ]
    return _told(pairs, found)


def differ(a: pd.Series, b: pd.Series) -> pd.Series:
    """Where two columns are not the same, null against a value included: plain bool."""
    both_null = a.isna() & b.isna()
    different: pd.Series = ~((a == b).fillna(False).astype(bool) | both_null)
    return different


def _told(pairs: pd.DataFrame, found: Sequence[_Found]) -> pd.DataFrame:
    """The findings with their values, in order; of one kind in one case, the first."""
    parts: list[tuple[_Found, Rows]] = []
    held: dict[Kind, NDArray[np.bool_]] = {}
    for one in found:
        where, before = one.where.to_numpy(dtype=bool), held.get(one.kind)
        held[one.kind] = where if before is None else where | before
        if len(rows := np.flatnonzero(where if before is None else where & ~before)):
            parts.append((one, rows))
    if not parts:
        return _NOTHING
    sizes = [len(rows) for _, rows in parts]
    columns = {
        "case_code": pairs["case_code"].take(np.concatenate([rows for _, rows in parts])).array,
        "kind": np.repeat([str(one.kind) for one, _ in parts], sizes),
        "field": np.repeat([one.field for one, _ in parts], sizes),
    }
    for side in ("city", "portal"):
        shown = [shown_value(pairs[f"{side}_{one.field}"].take(rows)) for one, rows in parts]
        columns[f"{side}_value"] = pd.concat(shown).array
    return pd.DataFrame(columns).astype("string[pyarrow]")


def shown_value(values: pd.Series) -> pd.Series:
    """Values as a person reads them: times in Vietnam's wall clock to the second, everything else as its text."""
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        wall_clock = values.dt.tz_convert("Asia/Ho_Chi_Minh").dt.tz_localize(None).astype("datetime64[s]")
        text = pa.array(wall_clock, from_pandas=True).cast(pa.string())  # a tenth of the time that strftime takes
        return pd.Series(pd.array(text, dtype="string[pyarrow]"), index=values.index)
    return values.astype("string[pyarrow]")


def _differs(pairs: pd.DataFrame, kind: Kind, name: str, shown: str | None = None) -> _Found:
    return _Found(kind, shown or name, differ(pairs[f"city_{name}"], pairs[f"portal_{name}"]))


def _same(pairs: pd.DataFrame, at: str, precision: str) -> pd.Series:
    """Whether a time is the same on both sides to the coarser side's precision: plain bool."""
    names = (f"city_{at}", f"city_{precision}", f"portal_{at}", f"portal_{precision}")
    a, a_precision, b, b_precision = (pairs[name] for name in names)
    same: pd.Series = same_time(a, a_precision.fillna(0), b, b_precision.fillna(0)).astype(bool)
    if tolerance := POLICY[at].tolerance:
        same |= ((a - b).abs() <= pd.Timedelta(seconds=tolerance)).fillna(False).astype(bool)
    return same


def _verdict_and_times(pairs: pd.DataFrame, statuses: pd.Series, as_of: pd.Timestamp) -> list[_Found]:
    late_city = overdue(_side(pairs, "city"), as_of)
    late_portal = overdue(_side(pairs, "portal"), as_of)
    due, finished = _same(pairs, "due_at", "due_precision"), _same(pairs, "finished_at", "finished_precision")
    same_clock = _same_stop(pairs) & _same_deadline(pairs)
    flipped = (late_city != late_portal).fillna(False).astype(bool) & ~same_clock
    status = statuses.notna()
    causes = {
        "due_at": ~due,
        "finished_at": due & ~finished,
        "status_code": due & finished & status,
        "deadline_at": due & finished & ~status,
    }
    phantom = flipped & late_portal.fillna(False).astype(bool)
    explained = status & _unfinished(pairs) | (statuses == Kind.STATUS_REWRITTEN)
    return [
        *(_Found(Kind.PHANTOM_OVERDUE, field, phantom & where) for field, where in causes.items()),
        *(_Found(Kind.HIDDEN_OVERDUE, field, flipped & ~phantom & where) for field, where in causes.items()),
        _Found(Kind.RECEIVED_DIFFERS, "received_at", ~_same(pairs, "received_at", "received_precision")),
        _Found(Kind.DUE_DIFFERS, "due_at", ~due & ~flipped),
        _Found(Kind.FINISHED_DIFFERS, "finished_at", ~finished & ~flipped & ~explained),
    ]


def _unfinished(pairs: pd.DataFrame) -> pd.Series:
    """Where a side without a finish time has a status that comes before any."""
    before = pd.Series(False, index=pairs.index)
    for side in ("city", "portal"):
        before |= pairs[f"{side}_finished_at"].isna() & ~pairs[f"{side}_status_code"].isin(sorted(END_STATUSES))
    return before


def _same_stop(pairs: pd.DataFrame) -> pd.Series:
    """Whether the clocks stopped together, as far as the coarser of the times that stopped them says: the finish, else
    the return, of a case that ended; the request of one that waits."""
    stops = {}
    for side in ("city", "portal"):
        of_end = pairs[f"{side}_finished_precision"].fillna(pairs[f"{side}_returned_precision"])
        ended = pairs[f"{side}_status_code"].isin(sorted(END_STATUSES))
        precision = of_end.where(ended, pairs[f"{side}_supplement_precision"])
        stops[side] = pairs[f"{side}_clock_stopped_at"], precision.fillna(0)
    return same_time(*stops["city"], *stops["portal"]).astype(bool)


def _same_deadline(pairs: pd.DataFrame) -> pd.Series:
    """Whether both deadlines are the same as far as the coarser side can say.

    A deadline is a written time (due, or else received) plus what was added to it: the legal limit, waiting. Each part
    is compared for itself, since a day's end that was moved by hours no longer looks like a day.
    """
    written, added = {}, {}
    for side in ("city", "portal"):
        due = pairs[f"{side}_due_at"].notna()
        at = pairs[f"{side}_due_at"].fillna(pairs[f"{side}_received_at"])
        precision = pairs[f"{side}_due_precision"].where(due, pairs[f"{side}_received_precision"]).fillna(0)
        written[side], added[side] = (at, precision), pairs[f"{side}_deadline_at"] - latest(at, precision)
    alike = ~differ(added["city"], added["portal"])
    alike |= ((added["city"] - added["portal"]).abs() < _waiting_grain(pairs)).fillna(False).astype(bool)
    same = same_time(*written["city"], *written["portal"]).astype(bool) & alike
    return same | ~differ(pairs["city_deadline_at"], pairs["portal_deadline_at"])


def _waiting_grain(pairs: pd.DataFrame) -> pd.Series:
    """How far two sums of the same waiting can lie apart, because one side writes its times coarser: a unit for each
    request. Nothing where the requests are not the same, or one side alone was asked again in vain."""
    requests = pairs["city_supplement_requests"].fillna(0)
    again = [
        (pairs[f"{s}_status_code"] == int(Status.SUPPLEMENT_REQUESTED)) & (requests > 1) for s in ("city", "portal")
    ]
    same = (requests == pairs["portal_supplement_requests"].fillna(0)) & (again[0] == again[1])
    precisions = [pairs[f"{side}_supplement_precision"].fillna(0) for side in ("city", "portal")]
    coarser = precisions[0].where(precisions[0] > precisions[1], precisions[1]).where(same, 0)
    return (coarser.map(_GRAIN_SECONDS).astype("int64") * requests.astype("int64")).astype("timedelta64[s]")


def _side(pairs: pd.DataFrame, side: str) -> pd.DataFrame:
    names = ("clock_stopped_at", "deadline_at")
    return pd.DataFrame({name: pairs[f"{side}_{name}"] for name in names})


def _payment(pairs: pd.DataFrame) -> list[_Found]:
    fees = pairs["city_fee_total"], pairs["portal_fee_total"]
    apart = differ(*fees) & ~((fees[0] - fees[1]).abs() <= POLICY["fee_total"].tolerance).fillna(False).astype(bool)
    return [
        _differs(pairs, Kind.PAYMENT_DIFFERS, "online_payment"),
        _Found(Kind.PAYMENT_DIFFERS, "fee_total", apart),
    ]


def _digital(pairs: pd.DataFrame) -> list[_Found]:
    """Flags of the digitisation group. A result on the portal alone is one of them once the city is finished too
    (before that the portal's early status explains it); a result missing on the portal has its own kind, once both are.
    """
    found = [_differs(pairs, Kind.DIGITISATION_DIFFERS, name) for name in DIGITAL_FLAGS]
    city, portal = (pairs[f"{side}_has_result"].fillna(False).astype(bool) for side in ("city", "portal"))
    finished, shown = (pairs[f"{side}_status_code"].isin(sorted(RESULT_STATUSES)) for side in ("city", "portal"))
    found.append(_Found(Kind.DIGITISATION_DIFFERS, "has_result", portal & ~city & finished))
    found.append(_Found(Kind.RESULT_MISSING, "has_result", city & ~portal & finished & shown))
    return found


def compared_alike(pairs: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    """Where all the named columns agree to the letter: the slow twin of the hash, for checks."""
    alike = pd.Series(True, index=pairs.index)
    for name in names:
        alike &= ~differ(pairs[f"city_{name}"], pairs[f"portal_{name}"])
    return alike
