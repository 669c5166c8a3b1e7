"""The same city behind a paged system of the Thanh Hoa kind: page numbers from one, a total, national status codes,
times without an offset, and an order without a tie-breaker: rows can repeat or vanish between pages.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import orjson

from sandbox.city.listing import BadRequestError, Selection, read_selection
from sandbox.city.records import STATUS_WORDS

SEARCH, TOKEN = "/api/HoSo", "/api/tokens"
FILTERS = {
    "TiepNhanFrom": "fromReceiveDate", "TiepNhanTo": "toReceiveDate", "HenTraFrom": "fromDueDate",
    "HenTraTo": "toDueDate", "NgayTraFrom": "fromFinishDate", "NgayTraTo": "toFinishDate",
    "NgayNopFrom": "fromSubmitDate", "NgayNopTo": "toSubmitDate",
}  # fmt: skip
SPACE = uuid.UUID("9b2f6f0a-3c67-4a39-8a43-5f0f6d1c0b26")


def read_page(query: Mapping[str, str], most: int) -> tuple[Selection, int, int]:
    """The selection of a page request, with its page number and size. The order is by day of creation, latest first."""
    page, size = _number(query, "PageNumber", 1), min(most, _number(query, "PageSize", 10))
    translated = {FILTERS[key]: _day(value) for key, value in query.items() if key in FILTERS and value}
    codes = [int(code) for code in query.get("MaTrangThai", "").split(",") if code.isdigit()]
    if codes:
        translated["status"] = ",".join(STATUS_WORDS[code] for code in codes if 0 < code < len(STATUS_WORDS))
    if query.get("MaHoSo"):
        translated["dossierNo"] = query["MaHoSo"]
    translated |= {"start": str((page - 1) * size), "end": str(page * size), "sort": "createDate", "order": "desc"}
    return read_selection(translated, most), page, size


def page_of(records: list[dict[str, Any]], page: int, size: int, total: int) -> dict[str, Any]:
    pages = -(-total // size)
    return {
        "data": records,
        "currentPage": page,
        "totalPages": pages,
        "totalCount": total,
        "pageSize": size,
        "hasPreviousPage": page > 1,
        "hasNextPage": page < pages,
    }


def to_paged(record: dict[str, Any]) -> dict[str, Any]:
    """One record of the city in this system's shape. Keys that are absent stay absent."""
    word = record.get("dossierStatus")
    extension = orjson.loads(record["metaData"]) if record.get("metaData") else {}
    made: dict[str, Any] = {
        "id": str(uuid.uuid5(SPACE, record["dossierId"])),
        "donViId": record["govAgencyCode"],
        "tenDonVi": record["govAgencyName"],
        "maTTHC": record["serviceCode"],
        "tenTTHC": record["serviceName"],
        "loaiDoiTuong": "Doanh nghiệp" if record["applicantIdType"] == "business" else "Công dân",
        "chuHoSo": record["applicantName"],
        "soGiayToChuHoSo": record["applicantIdNo"],
        "kenhThucHien": extension.pop("submissionChannel", ""),
        "trangThaiHoSoId": STATUS_WORDS.index(word) if word in STATUS_WORDS[1:] else 0,
        "mucDo": "4",
        "thongTinMoRong": orjson.dumps(extension).decode(),
    }
    times = {
        "ngayNopHoSo": "submitDate", "ngayTiepNhan": "receiveDate", "ngayHenTra": "dueDate",
        "ngayKetThucXuLy": "releaseDate", "ngayTra": "finishDate", "createdOn": "createDate",
        "lastModifiedOn": "modifiedDate",
    }  # fmt: skip
    made |= {name: _iso(record[key]) for name, key in times.items() if key in record}
    renamed = {
        "maHoSo": "dossierNo", "ghiChu": "dossierNote", "soDienThoai": "contactTelNo", "email": "contactEmail"
    }  # fmt: skip
    return made | {name: record[key] for name, key in renamed.items() if key in record}


def _iso(text: str | None) -> str | None:
    """Local ISO 8601; what cannot be read stays as it is, "" becomes null."""
    if not text:
        return None
    form = {19: "%d/%m/%Y %H:%M:%S", 16: "%d/%m/%Y %H:%M"}.get(len(text))
    try:
        moment = datetime.strptime(text, form or "")
    except ValueError:
        return text
    return moment.strftime("%Y-%m-%dT%H:%M:%S" if len(text) == 19 else "%Y-%m-%dT%H:%M")


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text[:10]).strftime("%d/%m/%Y")
    except ValueError as error:
        raise BadRequestError(f"not a date: {text}") from error


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise BadRequestError(f"{name} must be a positive number")
    return int(text)
