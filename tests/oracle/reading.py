"""The oracle's reading: one wire record to what it says, in plain Python.

Slow and obvious, written from the meaning (wire contract, design section 6, docs/reconciliation.md) and sharing no code
with the rules: standard-library times, text and arithmetic only.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from schemas.codes import QuarantineReason, Side

VIETNAM = timezone(timedelta(hours=7))
SECOND, MINUTE, DAY = 0, 1, 2
END = {3, 7, 8, 9, 10}
WELL_FORMED = re.compile(
    r"([0-9]{3}\.[0-9]{2}\.[0-9]{2}\.)?[A-Z][0-9]{2}(\.[0-9]{2,3}){0,3}-([0-9]{6}|[0-9]{8})-([0-9]{4,7}|[0-9A-Z]{2}[0-9]{4})"
)
LAYOUTS = (
    ("%Y%m%d%H%M%S", SECOND), ("%Y%m%d%H%M", MINUTE), ("%Y%m%d", DAY),
    ("%d/%m/%Y %H:%M:%S", SECOND), ("%d/%m/%Y %H:%M", MINUTE), ("%d/%m/%Y", DAY),
    ("%Y-%m-%d %H:%M:%S", SECOND), ("%Y-%m-%d %H:%M", MINUTE), ("%Y-%m-%d", DAY), ("%Y-%m-%dT%H:%M:%S%z", SECOND),
)  # fmt: skip
REQUIRED = {
    Side.CITY: [
        "dossierId",
        "dossierNo",
        "serviceCode",
        "govAgencyCode",
        "govAgencyName",
        "receiveDate",
        "dueDate",
        "releaseDate",
        "modifiedDate",
        "dossierStatus",
        "metaData",
    ],
    Side.PORTAL: ["MaHoSo", "MaTTHC", "NgayTiepNhan", "NgayHenTra", "TrangThaiHoSo", "NgayKetThucXuLy", "DonViXuLy"],
}
NAMES = {
    Side.CITY: {
        "code": "dossierNo", "id": "dossierId", "procedure": "serviceCode", "agency": "govAgencyCode",
        "person": "applicantName", "identity": "applicantIdNo", "note": "dossierNote", "status": "dossierStatus",
        "submitted": "submitDate", "received": "receiveDate", "due": "dueDate", "finished": "releaseDate",
        "returned": "finishDate", "modified": "modifiedDate",
        "channel": "submissionChannel", "payment": "onlinePayment", "digital": "hasDigitisedComponent",
        "verified": "accountVerifiedVneid", "components": "components", "fees": "fees", "results": "results",
        "supplements": "supplements", "databases": "databases",
        "digitised": "digitised", "reused": "reused", "stored": "fromStore", "amount": "amount", "url": "url",
        "asked": "requestedAt", "answered": "answeredAt",
    },
    Side.PORTAL: {
        "code": "MaHoSo", "id": "idHoSo", "procedure": "MaTTHC", "agency": "DonViXuLy",
        "person": "ChuHoSo", "identity": "SoGiayToChuHoSo", "note": "GhiChu", "status": "TrangThaiHoSo",
        "submitted": "NgayNopHoSo", "received": "NgayTiepNhan", "due": "NgayHenTra", "finished": "NgayKetThucXuLy",
        "returned": "NgayTra",
        "channel": "KenhThucHien", "payment": "DuocThanhToanTrucTuyen", "digital": "HoSoCoThanhPhanSoHoa",
        "verified": "TaiKhoanDuocXacThucVoiVNeID", "components": "TaiLieuNop", "fees": "DanhSachLePhi",
        "results": "DanhSachGiayToKetQua", "supplements": "DanhSachHoSoBoSung", "databases": "DSKetNoiCSDL",
        "digitised": "DuocSoHoa", "reused": "DuocTaiSuDung", "stored": "DuocLayTuKhoDMQG", "amount": "Gia",
        "url": "DuongDanTepTinKetQua", "asked": "NgayBoSung", "answered": "NgayTiepNhanBoSung",
    },
}  # fmt: skip


@dataclass(frozen=True)
class References:
    """Agencies as (code, name) pairs, the legal limit of procedures in working days, and which days are such."""

    agencies: Sequence[tuple[str, str]]
    max_days: Mapping[str, int]
    is_working: Callable[[date], bool] = lambda day: day.weekday() < 5


class Unreadable(Exception):
    """A text that cannot be read; the reason that it is set aside for."""

    def __init__(self, reason: QuarantineReason) -> None:
        super().__init__(reason)
        self.reason = reason


TWO_SPELLINGS = ["oà òa", "oá óa", "oả ỏa", "oã õa", "oạ ọa", "oè òe", "oé óe", "uỷ ủy", "uý úy", "uỳ ùy", "Ð Đ", "Ɖ Đ"]

Moment = tuple[datetime, int] | None
"""An instant and the precision in which it was written."""


def moment(text: Any) -> Moment:
    text = "" if text is None else text.strip()
    if not text:
        return None
    for layout, precision in LAYOUTS:
        try:
            at = datetime.strptime(text, layout)
        except ValueError:
            continue
        if at.strftime(layout) == text or "%z" in layout:
            return (at if at.tzinfo else at.replace(tzinfo=VIETNAM)).astimezone(UTC), precision
    raise Unreadable(QuarantineReason.UNPARSEABLE_TIME)


def floor(at: datetime, precision: int) -> datetime:
    local = at.astimezone(VIETNAM)
    return local.replace(
        microsecond=0,
        second=0 if precision >= MINUTE else local.second,
        minute=0 if precision >= DAY else local.minute,
        hour=0 if precision >= DAY else local.hour,
    )


def same(a: Moment, b: Moment) -> bool:
    """Two times are the same when they are at the coarser one's precision."""
    if a is None or b is None:
        return a is b
    coarser = max(a[1], b[1])
    return floor(a[0], coarser) == floor(b[0], coarser)


