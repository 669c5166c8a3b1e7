"""What happened to a value on its way: the part of a mismatch's fingerprint that tells one fault from another.

A fingerprint is (agency, procedure, field, cause). Mismatches that share it, or most of it, are one fault of one
program, and one repair.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from schemas.codes import Status
from schemas.mismatch import Kind
from tasks.rules.keys import edit_distance, split_procedure
from tasks.rules.lifecycle import distance
from tasks.rules.text import Rung, equal_rung

_SIDES: Final = ("city", "portal")
_NOTHING: Final = "\x00"
"""Stands for null, and between two values; no value has it."""
OTHER: Final = "other value"
_ABSENT = {"portal": "absent on portal", "city": "absent in city"}
_BY_KIND: Final = {
    Kind.MISSING_ON_PORTAL: "never arrived",
    Kind.MISSING_IN_CITY: "not in city",
    Kind.AMBIGUOUS: "look-alike code",
    Kind.DUPLICATE_IN_CITY: "two records",
    Kind.DUPLICATE_ON_PORTAL: "two records",
    Kind.STATUS_REWRITTEN: "rewritten to 9",
    Kind.RESULT_MISSING: "lost",
}
_TIMES: Final = ("received_at", "due_at", "finished_at", "deadline_at")
_CUT_AT: Final = (1_000, 2_000, 4_000)
"""Lengths of columns at which systems of the field cut texts."""
_NAMES: Final = {
    Rung.BYTES: "unknown to the catalogue",
    Rung.NFC: "not composed (NFD)",
    Rung.SPACE: "spaces or unseen characters",
    Rung.TONE: "tone placed otherwise",
    Rung.D_STROKE: "another letter for Đ",
    Rung.NO_DIACRITICS: "without diacritics or in capitals",
}


def causes(findings: pd.DataFrame, cases: pd.DataFrame, places: NDArray[np.intp]) -> pd.Series:
    """The cause of each finding (text, index of `findings`).

    `findings`: FINDING_COLUMNS of `tasks.rules.compare`; `cases`: the columns of both sides (`city_<name>`,
    `portal_<name>`), one row a case; `places`: the row of each finding's case.
    """
    fixed = findings["kind"].map({str(kind): said for kind, said in _BY_KIND.items()})
    told = fixed.astype(object).to_numpy(copy=True)
    city, portal = findings["city_value"], findings["portal_value"]
    fields, names = pd.factorize(findings["field"].where(fixed.isna()))
    for number, name in enumerate(names):
        rows = np.flatnonzero(fields == number)
        if name in _TIMES:
            at = places[rows]
            told[rows] = _of_times(*(cases[f"{side}_{name}"].take(at).reset_index(drop=True) for side in _SIDES))
        else:
            # Few pairs of values come often: each is looked at once.
            pairs, _ = pd.factorize(city.take(rows).fillna(_NOTHING) + _NOTHING + portal.take(rows).fillna(_NOTHING))
            once = rows[np.unique(pairs, return_index=True)[1]]
            values = city.take(once), portal.take(once)
            said = _of_statuses(*values) if name == "status_code" else _of_values(*values, str(name))
            told[rows] = np.asarray(said, dtype=object)[pairs]
    alike = np.flatnonzero(findings["kind"] == Kind.AMBIGUOUS.value)
    told[alike] = _of_look_alikes(city.take(alike), portal.take(alike))
    return pd.Series(told, index=findings.index, dtype="string[pyarrow]")


def _of_look_alikes(city: pd.Series, portal: pd.Series) -> list[str]:
    """The evidence of an ambiguous case: how far the nearest candidate's code is; all else is the same in its kind."""
    edits = [edit_distance(a, b.split(", ")[0]) for a, b in zip(city, portal, strict=True)]
    return [f"look-alike code, {n} edit{'s' if n > 1 else ''}" for n in edits]


def _absence(city: pd.Series, portal: pd.Series) -> pd.Series:
    """Where one side has nothing: what that is called; null elsewhere."""
    said = pd.Series(pd.NA, index=city.index, dtype="string[pyarrow]")
    return said.mask(portal.isna(), _ABSENT["portal"]).mask(city.isna(), _ABSENT["city"])


