"""A second opinion on equality: both records folded to what they mean, by code independent of the sandbox's."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Any

import orjson

STATUS_WORDS = [
    "-",
    "receiving",
    "new",
    "denied",
    "processing",
    "waiting",
    "paying",
    "cancelled",
    "unresolved",
    "releasing",
    "done",
]
OTHER_TONES = {"oà": "òa", "oá": "óa", "oả": "ỏa", "oã": "õa", "oạ": "ọa", "uỷ": "ủy", "uý": "úy", "uỳ": "ùy"}


def assert_same(city: dict[str, Any], portal: dict[str, Any]) -> None:
    for field, value in city.items():
        other = portal[field]
        if isinstance(value, str) and field.endswith("_at"):
            precision = min(len(value), len(other))
            assert bool(value) == bool(other), (field, value, other)
            value, other = value[:precision], other[:precision]
        assert value == other, (field, value, other)


def fold_city(record: dict[str, Any]) -> dict[str, Any]:
    meta = orjson.loads(record["metaData"])
    return {
        "status": STATUS_WORDS.index(record["dossierStatus"]) if record["dossierStatus"] in STATUS_WORDS else None,
        "received_at": read_time(record["receiveDate"]),
        "submitted_at": read_time(record["submitDate"]),
        "due_at": read_time(record["dueDate"]),
        "finished_at": read_time(record["releaseDate"]),
        "returned_at": read_time(record.get("finishDate")),
        "agency": _name(record["govAgencyName"]),
        "procedure": record["serviceCode"].removesuffix(".H26"),
        "channel": meta["submissionChannel"] or "1",
        "payment": meta["onlinePayment"] or "0",
        "fees": [_amount(fee["amount"]) for fee in meta["fees"]],
        "digitised": meta["hasDigitisedComponent"],
        "vneid": meta["accountVerifiedVneid"],
        "components": [(c["code"], c["digitised"], c["reused"], c["fromStore"]) for c in meta["components"]],
        "results": [(r["code"], r["url"]) for r in meta["results"]],
        "supplements": [(read_time(s["requestedAt"]), read_time(s["answeredAt"])) for s in meta["supplements"]],
        "applicant": (record["applicantName"], record["applicantIdNo"], record.get("contactEmail") or ""),
        "note": record.get("dossierNote") or "",
    }


def fold_portal(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "status": int(record["TrangThaiHoSo"] or -1),
        "received_at": read_time(record["NgayTiepNhan"]),
        "submitted_at": read_time(record["NgayNopHoSo"]),
        "due_at": read_time(record["NgayHenTra"]),
        "finished_at": read_time(record["NgayKetThucXuLy"]),
        "returned_at": read_time(record.get("NgayTra")),
        "agency": _name(record["DonViXuLy"]),
        "procedure": record["MaTTHC"],
        "channel": record["KenhThucHien"] or "1",
        "payment": record["DuocThanhToanTrucTuyen"] or "0",
        "fees": [_amount(fee["Gia"]) for fee in record["DanhSachLePhi"]],
        "digitised": record["HoSoCoThanhPhanSoHoa"],
        "vneid": record["TaiKhoanDuocXacThucVoiVNeID"],
        "components": [
            (c["MaThanhPhanHoSo"], c["DuocSoHoa"], c["DuocTaiSuDung"], c["DuocLayTuKhoDMQG"])
            for c in record["TaiLieuNop"]
        ],
        "results": [(r["MaGiayToKetQua"], r["DuongDanTepTinKetQua"]) for r in record["DanhSachGiayToKetQua"]],
        "supplements": [
            (read_time(s["NgayBoSung"]), read_time(s["NgayTiepNhanBoSung"])) for s in record["DanhSachHoSoBoSung"]
        ],
        "applicant": (record["ChuHoSo"], record["SoGiayToChuHoSo"], record.get("Email") or ""),
        "note": record.get("GhiChu") or "",
    }


def visible(code: str | None) -> str:
    return "".join(letter for letter in code or "" if letter.isascii() and letter.isprintable())


def read_time(text: str | None) -> str:
    """Digits in the order of the portal, as many as were sent."""
    if not text or "/" not in text:
        return text or ""
    day, _, clock = text.partition(" ")
    try:
        date = datetime.strptime(day, "%d/%m/%Y")
    except ValueError:
        return text
    return f"{date:%Y%m%d}{clock.replace(':', '')}"


def _name(name: str) -> str:
    folded = unicodedata.normalize("NFC", name).replace("\u00d0", "Đ").replace("\u0189", "Đ").replace("\u200b", "")
    for old, new in OTHER_TONES.items():
        folded = folded.replace(old, new)
    return " ".join(folded.split())


def _amount(text: str) -> int:
    return int(text.removesuffix(".0").replace(".", ""))
