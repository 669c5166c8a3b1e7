"""One case on both sides, outside of a read: the city's as the warehouse has it, the portal's as it was just answered.

The same rules as on the daily path, over one record: what agrees here agrees for the next run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from schemas.codes import Side
from schemas.systems import PORTAL, STATUS_WORDS
from schemas.wire import columns
from settings import DriftPolicy, Settings
from tasks.rules.canonical import References, canonicalise
from tasks.rules.compare import judge
from tasks.rules.typed import typed
from tasks.rules.workdays import CALENDAR_YEARS, WorkCalendar
from tasks.sources.columns import ABSENT_FIELDS, to_table
from tasks.sources.drift import Change, Drift
from tasks.sources.references import read_references
from tasks.sources.zone import Zone
from tasks.warehouse.bulk import to_frame
from tasks.warehouse.queries import references

_FLAGS = ("time_bad", "code_bad", "list_bad", "amount_bad", "key_bad", "received_absent")


class _OneRecord(Drift):
    """One record shows no format of a page: it is set aside, it stops nothing."""

    def policy(self, change: Change, name: str, *, required: bool, whole_page: bool = False) -> DriftPolicy:
        said = super().policy(change, name, required=required, whole_page=whole_page)
        return "quarantine" if said == "stop" else said


@dataclass(frozen=True)
class Seen:
    """One side's case: `case`, one canonical row, and its `facts` by name (canonical ones, and those of its lists)."""

    case: pd.DataFrame
    facts: Mapping[str, Any]

    @property
    def hash(self) -> str:
        """Of the compared fields, as text."""
        return str(self.case["row_hash"].iloc[0])


class Facing:
    """What cases are judged against, read once for a run."""

    def __init__(self, connection: Connection, knobs: Settings, as_of: datetime) -> None:
        site = read_references(knobs.reference_dir)
        agencies, procedures = references(connection)
        calendar = WorkCalendar(*CALENDAR_YEARS, culture_day_off=knobs.culture_day_off)
        self._references = References(agencies, procedures, calendar, site["agency_aliases"], site["procedure_codes"])
        self._forms = site["case_codes"]
        self._knobs = knobs
        self._as_of = pd.Timestamp(as_of)

    def on_portal(self, record: Mapping[str, Any]) -> Seen | None:
        """A record of the portal; None for one that a run would set aside. It holds personal data, the result none."""
        frame = to_frame(to_table([dict(record)], PORTAL, _OneRecord(PORTAL)))
        rows = typed(Side.PORTAL, frame, forms=self._forms)
        unread = frame[ABSENT_FIELDS].notna() | rows["status_code"].isna() | rows["case_code"].isna()
        if unread.any() or rows[list(_FLAGS)].astype(bool).to_numpy().any():
            return None
        rows = rows.assign(window_start=self._as_of.date(), landing_file=None)
        key = self._knobs.fingerprint_key.get_secret_value().encode()
        case = to_frame(canonicalise(Side.PORTAL, rows, self._references, key))
        return Seen(case, _facts(Side.PORTAL, rows, case))

    def in_city(self, case: pd.DataFrame) -> tuple[Seen, dict[str, Any]] | None:
        """The city's current case (one row of the warehouse) and the row of the landing zone that it was made of, which
        holds personal data; None when that row is there no more."""
        file, code = case["landing_file"].iloc[0], case["own_code"].fillna(case["case_code"]).iloc[0]
        zone = Zone.of(self._knobs)
        if pd.isna(file) or not zone.holds(file):
            return None
        landed = to_frame(zone.table(file, filters=[("case_code", "=", code)])).tail(1).reset_index(drop=True)
        if landed.empty:
            return None
        words = self._knobs.city_status_map or STATUS_WORDS[self._knobs.city_adapter]
        rows = typed(Side.CITY, landed, words, self._forms)
        return Seen(case, _facts(Side.CITY, rows, case)), {str(k): v for k, v in landed.iloc[0].items()}

    def kinds(self, city: Seen, portal: Seen) -> list[str]:
        """The kinds of mismatch between the two; empty: they agree."""
        code = city.case[["case_code"]].reset_index(drop=True)
        ours, theirs = (side.case.reset_index(drop=True) for side in (city, portal))
        pair = pd.concat([code, ours.add_prefix("city_"), theirs.add_prefix("portal_")], axis=1)
        return sorted(set(judge(pair, self._as_of)["kind"]))


def _facts(side: Side, rows: pd.DataFrame, case: pd.DataFrame) -> dict[str, Any]:
    """Facts of the lists, which the canonical case does not keep, and the canonical case."""
    of_lists = {str(name): rows[name].iloc[0] for name in rows.columns.difference([*columns(side), *case.columns])}
    return of_lists | {str(name): case[name].iloc[0] for name in case.columns}