def latest(at: Moment) -> datetime | None:
    """The last microsecond that a written time can mean; a time with seconds is an instant."""
    if at is None or at[1] == SECOND:
        return at and at[0]
    return at[0] + (timedelta(minutes=1) if at[1] == MINUTE else timedelta(days=1)) - timedelta(microseconds=1)


def dong(value: Any) -> int | None:
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    if not text.strip():
        return None
    whole = re.sub(r"[.,]0{1,2}$", "", text.strip())
    if re.fullmatch(r"[0-9]+|[1-9][0-9]{0,2}(\.[0-9]{3})+|[1-9][0-9]{0,2}(,[0-9]{3})+", whole):
        return int(re.sub("[.,]", "", whole))
    raise Unreadable(QuarantineReason.UNPARSEABLE_AMOUNT)


def items(value: Any) -> list[dict[str, Any]]:
    if value is None or value == "":
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Unreadable(QuarantineReason.UNPARSEABLE_LIST)
    return value


def code_of(value: Any, known: set[str]) -> int | None:
    text = value if value is None or isinstance(value, str) else json.dumps(value)
    if not text:
        return None
    if text not in known:
        raise Unreadable(QuarantineReason.BAD_CODE)
    return int(text)


def plain_name(name: str) -> str:
    """A name without what the first five rungs forgive: Unicode form, spaces, the unseen, tone placement, Đ."""
    composed = unicodedata.normalize("NFC", name)
    seen = "".join(c for c in composed if c.isspace() or unicodedata.category(c) not in ("Cf", "Cc"))
    words = " ".join(seen.split())
    for pair in TWO_SPELLINGS:
        words = words.replace(*pair.split())
    return words


def bare(name: str) -> str:
    """The same without diacritics and case."""
    decomposed = unicodedata.normalize("NFD", plain_name(name).lower().replace("đ", "d"))
    return "".join(c for c in decomposed if unicodedata.category(c) != "Mn")


def probable(code: Any) -> str | None:
    """The case that a malformed code most probably means."""
    if not isinstance(code, str):
        return None
    guess = re.sub(r"\s*[\u2010-\u2015\u2212]\s*", "-", unicodedata.normalize("NFKC", code))
    guess = "".join(c for c in guess if unicodedata.category(c) not in ("Zs", "Zl", "Zp", "Cc", "Cf")).upper()
    return guess if WELL_FORMED.fullmatch(guess) else None


def working_days_after(start: datetime, days: int, is_working: Callable[[date], bool]) -> datetime:
    at = start.astimezone(VIETNAM)
    while days:
        at += timedelta(days=1)
        days -= is_working(at.date())
    return at.astimezone(UTC)
