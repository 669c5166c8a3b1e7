"""Exported files of either side: which header means which field. A new export is a few more lines here, no code.

Headers are compared without case, diacritics and white space; the wire's own field names are understood as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from schemas.codes import Side
from schemas.wire import CITY_FIELDS, PORTAL_FIELDS

_REQUIRED: Final = frozenset(
    {"case_code", "procedure_code", "agency_name", "received_at", "due_at", "finished_at", "status_code"}
)

FIELDS: Final = MappingProxyType(
    {
        side: tuple(replace(field, required=field.column in _REQUIRED) for field in fields)
        for side, fields in ((Side.CITY, CITY_FIELDS), (Side.PORTAL, PORTAL_FIELDS))
    }
)
"""The side's wire record, of which an export must have less."""

LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Mã hồ sơ": "case_code",
        "Số hồ sơ": "case_code",
        "Mã thủ tục": "procedure_code",
        "Mã TTHC": "procedure_code",
        "Tên thủ tục": "procedure_name",
        "Tên TTHC": "procedure_name",
        "Mã cơ quan": "agency_code",
        "Cơ quan": "agency_name",
        "Đơn vị xử lý": "agency_name",
        "Cơ quan giải quyết": "agency_name",
        "Chủ hồ sơ": "applicant_name",
        "Người nộp": "applicant_name",
        "Số giấy tờ": "applicant_id_no",
        "Số điện thoại": "phone",
        "Thư điện tử": "email",
        "Ngày nộp": "submitted_at",
        "Ngày tiếp nhận": "received_at",
        "Ngày hẹn trả": "due_at",
        "Hạn trả": "due_at",
        "Ngày kết thúc xử lý": "finished_at",
        "Ngày có kết quả": "finished_at",
        "Ngày trả": "returned_at",
        "Ngày trả kết quả": "returned_at",
        "Ngày sửa cuối": "modified_at",
        "Trạng thái": "status_code",
        "Trạng thái hồ sơ": "status_code",
        "Kênh thực hiện": "channel",
        "Ghi chú": "note",
    }
)
"""Header of a column in an export -> our column."""

IGNORED_LABELS: Final = frozenset({"STT", "Số thứ tự", "Quá hạn", "Số ngày quá hạn"})
"""Headers that are known and not read; every other header is drift."""
