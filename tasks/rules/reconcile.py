"""The reconciliation of one batch of differing cases: presence, pair rules, loose matches, verdicts, precedence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from schemas.codes import Side, Status
from schemas.lag import direction_of
from schemas.mismatch import PRECEDENCE, Kind
from tasks.rules.age import changed_at, verdicts
from tasks.rules.compare import FINDING_COLUMNS, judge
from tasks.rules.lag import LAG_COLUMNS, limits
from tasks.rules.loose import ambiguous
from tasks.rules.reads import known_until
from tasks.rules.transformation import causes


@dataclass(frozen=True)
class Ground:
    """What a run judges on: its clock reading, the lags allowed, and what could not be read.

    `lag`, `confirm`: settings, for directions without a measured lag. `unreadable`: codes with a row in quarantine on
    some side. `windows`: every window ever read, columns `side`, `window_start`, `window_end`, `read_at` (its last
    read). `measured`: the lags of `tasks.rules.lag`. `skew`: how far each side's clock is ahead of ours.
    """

    as_of: pd.Timestamp
    lag: pd.Timedelta
    confirm: pd.Timedelta
    unreadable: frozenset[str]
    windows: pd.DataFrame
    measured: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(LAG_COLUMNS)))
    skew: Mapping[Side, pd.Timedelta] = field(default_factory=dict)


def reconcile(batches: Iterable[pd.DataFrame], doubled: pd.DataFrame, ground: Ground) -> pd.DataFrame:
    """Findings of all batches: the columns of the mismatch ledger's findings.

    `batches` hold `case_code` and the columns of both sides (`city_<name>`, `portal_<name>`, null for a missing
    partner);
    `doubled` has `side`, `case_code`, `records`.
    """
    return conclude(*judge_pairs(batches, ground), doubled, ground)


def judge_pairs(batches: Iterable[pd.DataFrame], ground: Ground) -> tuple[list[pd.DataFrame], list[pd.DataFrame]]:
    """The first half of `reconcile`, by batch: findings on pairs, and the cases without a partner as they came. It can
    be done for parts of all cases apart from each other."""
    judged, alone = [], []
    for batch in batches:
        both = batch["city_row_hash"].notna() & batch["portal_row_hash"].notna()
        pairs = batch.loc[both].reset_index(drop=True)
        judged.append(_with_context(judge(pairs, ground.as_of), pairs, _known(pairs, ground), ground))
        alone.append(batch.loc[~both & ~_unreceived(batch)])
    return judged, alone


def conclude(
    judged: Sequence[pd.DataFrame], alone: Sequence[pd.DataFrame], doubled: pd.DataFrame, ground: Ground
) -> pd.DataFrame:
    """The second half of `reconcile`, over what `judge_pairs` gave for all cases: look-alikes, the missing, and what
    leads each case."""
    judged = list(judged)
    residue = pd.concat(alone, ignore_index=True) if alone else pd.DataFrame()
    if len(residue):
        known = _known(residue, ground)
        judged.append(_with_context(_missing(residue, known["unread"]), residue, known, ground))
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


def _with_context(findings: pd.DataFrame, cases: pd.DataFrame, known: pd.DataFrame, ground: Ground) -> pd.DataFrame:
    """Add cause, owner, procedure, since when, and the verdict. `known` is of `_known`."""
    context = known.assign(
        agency_code=cases["city_agency_code"].fillna(cases["portal_agency_code"]),
        procedure_code=cases["city_procedure_code"].fillna(cases["portal_procedure_code"]),
    )
    places = pd.Index(cases["case_code"]).get_indexer(findings["case_code"])
    context = context.take(places).set_axis(findings.index)
    unread, seen = context.pop("unread"), context.pop("seen")
    findings = findings.assign(cause=causes(findings, cases, places), **context)
    ways = findings["kind"].map({str(kind): direction_of(kind) for kind in Kind})
    lag, confirm = limits(ways, findings["procedure_code"], ground.measured, ground.lag, ground.confirm)
    findings["verdict"] = verdicts(findings["since"], unread, seen, lag, confirm)
    return findings


def _known(cases: pd.DataFrame, ground: Ground) -> pd.DataFrame:
    """What is known of each case, in order: `since`, `seen` (the last read of both sides), `unread`.

    Unread is a case with a row in quarantine, with a missing partner whose day was never listed, or without a read of
    both sides after the change.
    """
    since = changed_at(cases["city_modified_at"], cases["city_received_at"], cases["portal_received_at"], ground.skew)
    seen, read = known_until(cases, ground.windows, ground.as_of)
    unread = cases["case_code"].isin(ground.unreadable) | ~read | ((seen < ground.as_of) & (seen < since))
    return pd.DataFrame({"since": since, "seen": seen, "unread": unread})


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
            "cause": pd.Series("two records", index=doubled.index, dtype="string[pyarrow]"),
            "agency_code": pd.Series(pd.NA, index=doubled.index, dtype="string[pyarrow]"),
            "procedure_code": pd.Series(pd.NA, index=doubled.index, dtype="string[pyarrow]"),
            "since": pd.Series(pd.NaT, index=doubled.index, dtype="datetime64[us, UTC]"),
            "verdict": "confirmed",
        }
    )


def _with_leading(findings: pd.DataFrame) -> pd.DataFrame:
    """Mark the first kind, by precedence, of each case."""
    rank = findings["kind"].map({str(kind): place for kind, place in PRECEDENCE.items()})
    keys = pa.table({"case_code": pa.array(findings["case_code"]), "rank": pa.array(rank)})
    order = pc.sort_indices(
        keys, sort_keys=[("case_code", "ascending"), ("rank", "ascending")]
    )  # a fifth of pandas' time
    ordered = findings.take(order.to_numpy()).reset_index(drop=True)
    nobody = pd.Series(pd.NA, index=ordered.index, dtype="string[pyarrow]")
    return ordered.assign(leading=~ordered["case_code"].duplicated(), suppression_id=nobody)
