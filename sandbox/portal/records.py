"""A page of the portal's case records: the 38 fields of ``DongBoHoSoMC`` in its extended form, plus ``idHoSo``.

All scalars travel as texts, codes and flags included; times as ``yyyyMMddHHmmss``; an empty value as "". ``DonViXuLy``
is a name, not a code. Lists that depend on the procedure and a few flags only are built once and shared by records:
treat a record's lists as read-only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sandbox.cases.applicants import Applicants
from sandbox.cases.codes import CodeBook
from sandbox.catalogue import Catalogue
from sandbox.columns import NO_TIME, Background, Facts, Ints, Rows
from sandbox.documents import FLAGS
from sandbox.portal.lists import CaseLists
from sandbox.side import Side
from sandbox.spelling import AgencySpelling, EmptySpelling, TimeSpelling, spell_agency, spell_empty
from sandbox.wire import TimeText

OPTIONAL_KEYS = ("SoDienThoai", "Email", "GhiChu", "NgayTra", "Fax", "SoBienNhan")
MINUTE_KEYS = ("NgayTiepNhan", "NgayHenTra", "NgayKetThucXuLy")
PLACE_NATIONAL, PLACE_LOCAL = "1", "2"


def record_ids(rows: Ints) -> Ints:
    """Ten-digit identifiers in no visible order: a bijection of the 32-bit numbers, shifted."""
    return (rows * 2_654_435_761 + 12_345) % (1 << 32) + 1_000_000_000


class PortalRecords:
    """Renders rows of the portal's side."""

    def __init__(
        self, side: Side, background: Background, catalogue: Catalogue, book: CodeBook, text: TimeText
    ) -> None:
        self.side, self.background, self.book, self.text = side, background, book, text
        self._procedures = catalogue.procedures
        self._codes = [[p.code, f"{p.code}.H26"] for p in catalogue.procedures]
        self._names = [[spell_agency(a.name, s) for a in catalogue.agencies] for s in AgencySpelling]
        self._lists = CaseLists(catalogue, text)

    def render(self, rows: Rows) -> list[dict[str, Any]]:
        page = self._columns(rows, self.side.facts.take(rows), self.background.take(rows))
        keys = tuple(page)
        records = [dict(zip(keys, values, strict=True)) for values in zip(*page.values(), strict=True)]
        self._respell(rows, records)
        return records

    def _columns(self, rows: Rows, facts: Facts, back: Background) -> dict[str, list[Any]]:
        """All keys of a case record in the order of the contract, each as the list of its values over the page."""
        people, codes = Applicants.of(back), self.book.texts(facts.code)
        times, spelling, empty = self.text.portal, self.side.spelling.take(rows), [""] * len(rows)
        stated = [self._procedures[p] for p in facts.procedure.tolist()]
        online = [c == 2 for c in facts.channel.tolist()]
        components, databases = self._lists.components(facts, back), self._lists.databases(back)
        return {
            "idHoSo": [str(i) for i in record_ids(rows).tolist()],
            "MaHoSo": codes,
            "MaTTHC": [
                self._codes[p][s] for p, s in zip(facts.procedure.tolist(), facts.local_suffix.tolist(), strict=True)
            ],
            "TenTTHC": [p.name for p in stated],
            "MaLinhVuc": [p.field_code for p in stated],
            "TenLinhVuc": [p.field_name for p in stated],
            "KenhThucHien": [
                "" if b else str(c)
                for c, b in zip(facts.channel.tolist(), spelling.blank_channel.tolist(), strict=True)
            ],
            "SoBienNhan": empty,
            "ChuHoSo": people.names,
            "LoaiDoiTuong": ["2" if e else "1" for e in people.enterprise],
            "MaDoiTuong": [f"TECH{i}" if o else "" for i, o in zip(people.identities, online, strict=True)],
            "ThongTinKhac": empty,
            "Email": people.mails,
            "Fax": people.phones,
            "SoDienThoai": people.phones,
            "TrichYeuHoSo": [f"{p.name} - {n}" for p, n in zip(stated, people.names, strict=True)],
            "NgayTiepNhan": times(facts.received),
            "NgayHenTra": times(facts.due),
            "TrangThaiHoSo": [str(s) for s in facts.status.tolist()],
            "NgayTra": times(facts.returned),
            "ThongTinTra": empty,
            "HinhThuc": ["1" if c == 3 else "0" for c in facts.channel.tolist()],
            "NgayKetThucXuLy": times(facts.finished),
            "DonViXuLy": [
                self._names[s][a] for s, a in zip(spelling.agency.tolist(), facts.agency.tolist(), strict=True)
            ],
            "GhiChu": people.notes,
            "TaiLieuNop": components,
            "DanhSachLePhi": self._lists.fees(facts, back, spelling),
            "DanhSachTepDinhKemKhac": [[] for _ in codes],
            "DanhSachHoSoBoSung": self._lists.supplements(facts),
            "DanhSachGiayToKetQua": self._lists.results(facts, back, codes),
            "SoGiayToChuHoSo": people.identities,
            "NoiNopHoSo": [PLACE_NATIONAL if o else PLACE_LOCAL for o in online],
            "HoSoCoThanhPhanSoHoa": [FLAGS[d] for d in facts.digitised.tolist()],
            "TaiKhoanDuocXacThucVoiVNeID": [FLAGS[v] for v in facts.vneid.tolist()],
            "DuocThanhToanTrucTuyen": [
                "" if b else str(p)
                for p, b in zip(facts.payment.tolist(), spelling.blank_payment.tolist(), strict=True)
            ],
            "NgayTuChoi": times(np.where(facts.status == 3, facts.finished, NO_TIME)),
            "NgayNopHoSo": times(facts.submitted),
            "DinhDanhCHS": self._lists.identities(people),
            "DSKetNoiCSDL": databases,
        }

    def _respell(self, rows: Rows, records: list[dict[str, Any]]) -> None:
        """Precision and emptiness by the row's spelling, then the single values that a fault replaced."""
        spelling = self.side.spelling
        for place in np.flatnonzero(spelling.time[rows] != TimeSpelling.SECONDS).tolist():
            if spelling.time[rows[place]] == TimeSpelling.DUE_DAY:
                records[place]["NgayHenTra"] = records[place]["NgayHenTra"][:8]
            else:
                records[place].update({key: records[place][key][:12] for key in MINUTE_KEYS})
        for place in np.flatnonzero(spelling.empty[rows] != EmptySpelling.TEXT).tolist():
            spell_empty(records[place], OPTIONAL_KEYS, int(spelling.empty[rows[place]]))
        self.side.apply_overrides(records, rows)
