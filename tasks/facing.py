"""Some cases on both sides, outside of a read: the city's as the warehouse has them, the portal's as just answered.

The same rules as on the daily path, over a few records: what agrees here agrees for the next run. They cost as much for
one as for fifty, so they are asked for many at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

    def on_portal(self, records: Sequence[Mapping[str, Any]]) -> list[Seen | None]:
        """Records of the portal, in order; None for one that a run would set aside. They hold personal data, the result
        none."""
        if not records:
            return []
        frame = to_frame(to_table([dict(record) for record in records], PORTAL, _OneRecord(PORTAL)))
        rows = typed(Side.PORTAL, frame, forms=self._forms)
        unread = frame[ABSENT_FIELDS].notna() | rows["status_code"].isna() | rows["case_code"].isna()
        read = (~unread & ~rows[list(_FLAGS)].astype(bool).any(axis=1)).to_numpy(bool)
        rows = rows.loc[read].reset_index(drop=True).assign(window_start=self._as_of.date(), landing_file=None)
        key = self._knobs.fingerprint_key.get_secret_value().encode()
        seen = iter(_seen(Side.PORTAL, rows, to_frame(canonicalise(Side.PORTAL, rows, self._references, key))))
        return [next(seen) if good else None for good in read]

    def in_city(self, cases: pd.DataFrame) -> list[tuple[Seen, dict[str, Any]] | None]:
        """The city's current cases (rows of the warehouse), in order, each with the row of the landing zone that it was
        made of, which holds personal data; None where that row is there no more."""
        landed = self._landed(cases)
        if landed.empty:
            return [None] * len(cases)
        words = self._knobs.city_status_map or STATUS_WORDS[self._knobs.city_adapter]
        rows = typed(Side.CITY, landed.reset_index(drop=True), words, self._forms)
        seen = _seen(Side.CITY, rows, cases.iloc[landed.index].reset_index(drop=True))
        texts = ({str(name): value for name, value in row.items()} for row in landed.to_dict("records"))
        found = dict(zip(landed.index, zip(seen, texts, strict=True), strict=True))
        return [found.get(place) for place in range(len(cases))]

    def _landed(self, cases: pd.DataFrame) -> pd.DataFrame:
        """Rows of the landing zone of those of the cases that have one, by the case's place."""
        zone = Zone.of(self._knobs)
        own = cases["own_code"].fillna(cases["case_code"]).reset_index(drop=True)
        parts = []
        for file, codes in own.groupby(cases["landing_file"].to_numpy()):
            if zone.holds(str(file)):
                rows = to_frame(zone.table(str(file), filters=[("case_code", "in", codes.to_list())]))
                rows = rows.drop_duplicates("case_code", keep="last")
                places = pd.Series(codes.index, index=codes)
                parts.append(rows.set_axis(places.loc[rows["case_code"]].to_numpy()))
        return pd.concat(parts) if parts else pd.DataFrame()

    def kinds(self, pairs: Sequence[tuple[Seen, Seen]]) -> list[list[str]]:
        """The kinds of mismatch between the city's and the portal's case of each pair; none: they agree."""
        if not pairs:
            return []
        places = pd.Series(range(len(pairs)), name="case_code").astype("string[pyarrow]")
        city, portal = (pd.concat([seen.case for seen in side], ignore_index=True) for side in zip(*pairs, strict=True))
        frame = pd.concat([places, city.add_prefix("city_"), portal.add_prefix("portal_")], axis=1)
        found = judge(frame, self._as_of).groupby("case_code")["kind"].unique()
        return [sorted(found.get(place, [])) for place in places]


def _seen(side: Side, rows: pd.DataFrame, cases: pd.DataFrame) -> list[Seen]:
    """Each case with its facts: those of its lists, which the canonical case does not keep, and the canonical ones."""
    of_lists = rows[rows.columns.difference([*columns(side), *cases.columns])]
    facts = zip(of_lists.to_dict("records"), cases.to_dict("records"), strict=True)
    return [
        Seen(cases.iloc[[place]], {str(name): value for name, value in (said | case).items()})
        for place, (said, case) in enumerate(facts)
    ]
