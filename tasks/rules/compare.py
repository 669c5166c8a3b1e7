"""Pairs in, mismatches out: what each difference within a pair of canonical cases is called.

A pair has one canonical case of each side with the same code, in columns `city_<name>` and `portal_<name>`. Findings
are long: one row for each mismatch, columns of `FINDING_COLUMNS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd
import pyarrow as pa

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


def judge(pairs: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Every mismatch of every pair at `as_of`: FINDING_COLUMNS, all text.

    A difference that another kind explains is not reported twice. Due and finish times count only while both sides give
    the same overdue verdict; a finish time that one side lacks only where that side's status should have one, or where
    the statuses agree, and none where the portal's status was rewritten. Results count only once a case is finished.
    """
    statuses = status_kinds(pairs["city_status_code"], pairs["portal_status_code"])
    found = [_finding(pairs, statuses.notna(), statuses, "status_code"), *_verdict_and_times(pairs, statuses, as_of)]
    found += [
        _differs(pairs, Kind.AGENCY_DIFFERS, "agency_code", shown="agency_name"),
        _differs(pairs, Kind.PROCEDURE_DIFFERS, "procedure_code"),
        _differs(pairs, Kind.CHANNEL_DIFFERS, "submission_channel"),
        *_payment(pairs),
        *_digital(pairs),
    ]
    findings = pd.concat(found, ignore_index=True)
    return findings.drop_duplicates(["case_code", "kind"]).reset_index(drop=True)


def differ(a: pd.Series, b: pd.Series) -> pd.Series:
    """Where two columns are not the same, null against a value included: plain bool."""
    both_null = a.isna() & b.isna()
    different: pd.Series = ~((a == b).fillna(False).astype(bool) | both_null)
    return different


def _finding(pairs: pd.DataFrame, where: pd.Series, kind: Kind | pd.Series, field: str | pd.Series) -> pd.DataFrame:
    """Findings for the rows of `where`; kind and field may be one value or a column."""
    if not where.any():
        return _NOTHING
    if isinstance(field, pd.Series):
        fields = field.loc[where]
        return pd.concat([_finding(pairs, where & (field == name), kind, name) for name in fields.unique()])
    out = {
        "case_code": pairs["case_code"].loc[where],
        "kind": kind.loc[where].map(str) if isinstance(kind, pd.Series) else str(kind),
        "field": field,
        **{f"{side}_value": shown_value(pairs[f"{side}_{field}"].loc[where]) for side in ("city", "portal")},
    }
    return pd.DataFrame(out).astype("string[pyarrow]")


def shown_value(values: pd.Series) -> pd.Series:
    """Values as a person reads them: times in Vietnam's wall clock to the second, everything else as its text."""
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        wall_clock = values.dt.tz_convert("Asia/Ho_Chi_Minh").dt.tz_localize(None).astype("datetime64[s]")
        text = pa.array(wall_clock, from_pandas=True).cast(pa.string())  # a tenth of the time that strftime takes
        return pd.Series(pd.array(text, dtype="string[pyarrow]"), index=values.index)
    return values.astype("string[pyarrow]")


def _differs(pairs: pd.DataFrame, kind: Kind, name: str, shown: str | None = None) -> pd.DataFrame:
    return _finding(pairs, differ(pairs[f"city_{name}"], pairs[f"portal_{name}"]), kind, shown or name)


def _same(pairs: pd.DataFrame, at: str, precision: str) -> pd.Series:
    """Whether a time is the same on both sides to the coarser side's precision: plain bool."""
    names = (f"city_{at}", f"city_{precision}", f"portal_{at}", f"portal_{precision}")
    a, a_precision, b, b_precision = (pairs[name] for name in names)
    same: pd.Series = same_time(a, a_precision.fillna(0), b, b_precision.fillna(0)).astype(bool)
    if tolerance := POLICY[at].tolerance:
        same |= ((a - b).abs() <= pd.Timedelta(seconds=tolerance)).fillna(False).astype(bool)
    return same


def _verdict_and_times(pairs: pd.DataFrame, statuses: pd.Series, as_of: pd.Timestamp) -> list[pd.DataFrame]:
    late_city = overdue(_side(pairs, "city"), as_of)
    late_portal = overdue(_side(pairs, "portal"), as_of)
    due, finished = _same(pairs, "due_at", "due_precision"), _same(pairs, "finished_at", "finished_precision")
    same_clock = _same_stop(pairs) & _same_deadline(pairs)
    flipped = (late_city != late_portal).fillna(False).astype(bool) & ~same_clock
    status = statuses.notna()
    cause = pd.Series("deadline_at", index=pairs.index)
    cause = cause.mask(status, "status_code").mask(~finished, "finished_at").mask(~due, "due_at")
    phantom = flipped & late_portal.fillna(False).astype(bool)
    explained = status & _unfinished(pairs) | (statuses == Kind.STATUS_REWRITTEN)
    return [
        _finding(pairs, phantom, Kind.PHANTOM_OVERDUE, cause),
        _finding(pairs, flipped & ~phantom, Kind.HIDDEN_OVERDUE, cause),
        _finding(pairs, ~_same(pairs, "received_at", "received_precision"), Kind.RECEIVED_DIFFERS, "received_at"),
        _finding(pairs, ~due & ~flipped, Kind.DUE_DIFFERS, "due_at"),
        _finding(pairs, ~finished & ~flipped & ~explained, Kind.FINISHED_DIFFERS, "finished_at"),
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


def _payment(pairs: pd.DataFrame) -> list[pd.DataFrame]:
    fees = pairs["city_fee_total"], pairs["portal_fee_total"]
    apart = differ(*fees) & ~((fees[0] - fees[1]).abs() <= POLICY["fee_total"].tolerance).fillna(False).astype(bool)
    return [
        _differs(pairs, Kind.PAYMENT_DIFFERS, "online_payment"),
        _finding(pairs, apart, Kind.PAYMENT_DIFFERS, "fee_total"),
    ]


def _digital(pairs: pd.DataFrame) -> list[pd.DataFrame]:
    """Flags of the digitisation group. A result on the portal alone is one of them once the city is finished too
    (before that the portal's early status explains it); a result missing on the portal has its own kind, once both are.
    """
    found = [_differs(pairs, Kind.DIGITISATION_DIFFERS, name) for name in DIGITAL_FLAGS]
    city, portal = (pairs[f"{side}_has_result"].fillna(False).astype(bool) for side in ("city", "portal"))
    finished, shown = (pairs[f"{side}_status_code"].isin(sorted(RESULT_STATUSES)) for side in ("city", "portal"))
    found.append(_finding(pairs, portal & ~city & finished, Kind.DIGITISATION_DIFFERS, "has_result"))
    found.append(_finding(pairs, city & ~portal & finished & shown, Kind.RESULT_MISSING, "has_result"))
    return found


def compared_alike(pairs: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    """Where all the named columns agree to the letter: the slow twin of the hash, for checks."""
    alike = pd.Series(True, index=pairs.index)
    for name in names:
        alike &= ~differ(pairs[f"city_{name}"], pairs[f"portal_{name}"])
    return alike
