"""Pairs in, mismatches out: what each difference within a pair of canonical cases is called.

A pair has one canonical case of each side with the same code, in columns `city_<name>` and `portal_<name>`. Findings
are long: one row for each mismatch, columns of `FINDING_COLUMNS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from schemas.case import DIGITAL_FLAGS
from schemas.codes import RESULT_STATUSES
from schemas.mismatch import Kind
from tasks.rules.deadline import overdue
from tasks.rules.lifecycle import status_kinds
from tasks.rules.times import same_time

FINDING_COLUMNS: Final = ("case_code", "kind", "field", "city_value", "portal_value")


def judge(pairs: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Every mismatch of every pair at `as_of`: FINDING_COLUMNS, all text.

    A difference that another kind explains is not reported twice: due and finish times count only while both sides give
    the same overdue verdict, a missing finish time or result only where the portal's status should have one, and no
    finish time where the portal's status was rewritten.
    """
    found = [_status(pairs), *_verdict_and_times(pairs, as_of)]
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
    some = pairs.loc[where]
    fields = pd.Series(field, index=pairs.index).loc[where]
    kinds = pd.Series(kind, index=pairs.index, dtype=object).loc[where]
    out = pd.DataFrame({"case_code": some["case_code"], "kind": kinds.map(str), "field": fields})
    for side in ("city", "portal"):
        value = pd.Series(pd.NA, index=some.index, dtype="string[pyarrow]")
        for name in fields.unique():
            rows = fields == name
            value[rows] = shown_value(some.loc[rows, f"{side}_{name}"])
        out[f"{side}_value"] = value
    return out[list(FINDING_COLUMNS)].astype("string[pyarrow]")


def shown_value(values: pd.Series) -> pd.Series:
    """Values as a person reads them: times in Vietnam's wall clock to the second, everything else as its text."""
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        wall_clock = values.dt.tz_convert("Asia/Ho_Chi_Minh").dt.strftime("%Y-%m-%d %H:%M:%S")
        values = wall_clock
    return values.astype("string[pyarrow]")


def _differs(pairs: pd.DataFrame, kind: Kind, name: str, shown: str | None = None) -> pd.DataFrame:
    return _finding(pairs, differ(pairs[f"city_{name}"], pairs[f"portal_{name}"]), kind, shown or name)


def _status(pairs: pd.DataFrame) -> pd.DataFrame:
    kinds = status_kinds(pairs["city_status_code"], pairs["portal_status_code"])
    return _finding(pairs, kinds.notna(), kinds, "status_code")


def _same(pairs: pd.DataFrame, at: str, precision: str) -> pd.Series:
    """Whether a time is the same on both sides to the coarser side's precision: plain bool."""
    names = (f"city_{at}", f"city_{precision}", f"portal_{at}", f"portal_{precision}")
    a, a_precision, b, b_precision = (pairs[name] for name in names)
    return same_time(a, a_precision.fillna(0), b, b_precision.fillna(0)).astype(bool)


def _verdict_and_times(pairs: pd.DataFrame, as_of: pd.Timestamp) -> list[pd.DataFrame]:
    late_city = overdue(_side(pairs, "city"), as_of)
    late_portal = overdue(_side(pairs, "portal"), as_of)
    due, finished = _same(pairs, "due_at", "due_precision"), _same(pairs, "finished_at", "finished_precision")
    same_clock = _same(pairs, "clock_stopped_at", "finished_precision")
    same_clock &= _same(pairs, "deadline_at", "due_precision")
    flipped = (late_city != late_portal).fillna(False).astype(bool) & ~same_clock
    statuses = pairs["city_status_code"], pairs["portal_status_code"]
    status = differ(*statuses)
    cause = pd.Series("deadline_at", index=pairs.index)
    cause = cause.mask(status, "status_code").mask(~finished, "finished_at").mask(~due, "due_at")
    phantom = flipped & late_portal.fillna(False).astype(bool)
    explained = pairs["city_finished_at"].isna() | pairs["portal_finished_at"].isna()
    explained = status & (explained | (status_kinds(*statuses) == Kind.STATUS_REWRITTEN))
    return [
        _finding(pairs, phantom, Kind.PHANTOM_OVERDUE, cause),
        _finding(pairs, flipped & ~phantom, Kind.HIDDEN_OVERDUE, cause),
        _finding(pairs, ~_same(pairs, "received_at", "received_precision"), Kind.RECEIVED_DIFFERS, "received_at"),
        _finding(pairs, ~due & ~flipped, Kind.DUE_DIFFERS, "due_at"),
        _finding(pairs, ~finished & ~flipped & ~explained, Kind.FINISHED_DIFFERS, "finished_at"),
    ]


def _side(pairs: pd.DataFrame, side: str) -> pd.DataFrame:
    names = ("clock_stopped_at", "deadline_at")
    return pd.DataFrame({name: pairs[f"{side}_{name}"] for name in names})


def _payment(pairs: pd.DataFrame) -> list[pd.DataFrame]:
    return [_differs(pairs, Kind.PAYMENT_DIFFERS, name) for name in ("online_payment", "fee_total")]


def _digital(pairs: pd.DataFrame) -> list[pd.DataFrame]:
    """Flags of the digitisation group; a result on the portal alone is one of them, a result missing there has its own
    kind and counts once the portal says that the case is finished."""
    found = [_differs(pairs, Kind.DIGITISATION_DIFFERS, name) for name in DIGITAL_FLAGS]
    city, portal = (pairs[f"{side}_has_result"].fillna(False).astype(bool) for side in ("city", "portal"))
    finished = pairs["portal_status_code"].isin(sorted(RESULT_STATUSES))
    found.append(_finding(pairs, portal & ~city & _finished(pairs), Kind.DIGITISATION_DIFFERS, "has_result"))
    found.append(_finding(pairs, city & ~portal & finished, Kind.RESULT_MISSING, "has_result"))
    return found


def _finished(pairs: pd.DataFrame) -> pd.Series:
    """Where the city, too, says that the case is finished; before that the portal's early status explains its
    result."""
    return pairs["city_status_code"].isin(sorted(RESULT_STATUSES))


def compared_alike(pairs: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    """Where all the named columns agree to the letter: the slow twin of the hash, for checks."""
    alike = pd.Series(True, index=pairs.index)
    for name in names:
        alike &= ~differ(pairs[f"city_{name}"], pairs[f"portal_{name}"])
    return alike
