"""The two wire records, field by field: what each source field is, and under which name we read it.

Every field that is read stands here once. City names are OpenCPS' (`Dossier` as its listing returns it), portal names
are those of `DongBoHoSoMC`, the one-stop case record. All scalars travel as text; `absent`, `null` and `""` are three
values: landing keeps `""` apart from the other two, and the raw payload keeps all three apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from schemas.codes import Side


class WireType(StrEnum):
    """How the text of a field is to be read."""

    TEXT = "text"
    TIME = "time"
    CODE = "code"
    LIST = "list"


@dataclass(frozen=True)
class WireField:
    """One field of a wire record.

    `name` is the field's own spelling, with dots between the keys of nested objects; `column` ours. `required` fields
    must be present as a key on every row; `personal` ones never leave the landing zone except as a keyed fingerprint.
    """

    name: str
    column: str
    type: WireType = WireType.TEXT
    required: bool = False
    personal: bool = False
    number: bool = False


def names(text: str) -> frozenset[str]:
    """The words of a text, as a set of field names."""
    return frozenset(text.split())


_T, _C, _L = WireType.TIME, WireType.CODE, WireType.LIST

CITY_FIELDS: Final = (
    WireField("dossierId", "record_id", required=True),
    WireField("dossierNo", "case_code", required=True),
    WireField("serviceCode", "procedure_code", required=True),
    WireField("serviceName", "procedure_name"),
    WireField("govAgencyCode", "agency_code", required=True),
    WireField("govAgencyName", "agency_name", required=True),
    WireField("applicantName", "applicant_name", personal=True),
    WireField("applicantIdType", "applicant_type"),
    WireField("applicantIdNo", "applicant_id_no", personal=True),
    WireField("contactTelNo", "phone", personal=True),
    WireField("contactEmail", "email", personal=True),
    WireField("submitDate", "submitted_at", _T),
    WireField("receiveDate", "received_at", _T, required=True),
    WireField("dueDate", "due_at", _T, required=True),
    WireField("releaseDate", "finished_at", _T, required=True),
    WireField("finishDate", "returned_at", _T),
    WireField("modifiedDate", "modified_at", _T, required=True),
    WireField("dossierStatus", "status_code", _C, required=True),
    WireField("dossierNote", "note"),
    WireField("metaData", "site_extension", required=True),
)
"""The OpenCPS listing. `metaData` is JSON text: a site's own extension (channel, payment, digitisation, results); its
keys are an assumption of this project, not confirmed for any real site."""

PORTAL_FIELDS: Final = (
    WireField("idHoSo", "record_id"),
    WireField("MaHoSo", "case_code", required=True),
    WireField("MaTTHC", "procedure_code", required=True),
    WireField("TenTTHC", "procedure_name"),
    WireField("MaLinhVuc", "field_code"),
    WireField("TenLinhVuc", "field_name"),
    WireField("KenhThucHien", "channel", _C),
    WireField("ChuHoSo", "applicant_name", personal=True),
    WireField("LoaiDoiTuong", "applicant_type"),
    WireField("Email", "email", personal=True),
    WireField("SoDienThoai", "phone", personal=True),
    WireField("NgayTiepNhan", "received_at", _T, required=True),
    WireField("NgayHenTra", "due_at", _T, required=True),
    WireField("TrangThaiHoSo", "status_code", _C, required=True),
    WireField("NgayTra", "returned_at", _T),
    WireField("NgayKetThucXuLy", "finished_at", _T, required=True),
    WireField("DonViXuLy", "agency_name", required=True),
    WireField("GhiChu", "note"),
    WireField("TaiLieuNop", "components", _L),
    WireField("DanhSachLePhi", "fees", _L),
    WireField("DanhSachHoSoBoSung", "supplements", _L),
    WireField("DanhSachGiayToKetQua", "results", _L),
    WireField("SoGiayToChuHoSo", "applicant_id_no", personal=True),
    WireField("HoSoCoThanhPhanSoHoa", "has_digitised_component", _C),
    WireField("TaiKhoanDuocXacThucVoiVNeID", "account_verified_vneid", _C),
    WireField("DuocThanhToanTrucTuyen", "online_payment", _C),
    WireField("NgayNopHoSo", "submitted_at", _T),
    WireField("DSKetNoiCSDL", "databases", _L),
)
"""The portal's case record. `idHoSo`, the record's own number, is not in the published 38 fields; a listing that has
none is read with `portal_record_id_field` empty, and then two rows with one code cannot be told from one row read
twice."""

FIELDS: Final = MappingProxyType({Side.CITY: CITY_FIELDS, Side.PORTAL: PORTAL_FIELDS})

NOTE_MAX_CHARACTERS: Final = 2000
"""`GhiChu`: longer notes made the synchronisation of real clients fail."""


def columns(side: Side, *, type: WireType | None = None, required: bool | None = None) -> list[str]:
    """Our names of a side's fields, optionally only those of one type or of one obligation."""
    return [
        f.column
        for f in FIELDS[side]
        if (type is None or f.type is type) and (required is None or f.required is required)
    ]
