"""The city's case as the portal's record: what is sent, and what of a record that the portal has is replaced.

Source: wire contract, section 3 (fields, code lists, all scalars as text, empty is "", 14-digit times in Vietnam's wall
clock) and 8 (notes over 2000 characters made pushes fail). A time is sent as exactly as the city wrote it: the minute
or the day gets no seconds that nobody wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson
import pandas as pd

from schemas.repair import PUSHED
from schemas.wire import NOTE_MAX_CHARACTERS
from tasks.rules.amounts import parse_dong
from tasks.rules.nested import extension_of
from tasks.rules.times import parse

Record = dict[str, Any]
Facts = Mapping[str, Any]

_FORMS: Final = {0: "%Y%m%d%H%M%S", 1: "%Y%m%d%H%M", 2: "%Y%m%d"}
_ENTERPRISES: Final = frozenset({"business", "enterprise", "2"})
_LOCAL_PORTAL, _AT_THE_DESK, _BY_POST = "2", "0", "1"
_POSTED: Final = 3
LONGEST_SUMMARY: Final = 1_000


def whole_record(case: Facts, landed: Facts, names: Mapping[str, str]) -> Record:
    """All fields of `DongBoHoSoMC` that the city can say, for a case that the portal does not have.

    `case` is the city's canonical case, `landed` its row of the landing zone (names, numbers and lists are there
    alone), `names` has `case_code`, `agency_name`, `procedure_name`, `field_code`, `field_name` as the portal writes
    them. Holds personal data.
    """
    lists = extension_of(landed["site_extension"])
    personal = {name: _text(landed.get(name)) for name in ("applicant_name", "applicant_id_no", "phone", "email")}
    return {
        "MaHoSo": names["case_code"],
        "MaTTHC": _text(case["procedure_code"]),
        "TenTTHC": names["procedure_name"],
        "MaLinhVuc": names["field_code"],
        "TenLinhVuc": names["field_name"],
        "KenhThucHien": _text(case["submission_channel"]),
        "ChuHoSo": personal["applicant_name"],
        "LoaiDoiTuong": "2" if _text(landed.get("applicant_type")) in _ENTERPRISES else "1",
        "Email": personal["email"],
        "SoDienThoai": personal["phone"],
        "TrichYeuHoSo": names["procedure_name"][:LONGEST_SUMMARY],
        "NgayNopHoSo": wire_time(case["submitted_at"], 0),
        "NgayTiepNhan": wire_time(case["received_at"], case["received_precision"]),
        "NgayHenTra": wire_time(case["due_at"], case["due_precision"]),
        "NgayKetThucXuLy": wire_time(case["finished_at"], case["finished_precision"]),
        "NgayTra": wire_time(case["returned_at"], case["returned_precision"]),
        "TrangThaiHoSo": _text(case["status_code"]),
        "HinhThuc": _BY_POST if case["submission_channel"] == _POSTED else _AT_THE_DESK,
        "DonViXuLy": names["agency_name"],
        "GhiChu": _text(landed.get("note"))[:NOTE_MAX_CHARACTERS],
        "SoGiayToChuHoSo": personal["applicant_id_no"],
        "NoiNopHoSo": _LOCAL_PORTAL,
        "HoSoCoThanhPhanSoHoa": _flag(case["has_digitised_component"]),
        "TaiKhoanDuocXacThucVoiVNeID": _flag(case["account_verified_vneid"]),
        "DuocThanhToanTrucTuyen": _text(case["online_payment"]),
        **{name: [item(each) for each in lists[own]] for name, (own, item) in _LISTS.items()},
    }


def correction(whole: Record, city: Facts, portal: Facts, record: Record, own_number: str) -> tuple[Record, list[str]]:
    """The portal's own `record` with the city's values where their facts differ, and the names of these fields.

    `city`, `portal` are the facts of PUSHED of either side. `own_number` is the portal's field for its own number of a
    record; it is no field of a push.
    """
    changed = [name for name, facts in PUSHED.items() if any(_apart(city[fact], portal[fact]) for fact in facts)]
    kept = {name: "" if value is None else value for name, value in record.items() if name != own_number}
    return kept | {name: whole[name] for name in changed}, changed


def wire_time(at: Any, precision: Any) -> str:
    """An instant in the portal's form, as exactly as it was written (a `Precision`); "" where there is none."""
    if pd.isna(at):
        return ""
    form = _FORMS[0 if pd.isna(precision) else int(precision)]
    return pd.Timestamp(at).tz_convert("Asia/Ho_Chi_Minh").strftime(form)


def _apart(a: Any, b: Any) -> bool:
    if pd.isna(a) or pd.isna(b):
        return bool(pd.isna(a)) != bool(pd.isna(b))
    return bool(a != b)


def _text(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)


def _flag(value: Any) -> str:
    return "1" if not pd.isna(value) and bool(value) else "0"


def _said(item: Facts, name: str) -> str:
    value = item.get(name)
    return "" if value is None else value if isinstance(value, str) else orjson.dumps(value).decode()


def _time_of(item: Facts, name: str) -> str:
    found = parse(pd.Series([_said(item, name)], dtype="string[pyarrow]")).iloc[0]
    return wire_time(found["at"], found["precision"])


def _fee(item: Facts) -> Record:
    said = _said(item, "amount")
    read = parse_dong(pd.Series([said], dtype="string[pyarrow]")).iloc[0]
    amount = said if pd.isna(read["amount"]) else str(int(read["amount"]))
    return {"TenPhiLePhi": _said(item, "name"), "MaPhiLePhi": _said(item, "code"), "Gia": amount}


def _paper(item: Facts) -> Record:
    return {
        "TenTepDinhKem": _said(item, "name"),
        "IsDeleted": "False",
        "MaThanhPhanHoSo": _said(item, "code"),
        "DuocSoHoa": _said(item, "digitised"),
        "DuocTaiSuDung": _said(item, "reused"),
        "DuocLayTuKhoDMQG": _said(item, "fromStore"),
    }


def _result(item: Facts) -> Record:
    return {
        "TenGiayTo": _said(item, "name"),
        "MaGiayToKetQua": _said(item, "code"),
        "DuongDanTepTinKetQua": _said(item, "url"),
    }


def _supplement(item: Facts) -> Record:
    return {"NgayBoSung": _time_of(item, "requestedAt"), "NgayTiepNhanBoSung": _time_of(item, "answeredAt")}


def _database(item: Any) -> Record:
    return {"MaCSDL": item if isinstance(item, str) else orjson.dumps(item).decode()}


_LISTS: Final[Mapping[str, tuple[str, Callable[[Any], Record]]]] = {
    "TaiLieuNop": ("components", _paper),
    "DanhSachLePhi": ("fees", _fee),
    "DanhSachGiayToKetQua": ("results", _result),
    "DanhSachHoSoBoSung": ("supplements", _supplement),
    "DSKetNoiCSDL": ("databases", _database),
}
"""List of the portal's record -> list of the city's extension, and how one of its items is written."""
