"""The reconciliation of one batch of differing cases: presence, pair rules, loose matches, verdicts, precedence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from schemas.codes import Side, Status
from schemas.mismatch import PRECEDENCE, Kind
from tasks.rules.age import changed_at, verdicts
from tasks.rules.compare import FINDING_COLUMNS, judge
from tasks.rules.loose import ambiguous


@dataclass(frozen=True)
class Ground:
    """What a run judges on: its clock reading, the lags allowed, and what could not be read.

    `unreadable`: codes with a row in quarantine on some side. `windows`: every window ever read, columns `side`,
    `window_start`, `window_end`.
    """

    as_of: pd.Timestamp
    lag: pd.Timedelta
    confirm: pd.Timedelta
    unreadable: frozenset[str]
    windows: pd.DataFrame


def reconcile(batches: Iterable[pd.DataFrame], doubled: pd.DataFrame, ground: Ground) -> pd.DataFrame:
    """Findings of all batches: the columns of the mismatch ledger's findings.

    `batches` hold `case_code` and the columns of both sides (`city_<name>`, `portal_<name>`, null for a missing
    partner);
    `doubled` has `side`, `case_code`, `records`.
    """
    judged, alone = [], []
    for batch in batches:
        both = batch["city_row_hash"].notna() & batch["portal_row_hash"].notna()
        pairs = batch.loc[both].reset_index(drop=True)
        judged.append(_with_context(judge(pairs, ground.as_of), pairs, ground))
        alone.append(batch.loc[~both & ~_unreceived(batch)])
    residue = pd.concat(alone, ignore_index=True) if alone else pd.DataFrame()
    if len(residue):
        judged.append(_with_context(_missing(residue, _unread(residue, ground)), residue, ground))
    judged.append(_doubled(doubled, ground))
    findings = pd.concat([part for part in judged if len(part)] or judged[-1:], ignore_index=True)
    return _with_leading(findings)


def _unreceived(batch: pd.DataFrame) -> pd.Series:
    """City cases that are not received yet: the portal gets a case only with a received time."""
    registered = (batch["city_status_code"] == int(Status.REGISTERED)).fillna(False).astype(bool)
    return batch["city_row_hash"].notna() & (registered | batch["city_received_at"].isna())


def _missing(residue: pd.DataFrame, unread: pd.Series) -> pd.DataFrame:
    """Missing on either side, or ambiguous where a look-alike is missing on the other.

    A case whose partner could not be read has one: it is no candidate for another.
    """
    in_city = residue["city_row_hash"].notna()
    names = ["procedure_code", "agency_code", "received_at", "applicant_fingerprint"]
    city = residue.loc[in_city & ~unread, ["case_code", *(f"city_{name}" for name in names)]]
    portal = residue.loc[~in_city & ~unread, ["case_code", *(f"portal_{name}" for name in names)]]
    loose = ambiguous(city.set_axis(["case_code", *names], axis=1), portal.set_axis(["case_code", *names], axis=1))
    taken = set(loose["case_code"]) | {code for codes in loose["portal_value"] for code in codes.split(", ")}
    left = residue.loc[~residue["case_code"].isin(taken)]
    here = left["city_row_hash"].notna()
    missing = pd.DataFrame(
        {
            "case_code": left["case_code"],
            "kind": here.map({True: str(Kind.MISSING_ON_PORTAL), False: str(Kind.MISSING_IN_CITY)}),
            "field": "case_code",
            "city_value": left["case_code"].where(here),
            "portal_value": left["case_code"].where(~here),
        }
    )
    return pd.concat([loose, missing[list(FINDING_COLUMNS)]], ignore_index=True).astype("string[pyarrow]")


def _with_context(findings: pd.DataFrame, cases: pd.DataFrame, ground: Ground) -> pd.DataFrame:
    """Add owner, procedure, since when, and the verdict."""
    context = pd.DataFrame(
        {
            "case_code": cases["case_code"],
            "agency_code": cases["city_agency_code"].fillna(cases["portal_agency_code"]),
            "procedure_code": cases["city_procedure_code"].fillna(cases["portal_procedure_code"]),
            "since": changed_at(cases["city_modified_at"], cases["city_received_at"], cases["portal_received_at"]),
            "unread": _unread(cases, ground),
        }
    )
    findings = findings.merge(context, on="case_code", how="left")
    unread = findings.pop("unread").astype(bool)
    findings["verdict"] = verdicts(findings["since"], unread, ground.as_of, ground.lag, ground.confirm)
    return findings


def _unread(cases: pd.DataFrame, ground: Ground) -> pd.Series:
    """Where a side could not be read: a row in quarantine, or a missing partner whose day was never listed."""
    unread = cases["case_code"].isin(ground.unreadable)
    for side in Side:
        lacks = cases[f"{side}_row_hash"].isna()
        day = cases[f"{side.other}_listed_day"]
        unread |= lacks & ~_listed(day, ground.windows, side)
    return unread


def _listed(day: pd.Series, windows: pd.DataFrame, side: Side) -> pd.Series:
    """Whether a day lies in some window of a side that was read."""
    days = pd.to_datetime(day)
    listed = pd.Series(False, index=day.index)
    for start, end in windows.loc[windows["side"] == side.value, ["window_start", "window_end"]].itertuples(
        index=False
    ):
        listed |= (days >= pd.Timestamp(start)) & (days < pd.Timestamp(end))
    return listed


def _doubled(doubled: pd.DataFrame, ground: Ground) -> pd.DataFrame:
    """A finding for every code with two records on a side; there is no lag in which that would be normal."""
    kinds = {Side.CITY.value: Kind.DUPLICATE_IN_CITY, Side.PORTAL.value: Kind.DUPLICATE_ON_PORTAL}
    records = doubled["records"].astype("string[pyarrow]") + " records"
    return pd.DataFrame(
        {
            "case_code": doubled["case_code"],
            "kind": doubled["side"].map({side: str(kind) for side, kind in kinds.items()}),
            "field": "case_code",
            "city_value": records.where(doubled["side"] == Side.CITY.value),
            "portal_value": records.where(doubled["side"] == Side.PORTAL.value),
            "agency_code": pd.Series(pd.NA, index=doubled.index, dtype="string[pyarrow]"),
            "procedure_code": pd.Series(pd.NA, index=doubled.index, dtype="string[pyarrow]"),
            "since": pd.Series(pd.NaT, index=doubled.index, dtype="datetime64[us, UTC]"),
            "verdict": "confirmed",
        }
    )


def _with_leading(findings: pd.DataFrame) -> pd.DataFrame:
    """Mark the first kind, by precedence, of each case."""
    rank = findings["kind"].map({str(kind): place for kind, place in PRECEDENCE.items()})
    ordered = findings.assign(rank=rank).sort_values(["case_code", "rank"], kind="stable")
    ordered["leading"] = ~ordered["case_code"].duplicated()
    return ordered.drop(columns="rank").reset_index(drop=True)
