"""The list of everything that was planted: what a correct reconciliation must find, and what it must not report.

Values are texts of the wire. They are read from the very records that are served, so the list cannot say anything
else than the interface does.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from sandbox.city.records import CityRecords
from sandbox.columns import DAY, NO_TIME, Rows
from sandbox.faults.draft import Draft
from sandbox.portal.records import PortalRecords
from sandbox.side import SideName
from sandbox.wire import WIRE_KEYS

Record = dict[str, Any]

#: kinds whose planted difference is itself about the due time: the verdict's kind takes their place
REPLACED_BY_VERDICT = ("due_differs", "finished_differs")
VERDICT_KINDS = ("phantom_overdue", "hidden_overdue")


def _any(items: list[dict[str, str]], key: str) -> str:
    return "1" if any(item[key] not in ("", "0") for item in items) else "0"


def _total(items: list[dict[str, str]], key: str) -> str:
    return str(sum(int(item[key]) for item in items))


CITY_READERS: dict[str, Callable[[Record, Record], str]] = {
    "submission_channel": lambda record, meta: meta["submissionChannel"],
    "online_payment": lambda record, meta: meta["onlinePayment"],
    "fee_total": lambda record, meta: _total(meta["fees"], "amount"),
    "has_digitised_component": lambda record, meta: meta["hasDigitisedComponent"],
    "has_reused_component": lambda record, meta: _any(meta["components"], "reused"),
    "has_stored_component": lambda record, meta: _any(meta["components"], "fromStore"),
    "account_verified_vneid": lambda record, meta: meta["accountVerifiedVneid"],
    "has_result": lambda record, meta: _any(meta["results"], "url"),
}
PORTAL_READERS: dict[str, Callable[[Record], str]] = {
    "submission_channel": lambda record: record["KenhThucHien"],
    "online_payment": lambda record: record["DuocThanhToanTrucTuyen"],
    "fee_total": lambda record: _total(record["DanhSachLePhi"], "Gia"),
    "has_digitised_component": lambda record: record["HoSoCoThanhPhanSoHoa"],
    "has_reused_component": lambda record: _any(record["TaiLieuNop"], "DuocTaiSuDung"),
    "has_stored_component": lambda record: _any(record["TaiLieuNop"], "DuocLayTuKhoDMQG"),
    "account_verified_vneid": lambda record: record["TaiKhoanDuocXacThucVoiVNeID"],
    "has_result": lambda record: _any(record["DanhSachGiayToKetQua"], "DuongDanTepTinKetQua"),
}


def read_city(record: Record, field: str) -> str:
    reader = CITY_READERS.get(field)
    return reader(record, orjson.loads(record["metaData"])) if reader else record[WIRE_KEYS[SideName.CITY][field]]


def read_portal(record: Record, field: str) -> str:
    reader = PORTAL_READERS.get(field)
    return reader(record) if reader else record[WIRE_KEYS[SideName.PORTAL][field]]


class VerdictError(RuntimeError):
    """An honest pair has two verdicts: the sandbox contradicts itself."""


class TruthWriter:
    """Turns the planted rows into the document, adding what follows from them."""

    def __init__(self, draft: Draft, city: CityRecords, portal: PortalRecords) -> None:
        self.draft, self.city, self.portal = draft, city, portal

    def mismatches(self) -> list[Record]:
        flipped = self._flipped_verdicts()
        found: list[Record] = []
        for planted in self.draft.planted:
            replaced = planted.kind in REPLACED_BY_VERDICT
            stays = np.array([not (replaced and row in flipped) for row in planted.rows.tolist()], bool)
            found += self._describe(planted.kind, planted.field, planted.rows[stays])
            if planted.kind not in VERDICT_KINDS:
                by_kind: dict[str, list[int]] = defaultdict(list)
                for row in planted.rows.tolist():
                    if row in flipped:
                        by_kind[flipped[row]].append(row)
                for kind, rows in sorted(by_kind.items()):
                    found += self._describe(kind, planted.field, np.array(rows, np.int64))
        return sorted(found, key=lambda m: (m["kind"], m["case_code"], m["field"]))

    def _flipped_verdicts(self) -> dict[int, str]:
        """Pairs whose two records lead to different verdicts, by the national rule."""
        draft = self.draft
        city, portal = draft.city.facts, draft.portal.facts
        paired = draft.city.held & draft.portal.held & (city.code == portal.code) & (city.status != 1)
        paired[[bad.row for bad in draft.bad_rows]] = False
        paired[draft.doubled] = paired[draft.in_flight] = False
        late, shown_late = draft.judge.overdue(city), draft.judge.overdue(portal)
        flipped = np.flatnonzero(paired & (late != shown_late))
        planted = {row for p in draft.planted for row in p.rows.tolist()}
        honest = [row for row in flipped.tolist() if row not in planted]
        if honest:
            raise VerdictError(f"{len(honest)} honest pairs have two verdicts, the first is row {honest[0]}")
        return {row: "hidden_overdue" if late[row] else "phantom_overdue" for row in flipped.tolist()}

    def _describe(self, kind: str, field: str, rows: Rows) -> list[Record]:
        held_by_city, held_by_portal = self.draft.city.held[rows], self.draft.portal.held[rows]
        city = dict(zip(rows[held_by_city].tolist(), self.city.render(rows[held_by_city]), strict=True))
        portal = dict(zip(rows[held_by_portal].tolist(), self.portal.render(rows[held_by_portal]), strict=True))
        return [
            {
                "case_code": city[row]["dossierNo"] if row in city else portal[row]["MaHoSo"],
                "kind": kind,
                "field": field,
                "city_value": read_city(city[row], field) if row in city else None,
                "portal_value": read_portal(portal[row], field) if row in portal else None,
            }
            for row in rows.tolist()
        ]

    def bad_rows(self) -> list[Record]:
        found = []
        for name, side, renderer, key in (
            (SideName.CITY, self.draft.city, self.city, "dossierNo"),
            (SideName.PORTAL, self.draft.portal, self.portal, "MaHoSo"),
        ):
            bad = [row for row in self.draft.bad_rows if row.side is side]
            records = renderer.render(np.array([row.row for row in bad], np.int64))
            for row, record in zip(bad, records, strict=True):
                found.append(
                    {"side": name.value, "case_code": record.get(key), "reason": row.reason, "field": row.field}
                )
        return found

    def period(self) -> dict[str, str]:
        """First and last day on which either side received a case."""
        sides = (self.draft.city, self.draft.portal)
        received = np.concatenate([side.facts.received[side.held] for side in sides])
        received = received[received > NO_TIME]
        days = (np.array([received.min(), received.max()]) // DAY).astype("datetime64[D]")
        return {"start": str(days[0]), "end": str(days[1])}


def write_truth(document: Record, path: Path) -> None:
    """Beside first, then renamed: a reader sees the whole list or none."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    aside.replace(path)
