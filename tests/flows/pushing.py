"""A city's own record as the push that its adapter would send, written from the wire contract and not from the product.

Only what the portal is asked to hold is in it: values as the city has them, in the portal's spelling.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx
import orjson

STATUS = {
    "receiving": "1",
    "new": "2",
    "denied": "3",
    "processing": "4",
    "waiting": "5",
    "paying": "6",
    "cancelled": "7",
    "unresolved": "8",
    "releasing": "9",
    "done": "10",
}


def time(text: str | None) -> str:
    """`dd/MM/yyyy HH:mm:ss` (or to the minute, or the day) as 14, 12 or 8 digits."""
    if not text:
        return ""
    form, digits = {
        19: ("%d/%m/%Y %H:%M:%S", "%Y%m%d%H%M%S"),
        16: ("%d/%m/%Y %H:%M", "%Y%m%d%H%M"),
        10: ("%d/%m/%Y", "%Y%m%d"),
    }[len(text)]
    return f"{datetime.strptime(text, form):{digits}}"


def record(city: Mapping[str, Any], agency_name: str) -> dict[str, Any]:
    """The fields of `DongBoHoSoMC` of one case; `agency_name` as the portal's catalogue writes it."""
    own = orjson.loads(city["metaData"])
    return {
        "MaHoSo": city["dossierNo"],
        "MaTTHC": city["serviceCode"].removesuffix(".H26"),
        "TenTTHC": city["serviceName"],
        "KenhThucHien": own["submissionChannel"],
        "ChuHoSo": city["applicantName"],
        "LoaiDoiTuong": "2" if city["applicantIdType"] == "business" else "1",
        "SoGiayToChuHoSo": city["applicantIdNo"],
        "NgayNopHoSo": time(city.get("submitDate")),
        "NgayTiepNhan": time(city["receiveDate"]),
        "NgayHenTra": time(city["dueDate"]),
        "NgayKetThucXuLy": time(city["releaseDate"]),
        "NgayTra": time(city.get("finishDate")),
        "TrangThaiHoSo": STATUS[city["dossierStatus"]],
        "DonViXuLy": agency_name,
        "HoSoCoThanhPhanSoHoa": own["hasDigitisedComponent"],
        "TaiKhoanDuocXacThucVoiVNeID": own["accountVerifiedVneid"],
        "DuocThanhToanTrucTuyen": own["onlinePayment"],
        "DanhSachLePhi": [{"MaPhiLePhi": fee["code"], "Gia": fee["amount"]} for fee in own["fees"]],
        "TaiLieuNop": [
            {
                "MaThanhPhanHoSo": paper["code"],
                "DuocSoHoa": paper["digitised"],
                "DuocTaiSuDung": paper["reused"],
                "DuocLayTuKhoDMQG": paper["fromStore"],
            }
            for paper in own["components"]
        ],
        "DanhSachGiayToKetQua": [
            {"MaGiayToKetQua": paper["code"], "DuongDanTepTinKetQua": paper["url"]} for paper in own["results"]
        ],
        "DanhSachHoSoBoSung": [
            {"NgayBoSung": time(asked["requestedAt"]), "NgayTiepNhanBoSung": time(asked["answeredAt"])}
            for asked in own["supplements"]
        ],
        "DSKetNoiCSDL": [{"MaCSDL": code} for code in own["databases"]],
    }


def push(portal: str, records: Sequence[dict[str, Any]]) -> None:
    """Send each record as an update, or as a new one where the portal has none. Raises AssertionError when refused."""
    with httpx.Client(base_url=portal) as client:
        login = {"username": "hanoi", "password": "sandbox"}
        session = client.post("/mapi/login", json=login).json()["session"]
        envelope = {"session": session, "madonvi": "000.00.00.H26"}
        for each in records:
            found = client.post("/mapi/g", json=envelope | {"service": "TraCuuHoSo", "mahoso": each["MaHoSo"]}).json()
            updating = {"service": "DongBoHoSoMC", "isUpdating": str(bool(found["result"])), "data": [each]}
            answer = client.post("/mapi/g", json=envelope | updating).json()
            assert str(answer["error_code"]) in {"0", "00"}, answer
