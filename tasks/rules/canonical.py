"""Typed rows to canonical cases: one shape for both sides, with the hashes that make comparison narrow."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from schemas.case import CANONICAL_VERSION, CASE_SCHEMA, COMPARED, NULL_POLICY, UNVERSIONED
from schemas.codes import Side
from schemas.references import FILES
from tasks.rules.deadline import clock
from tasks.rules.keys import split_procedure
from tasks.rules.references import meant
from tasks.rules.text import Rung, fold
from tasks.rules.workdays import WorkCalendar

_NULL: Final = "\x00"
_SEPARATOR: Final = "\x1f"
_NAME_RUNGS: Final = (Rung.BYTES, Rung.NFC, Rung.SPACE, Rung.TONE, Rung.D_STROKE)
"""Agency names meet at these rungs; without diacritics two wards can share a name, so that rung is not one of them."""


@dataclass(frozen=True)
class References:
    """What both sides' values are read against.

    `agencies`: columns `agency_code`, `agency_name` (names and aliases); `procedures`: `procedure_code`, `max_days`.
    `aliases` (`alias`, `agency_code`) and `renumbered` (`code`, `procedure_code`) are the site's tables, each with
    `valid_from`, `valid_to`.
    """

    agencies: pd.DataFrame
    procedures: pd.DataFrame
    calendar: WorkCalendar
    aliases: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(FILES["agency_aliases"])))
    renumbered: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(FILES["procedure_codes"])))


def canonicalise(side: Side, rows: pd.DataFrame, references: References, fingerprint_key: bytes) -> pa.Table:
    """Accepted typed rows as canonical cases in `CASE_SCHEMA`, one for one and in order."""
    frame = pd.DataFrame(index=rows.index)
    for name in ("case_code", "own_code", "record_id", "status_code", "agency_name", "window_start", "landing_file"):
        frame[name] = rows[name]
    frame["listed_day"] = vietnam_day(rows["received_at"].fillna(rows["submitted_at"]))
    frame["procedure_code"] = _procedure(side, rows["procedure_code"], frame["listed_day"], references.renumbered)
    frame[["agency_code", "agency_rung"]] = _agency(side, rows, references.agencies)
    frame["agency_code"] = _successor(side, frame, references.aliases)
    frame["submission_channel"] = rows["channel"]
    for name in ("received", "due", "finished", "returned"):
        frame[f"{name}_at"] = rows[f"{name}_at"]
        frame[f"{name}_precision"] = rows[f"{name}_at_precision"]
    frame["received_day"] = vietnam_day(frame["received_at"])
    frame["submitted_at"] = rows["submitted_at"]
    never = pd.Series(pd.NaT, index=rows.index, dtype="datetime64[us, UTC]")
    frame["modified_at"] = rows["modified_at"] if side is Side.CITY else never
    for name in ("online_payment", "fee_total", "has_result", "population_linked"):
        frame[name] = rows[name]
    for name in ("supplement_requests", "supplement_precision"):
        frame[name] = rows[name]
    frame["has_digitised_component"] = (rows["has_digitised_component"] == 1).astype("boolean")
    frame["has_digitised_component"] = frame["has_digitised_component"].fillna(rows["any_digitised"])
    frame["has_reused_component"] = rows["any_reused"]
    frame["has_stored_component"] = rows["any_stored"]
    frame["account_verified_vneid"] = (rows["account_verified_vneid"] == 1).astype("boolean")
    for name, meaning in NULL_POLICY.items():
        frame[name] = frame[name].fillna(meaning)
    frame[["clock_stopped_at", "deadline_at"]] = _clock(frame, rows, references)
    frame["applicant_fingerprint"] = fingerprint(rows["applicant_name"], rows["applicant_id_no"], fingerprint_key)
    schema = pa.schema([field for field in CASE_SCHEMA if field.name in frame.columns])
    return hashed(pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False))


def vietnam_day(at: pd.Series) -> pd.Series:
    """The day of an instant in Vietnam's wall clock: `datetime.date`, NaT where missing."""
    days: pd.Series = at.dt.tz_convert("Asia/Ho_Chi_Minh").dt.date
    return days


def hashed(table: pa.Table) -> pa.Table:
    """Canonical cases in `CASE_SCHEMA` with the hashes and the number of today's canonical form; the input's own, if it
    has them, do not matter."""
    content = [name for name in CASE_SCHEMA.names if name not in UNVERSIONED]
    made = {
        "row_hash": row_hash(table, COMPARED),
        "content_hash": row_hash(table, content),
        "canonical_version": pa.array([CANONICAL_VERSION] * table.num_rows, pa.int16()),
    }
    columns = [made.get(name, table[name] if name not in made else None) for name in CASE_SCHEMA.names]
    return pa.table(columns, names=CASE_SCHEMA.names).cast(CASE_SCHEMA)


