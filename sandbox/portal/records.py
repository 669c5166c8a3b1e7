"""A page of the portal's case records: the 38 fields of ``DongBoHoSoMC`` in its extended form, plus ``idHoSo``.

All scalars travel as texts, codes and flags included; times as ``yyyyMMddHHmmss``; an empty value as "". ``DonViXuLy``
is a name, not a code. Lists that depend on the procedure and a few flags only are built once and shared by records:
treat a record's lists as read-only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sandbox.cases.codes import CodeBook
from sandbox.catalogue import Catalogue
from sandbox.columns import NO_TIME, Background, Ints, Rows
from sandbox.documents import FLAGS
from sandbox.page import Columns, RowPage, to_records
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
        self._codes = [[p.code for p in catalogue.procedures], [f"{p.code}.H26" for p in catalogue.procedures]]
        self._names = [[spell_agency(a.name, s) for a in catalogue.agencies] for s in AgencySpelling]
        self._lists = CaseLists(catalogue, text)

    def render(self, rows: Rows) -> list[dict[str, Any]]:
        page = RowPage.of(rows, self.side, self.background, self.book)
        records = to_records(self._filing(page) | self._course(page) | self._contents(page))
        self._respell(rows, records)
        return records

    def _filing(self, page: RowPage) -> Columns:
        """What was filed and by whom (fields 1 to 15 of the contract)."""
        people, empty = page.people, [""] * len(page)
        stated = [self._procedures[p] for p in page.facts.procedure.tolist()]
        return {
            "idHoSo": [str(i) for i in record_ids(page.rows).tolist()],
            "MaHoSo": page.codes,
            "MaTTHC": page.pick(self._codes, "procedure"),
            "TenTTHC": [p.name for p in stated],
            "MaLinhVuc": [p.field_code for p in stated],
            "TenLinhVuc": [p.field_name for p in stated],
            "KenhThucHien": page.channels(),
            "SoBienNhan": empty,
            "ChuHoSo": people.names,
            "LoaiDoiTuong": ["2" if e else "1" for e in people.enterprise],
            "MaDoiTuong": [f"TECH{i}" if o else "" for i, o in zip(people.identities, page.online, strict=True)],
            "ThongTinKhac": empty,
            "Email": people.mails,
            "Fax": people.phones,
            "SoDienThoai": people.phones,
            "TrichYeuHoSo": [f"{p.name} - {n}" for p, n in zip(stated, people.names, strict=True)],
        }

    def _course(self, page: RowPage) -> Columns:
        """Times, status and owner (fields 16 to 24)."""
        facts, times = page.facts, self.text.portal
        return {
            "NgayTiepNhan": times(facts.received),
            "NgayHenTra": times(facts.due),
            "TrangThaiHoSo": [str(s) for s in facts.status.tolist()],
            "NgayTra": times(facts.returned),
            "ThongTinTra": [""] * len(page),
            "HinhThuc": ["1" if c == 3 else "0" for c in facts.channel.tolist()],
            "NgayKetThucXuLy": times(facts.finished),
            "DonViXuLy": page.pick(self._names, "agency"),
            "GhiChu": page.people.notes,
        }

    def _contents(self, page: RowPage) -> Columns:
        """Lists and the fields of the extended record (25 to 38)."""
        facts, lists = page.facts, self._lists
        return {
            "TaiLieuNop": lists.components(page),
            "DanhSachLePhi": lists.fees(page),
            "DanhSachTepDinhKemKhac": [[] for _ in page.codes],
            "DanhSachHoSoBoSung": lists.supplements(facts),
            "DanhSachGiayToKetQua": lists.results(page),
            "SoGiayToChuHoSo": page.people.identities,
            "NoiNopHoSo": [PLACE_NATIONAL if online else PLACE_LOCAL for online in page.online],
            "HoSoCoThanhPhanSoHoa": [FLAGS[d] for d in facts.digitised.tolist()],
            "TaiKhoanDuocXacThucVoiVNeID": [FLAGS[v] for v in facts.vneid.tolist()],
            "DuocThanhToanTrucTuyen": page.payments(),
            "NgayTuChoi": self.text.portal(np.where(facts.status == 3, facts.finished, NO_TIME)),
            "NgayNopHoSo": self.text.portal(facts.submitted),
            "DinhDanhCHS": lists.identities(page.people),
            "DSKetNoiCSDL": lists.databases(page),
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