def _local(at: pd.Series) -> pd.Series:
    wall_clock: pd.Series = at.dt.tz_convert("Asia/Ho_Chi_Minh").dt.tz_localize(None)
    return wall_clock


def _of_times(city: pd.Series, portal: pd.Series) -> pd.Series:
    said: pd.Series = _absence(city, portal).fillna(_of_wall_clocks(_local(city), _local(portal)))
    return said


def _of_wall_clocks(city: pd.Series, portal: pd.Series) -> pd.Series:
    """Dates without their time before shifts: midnight of the same day is no shift by the hour that it was."""
    minutes = ((portal - city).dt.total_seconds() / 60).fillna(0.5).to_numpy()
    whole_hours, whole_days = minutes % 60 == 0, minutes % 1_440 == 0
    turned = (city.dt.day == portal.dt.month) & (city.dt.month == portal.dt.day) & (city.dt.year == portal.dt.year)
    places, shifts = pd.factorize(minutes)  # few faults, so few shifts
    hours, days = (np.array([name(float(by)) for by in shifts], dtype=np.str_)[places] for name in (_shift, _days))
    named = np.select(
        [
            (city.dt.normalize() == portal).to_numpy(bool),
            (city.dt.floor("min") == portal).to_numpy(bool),
            whole_hours & (np.abs(minutes) <= 14 * 60),
            turned.to_numpy(bool),
            whole_days & (np.abs(minutes) <= 31 * 1_440),
        ],
        [
            "date only",
            "seconds cut",
            hours,
            "day and month swapped",
            days,
        ],
        default="other time",
    )
    return pd.Series(named.astype(object), index=city.index, dtype="string[pyarrow]")


def _shift(minutes: float) -> str:
    return f"shift {'-' if minutes < 0 else '+'}{int(abs(minutes) // 60):02d}:00"


def _days(minutes: float) -> str:
    return f"days {'-' if minutes < 0 else '+'}{int(abs(minutes) // 1_440)}"


def _of_statuses(city: pd.Series, portal: pd.Series) -> list[str]:
    return [_steps(Status(int(a)), Status(int(b))) for a, b in zip(city, portal, strict=True)]


def _steps(city: Status, portal: Status) -> str:
    behind, ahead = distance(portal, city), distance(city, portal)
    if behind is not None and (ahead is None or behind <= ahead):
        return "one status behind" if behind == 1 else "several statuses behind"
    if ahead is not None:
        return "one status ahead" if ahead == 1 else "several statuses ahead"
    return "backwards or astray"


def _of_values(city: pd.Series, portal: pd.Series, name: str) -> pd.Series:
    cause: pd.Series = _absence(city, portal)
    if name == "procedure_code":
        same = split_procedure(portal)["base"].eq(city).fillna(False).astype(bool)
        return cause.fillna(_text(city, portal).mask(same, "suffix kept"))
    if name == "agency_name":
        rung = equal_rung(city, portal).map({int(rung): said for rung, said in _NAMES.items()})
        named = cause.fillna(rung.astype("string[pyarrow]"))
        other = named.isna()
        return named.fillna(_text(city.loc[other], portal.loc[other]))
    if name == "fee_total":
        ratio = pd.to_numeric(portal) / pd.to_numeric(city).replace(0, pd.NA)
        return cause.fillna(ratio.map({1_000.0: "thousandfold", 0.001: "a thousandth"})).fillna(OTHER)
    return cause.fillna(city + " became " + portal)


def _text(city: pd.Series, portal: pd.Series) -> pd.Series:
    """Texts that were cut, else another value."""
    said = [
        (f"cut at {len(b)}" if len(b) in _CUT_AT else "cut off") if b and a != b and a.startswith(b) else OTHER
        for a, b in zip(city.fillna(""), portal.fillna(""), strict=True)
    ]
    return pd.Series(said, index=city.index, dtype="string[pyarrow]")
