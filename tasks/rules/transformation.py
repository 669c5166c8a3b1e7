"""What happened to a value on its way: the part of a mismatch's fingerprint that tells one fault from another.

A fingerprint is (agency, procedure, field, cause). Mismatches that share it, or most of it, are one fault of one
program, and one repair.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from schemas.codes import Status
from schemas.mismatch import Kind
from tasks.rules.keys import edit_distance, split_procedure
from tasks.rules.lifecycle import distance
from tasks.rules.text import Rung, equal_rung

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


def causes(findings: pd.DataFrame, cases: pd.DataFrame) -> pd.Series:
    """The cause of each finding (text, index of `findings`).

    `findings`: FINDING_COLUMNS of `tasks.rules.compare`; `cases`: `case_code` and the columns of both sides
    (`city_<name>`, `portal_<name>`), one row a case.
    """
    fixed = findings["kind"].map({str(kind): said for kind, said in _BY_KIND.items()}).astype("string[pyarrow]")
    parts = [_of_look_alikes(findings)]
    parts.append(fixed.loc[fixed.notna() & (findings["kind"] != Kind.AMBIGUOUS.value)])
    codes = pd.Index(cases["case_code"])
    of_values = findings.loc[fixed.isna()]
    for name in of_values["field"].unique():
        some = of_values.loc[of_values["field"] == name]
        rows = some.index
        if name in _TIMES:
            places = codes.get_indexer(some["case_code"])
            city, portal = (cases[f"{side}_{name}"].take(places).set_axis(rows) for side in ("city", "portal"))
            said = _absence(city, portal).fillna(_of_wall_clocks(_local(city), _local(portal)))
        elif name == "status_code":
            said = _of_statuses(some)
        else:
            said = _of_values(some, name)
        parts.append(said.astype("string[pyarrow]"))
    cause: pd.Series = pd.concat(parts).reindex(findings.index)
    return cause


def _of_look_alikes(findings: pd.DataFrame) -> pd.Series:
    """The evidence of an ambiguous case: how far the nearest candidate's code is; all else is the same in its kind."""
    some = findings.loc[findings["kind"] == Kind.AMBIGUOUS.value]
    edits = [edit_distance(a, b.split(", ")[0]) for a, b in zip(some["city_value"], some["portal_value"], strict=True)]
    said = [f"look-alike code, {n} edit{'s' if n > 1 else ''}" for n in edits]
    return pd.Series(said, index=some.index, dtype="string[pyarrow]")


def _absence(city: pd.Series, portal: pd.Series) -> pd.Series:
    """Where one side has nothing: what that is called; null elsewhere."""
    said = pd.Series(pd.NA, index=city.index, dtype="string[pyarrow]")
    return said.mask(portal.isna(), _ABSENT["portal"]).mask(city.isna(), _ABSENT["city"])


def _local(at: pd.Series) -> pd.Series:
    wall_clock: pd.Series = at.dt.tz_convert("Asia/Ho_Chi_Minh").dt.tz_localize(None)
    return wall_clock


def _of_wall_clocks(city: pd.Series, portal: pd.Series) -> pd.Series:
    """Dates without their time before shifts: midnight of the same day is no shift by the hour that it was."""
    minutes = ((portal - city).dt.total_seconds() / 60).fillna(0.5).to_numpy()
    whole_hours, whole_days = minutes % 60 == 0, minutes % 1_440 == 0
    turned = (city.dt.day == portal.dt.month) & (city.dt.month == portal.dt.day) & (city.dt.year == portal.dt.year)
    sign = np.where(minutes < 0, "-", "+")
    hours = np.char.add(sign, np.char.zfill((np.abs(minutes) // 60).astype(int).astype(str), 2))
    days = np.char.add(sign, (np.abs(minutes) // 1_440).astype(int).astype(str))
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
            np.char.add(np.char.add("shift ", hours), ":00"),
            "day and month swapped",
            np.char.add("days ", days),
        ],
        default="other time",
    )
    return pd.Series(named.astype(object), index=city.index, dtype="string[pyarrow]")


def _of_statuses(findings: pd.DataFrame) -> pd.Series:
    pairs = pd.Series(
        list(zip(findings["city_value"], findings["portal_value"], strict=True)), index=findings.index, dtype=object
    )
    told: pd.Series = pairs.map({(a, b): _steps(Status(int(a)), Status(int(b))) for a, b in set(pairs)})
    return told


def _steps(city: Status, portal: Status) -> str:
    behind, ahead = distance(portal, city), distance(city, portal)
    if behind is not None and (ahead is None or behind <= ahead):
        return "one status behind" if behind == 1 else "several statuses behind"
    if ahead is not None:
        return "one status ahead" if ahead == 1 else "several statuses ahead"
    return "backwards or astray"


def _of_values(findings: pd.DataFrame, name: str) -> pd.Series:
    city, portal = findings["city_value"], findings["portal_value"]
    cause: pd.Series = _absence(city, portal)
    if name == "procedure_code":
        same = split_procedure(portal)["base"].eq(city).fillna(False).astype(bool)
        return cause.fillna(_text(city, portal).mask(same, "suffix kept"))
    if name == "agency_name":
        rung = equal_rung(city, portal).map({int(rung): said for rung, said in _NAMES.items()})
        return cause.fillna(rung.astype("string[pyarrow]")).fillna(_text(city, portal))
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