def row_hash(table: pa.Table, names: Sequence[str]) -> pa.Array:
    """xxh3, 64 bits, of the named columns' canonical text, as int64.

    64 bits are enough because a hash is compared with one other only, the partner's: a difference stays unseen once in
    1.8e19 pairs. The text of a time is its microseconds, of a flag 0 or 1; null is a character that no text contains.
    """
    texts = [pc.fill_null(_text(table.column(name)), _NULL) for name in names]
    joined = pc.binary_join_element_wise(*texts, _SEPARATOR).cast(pa.binary())
    digests = np.fromiter(map(xxhash.xxh3_64_intdigest, joined.to_pylist()), dtype=np.uint64, count=table.num_rows)
    return pa.array(digests.view(np.int64))


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    elif pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    return column.cast(pa.string())


def _procedure(side: Side, code: pd.Series, day: pd.Series, renumbered: pd.DataFrame) -> pd.Series:
    """The national code. The city's local code or suffix is replaced, as its push must do; the portal's text stays as
    it is, since a local code there is a fault, unless it is a national one that was renumbered."""
    code = code.replace("", pd.NA)
    if side is Side.PORTAL:
        national = split_procedure(renumbered["code"].astype("string[pyarrow]"))["suffix"] == ""
        return meant(code, day, renumbered.loc[national.fillna(False).astype(bool)]).fillna(code)
    whole = meant(code, day, renumbered).fillna(code)
    base = split_procedure(whole)["base"].fillna(whole)
    return meant(base, day, renumbered).fillna(base)


def _agency(side: Side, rows: pd.DataFrame, agencies: pd.DataFrame) -> pd.DataFrame:
    """`agency_code` and the rung at which the name met the catalogue (null where it did not).

    The city sends its own code; the portal sends a name only, which the catalogue of agencies turns into one.
    """
    names = pd.Series(rows["agency_name"].dropna().unique(), dtype="string[pyarrow]")
    found = pd.DataFrame({"code": pd.NA, "rung": pd.NA}, index=names, dtype="object")
    for rung in _NAME_RUNGS:
        known = pd.DataFrame({"name": fold(agencies["agency_name"], rung), "code": agencies["agency_code"]})
        known = known.drop_duplicates().drop_duplicates("name", keep=False)  # a name of two agencies means neither
        code = fold(names, rung).map(known.set_index("name")["code"]).to_numpy(dtype=object)
        new = found["code"].isna().to_numpy() & pd.notna(code)
        found.loc[new, "code"] = code[new]
        found.loc[new, "rung"] = int(rung)
    by_name = rows["agency_name"].map(found["code"]).astype("string[pyarrow]")
    return pd.DataFrame(
        {
            "agency_code": rows["agency_code"].replace("", pd.NA) if side is Side.CITY else by_name,
            "agency_rung": rows["agency_name"].map(found["rung"]).astype("Int16"),
        },
        index=rows.index,
    )


def _successor(side: Side, frame: pd.DataFrame, aliases: pd.DataFrame) -> pd.Series:
    """The agency that has the cases now. On the portal a name means what it meant on the case's day; whatever code
    comes out, a merger may have another for it."""
    code = frame["agency_code"]
    if side is Side.PORTAL and len(aliases):
        folded = aliases.assign(alias=fold(aliases["alias"].astype("string[pyarrow]"), Rung.D_STROKE))
        code = meant(fold(frame["agency_name"], Rung.D_STROKE), frame["listed_day"], folded).fillna(code)
    return meant(code, frame["listed_day"], aliases).fillna(code)


def _clock(frame: pd.DataFrame, rows: pd.DataFrame, references: References) -> pd.DataFrame:
    inputs = frame[["finished_at", "returned_at", "supplement_requests"]].copy()
    inputs["status"] = frame["status_code"]
    inputs["due_at"] = rows["due_latest_at"]  # due on a day is due at its end
    inputs["received_at"] = rows["received_latest_at"]  # and a legal limit starts no earlier than the text can mean
    for name in ("supplement_requested_at", "supplement_answered", "supplement_waiting_s"):
        inputs[name] = rows[name]
    base = split_procedure(frame["procedure_code"])["base"]
    max_days = references.procedures.set_index("procedure_code")["max_days"]
    inputs["max_days"] = base.map(max_days).astype("Int16")
    return clock(inputs, references.calendar)


def fingerprint(name: pd.Series, identity: pd.Series, key: bytes) -> pd.Series:
    """The first 64 bits of HMAC-SHA256 of the folded name and identity number, as Int64; null when both are empty.

    Enough to see that two records of one day mean one person, and of no use without the key.
    """
    folded = fold(name, Rung.NO_DIACRITICS).fillna("") + _SEPARATOR + identity.fillna("").str.strip()
    empty = folded == _SEPARATOR
    digests = b"".join(hmac.digest(key, text.encode(), sha256)[:8] for text in folded.to_list())
    prints = np.frombuffer(digests, dtype=">i8").astype(np.int64)
    return pd.Series(prints, index=name.index, dtype="Int64").mask(empty)
