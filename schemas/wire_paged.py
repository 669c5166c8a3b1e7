"""The paged system's case record (`HoSo` of a Thanh Hoa type system), as `GET .../HoSo` lists it.

Names begin with a small letter here; some installations write them with a capital (their JSON serialiser decides), and
the client folds that. Not confirmed, and therefore assumptions of this project: `tenDonVi`, and `thongTinMoRong`, a
site extension with the keys of OpenCPS' `metaData`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from schemas.wire import WireField, WireType, names

_T, _C = WireType.TIME, WireType.CODE

FIELDS: Final = (
    WireField("id", "record_id", required=True),
    WireField("maHoSo", "case_code", required=True),
    WireField("maTTHC", "procedure_code", required=True),
    WireField("tenTTHC", "procedure_name"),
    WireField("donViId", "agency_code", required=True),
    WireField("tenDonVi", "agency_name", required=True),
    WireField("chuHoSo", "applicant_name", personal=True),
    WireField("loaiDoiTuong", "applicant_type"),
    WireField("soGiayToChuHoSo", "applicant_id_no", personal=True),
    WireField("soDienThoai", "phone", personal=True),
    WireField("email", "email", personal=True),
    WireField("ngayNopHoSo", "submitted_at", _T),
    WireField("ngayTiepNhan", "received_at", _T, required=True),
    WireField("ngayHenTra", "due_at", _T, required=True),
    WireField("ngayKetThucXuLy", "finished_at", _T, required=True),
    WireField("ngayTra", "returned_at", _T),
    WireField("lastModifiedOn", "modified_at", _T, required=True),
    WireField("trangThaiHoSoId", "status_code", _C, required=True, number=True),
    WireField("ghiChu", "note"),
    WireField("thongTinMoRong", "site_extension", required=True),
)

IGNORED: Final = names(
    """
    maHoSoKhac donViQuanLy kenhThucHien maLinhVuc tenLinhVuc maTruongHop mucDo trichYeuHoSo ngayYeuCauBoSung
    ngayCongDanBoSung ngayTuChoi ngayChuyenXuLy ngayHenTraCaNhan trangThaiBoSung trangThaiTraKq trangThaiSoHoa
    hinhThucTra loaiKetQua trangThaiDongBoDVC laHoSoChungThuc createdOn deletedOn
    """
)

EXTENSION: Final[Mapping[str, str]] = MappingProxyType({"submissionChannel": "kenhThucHien"})
