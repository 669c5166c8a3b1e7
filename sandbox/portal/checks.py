"""What the portal refuses in a pushed case record, as far as clients have met it or the record's description says it.

Scalars travel as texts (codes and flags included), times as 14 digits, of which a client may leave out the seconds or
the clock; a note over 2000 characters makes a push fail.
"""

from __future__ import annotations

from typing import Any

from sandbox.portal.store import LIST_FIELDS, read_time

FAILED = "-1"
STATUSES = frozenset(str(code) for code in range(1, 11))
LENGTHS = {"MaHoSo": 50, "ChuHoSo": 500, "TrichYeuHoSo": 1_000, "GhiChu": 2_000}
NEEDED = ("MaHoSo", "MaTTHC", "TenTTHC", "DonViXuLy")
TIMES = ("NgayHenTra", "NgayTra", "NgayKetThucXuLy", "NgayNopHoSo", "NgayTuChoi")
CODES = {
    "TrangThaiHoSo": STATUSES,
    "KenhThucHien": frozenset({"", "1", "2", "3"}),
    "HoSoCoThanhPhanSoHoa": frozenset({"", "0", "1"}),
    "TaiKhoanDuocXacThucVoiVNeID": frozenset({"", "0", "1"}),
    "DuocThanhToanTrucTuyen": frozenset({"", "0", "1", "2", "3"}),
}


class ServiceError(Exception):
    """The request is refused with a code and a text."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def check_case(record: dict[str, Any]) -> None:
    """Raises ServiceError for the first thing that is wrong with a record."""
    if not record.get("MaHoSo"):
        raise ServiceError(FAILED, "Thiếu mã hồ sơ")
    for name, value in record.items():
        whole = isinstance(value, list) if name in LIST_FIELDS else value is None or isinstance(value, str)
        if not whole:
            raise ServiceError(FAILED, f"{name} không đúng kiểu dữ liệu")
    for name in NEEDED:
        if not record.get(name):
            raise ServiceError(FAILED, f"Thiếu thông tin bắt buộc: {name}")
    if read_time(str(record.get("NgayTiepNhan"))) is None:
        raise ServiceError(FAILED, "Ngày tiếp nhận không hợp lệ")
    for name in TIMES:
        if (text := record.get(name)) and read_time(text) is None and read_time(f"{text}000000") is None:
            raise ServiceError(FAILED, f"{name} không hợp lệ")
    for name, known in CODES.items():
        if (record.get(name) or "") not in known:
            raise ServiceError(FAILED, f"{name} không hợp lệ")
    for name, most in LENGTHS.items():
        if len(record.get(name) or "") > most:
            raise ServiceError(FAILED, f"{name} quá dài")
