"""Vietnamese writing of numbers and times, and the words of the reports that no code list carries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import Final

from schemas.codes import CHANNEL_LABELS, STATUS_LABELS, Label, Side
from schemas.mismatch import Actor, Kind

VIETNAM_TIME: Final = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""UTC+7 without daylight saving since 1975: a fixed offset needs no time zone data on the reader's machine."""

NOTHING: Final = "–"
_SEPARATORS: Final = str.maketrans({",": ".", ".": ",", "-": "−"})

SIDES: Final = MappingProxyType({Side.CITY: Label("Thành phố", "city"), Side.PORTAL: Label("Cổng", "portal")})

OTHER_PARTS: Final = MappingProxyType(
    {
        "unread": Label("Chưa đọc được một bên", "a side could not be read"),
        "uncompared": Label("Trường không đối chiếu", "a column that is not compared"),
    }
)
"""Parts of a gap that no mismatch kind explains."""

ACTORS: Final = MappingProxyType(
    {
        Actor.CITY: Label("Thành phố đẩy lại", Actor.CITY.value),
        Actor.CENTRE: Label("Trung tâm hỏi, quyết định", Actor.CENTRE.value),
        Actor.PORTAL_DESK: Label("Bộ phận hỗ trợ của Cổng", Actor.PORTAL_DESK.value),
        Actor.VENDOR: Label("Nhà cung cấp phần mềm", Actor.VENDOR.value),
        Actor.MAPPING: Label("Sửa bảng ánh xạ mã", Actor.MAPPING.value),
        Actor.PERSON: Label("Xem xét từng hồ sơ", Actor.PERSON.value),
    }
)

MEANINGS: Final = MappingProxyType(
    {
        Kind.DUPLICATE_ON_PORTAL: "một hồ sơ có hai bản ghi trên Cổng",
        Kind.DUPLICATE_IN_CITY: "một hồ sơ có hai bản ghi tại thành phố",
        Kind.AMBIGUOUS: "mã gần giống, cùng thủ tục, đơn vị, ngày và người nộp; chưa chắc là một hồ sơ",
        Kind.MISSING_ON_PORTAL: "thành phố đã tiếp nhận nhưng Cổng không có bản ghi",
        Kind.MISSING_IN_CITY: "Cổng có bản ghi nhưng thành phố không có",
        Kind.STATUS_REWRITTEN: "thành phố đang tạm dừng (5, 6, 8) nhưng Cổng ghi đã xử lý xong (9)",
        Kind.PHANTOM_OVERDUE: "đúng hạn theo thành phố, quá hạn theo Cổng: mất điểm oan",
        Kind.HIDDEN_OVERDUE: "quá hạn theo thành phố, đúng hạn theo Cổng",
        Kind.STATUS_AHEAD: "trạng thái trên Cổng đi trước, hoặc không thể đi tới từ trạng thái của thành phố",
        Kind.STATUS_BEHIND: "trạng thái trên Cổng chậm hơn của thành phố",
        Kind.AGENCY_DIFFERS: "khác đơn vị xử lý, hoặc tên không có trong danh mục",
        Kind.PROCEDURE_DIFFERS: "khác thủ tục, hoặc dùng mã riêng ở chỗ của mã quốc gia",
        Kind.RECEIVED_DIFFERS: "ngày tiếp nhận hai bên khác nhau",
        Kind.DUE_DIFFERS: "ngày hẹn trả khác nhau, kết luận đúng hạn hay quá hạn không đổi",
        Kind.FINISHED_DIFFERS: "ngày kết thúc khác nhau, kết luận đúng hạn hay quá hạn không đổi",
        Kind.RESULT_MISSING: "cả hai bên đã xong, Cổng chưa có kết quả điện tử của thành phố",
        Kind.PAYMENT_DIFFERS: "khác về thanh toán trực tuyến hoặc tổng phí, lệ phí",
        Kind.DIGITISATION_DIFFERS: "khác về một dấu hiệu số hoá được tính điểm",
        Kind.CHANNEL_DIFFERS: "khác kênh nộp hồ sơ",
    }
)

_FIELDS: Final = MappingProxyType(
    {
        "case_code": "Mã hồ sơ",
        "status_code": "Trạng thái",
        "procedure_code": "Thủ tục",
        "agency_code": "Đơn vị",
        "submission_channel": "Kênh nộp",
        "received_at": "Ngày tiếp nhận",
        "due_at": "Ngày hẹn trả",
        "finished_at": "Ngày kết thúc",
        "deadline_at": "Hạn tính điểm",
        "clock_stopped_at": "Lúc dừng tính giờ",
        "online_payment": "Thanh toán trực tuyến",
        "fee_total": "Tổng phí, lệ phí",
        "has_digitised_component": "Có giấy tờ số hoá",
        "has_reused_component": "Có giấy tờ dùng lại",
        "has_stored_component": "Có giấy tờ từ kho cá nhân",
        "account_verified_vneid": "Tài khoản VNeID",
        "has_result": "Kết quả điện tử",
    }
)

_CODES: Final[Mapping[str, Mapping[int, Label]]] = {
    "status_code": {int(code): label for code, label in STATUS_LABELS.items()},
    "submission_channel": {int(code): label for code, label in CHANNEL_LABELS.items()},
}

STEPS: Final = MappingProxyType(
    {
        "extract": "Lấy dữ liệu",
        "validate": "Kiểm tra",
        "clean": "Chuẩn hoá",
        "load": "Nạp kho",
        "reconcile": "Đối chiếu",
        "score": "Chấm điểm",
        "report": "Lập báo cáo",
        "repair": "Sửa trên Cổng",
    }
)


def count(value: int) -> str:
    """1234567 -> 1.234.567"""
    return f"{value:,}".translate(_SEPARATORS)


def points(value: Decimal | None, places: int = 2) -> str:
    """Index points with a decimal comma, halves away from zero; a dash for None."""
    if value is None:
        return NOTHING
    exact = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{exact if exact else abs(exact):,f}".translate(_SEPARATORS)


def number(value: float, places: int = 1) -> str:
    """A measured quantity (seconds, MB) with a decimal comma."""
    return f"{value:,.{places}f}".translate(_SEPARATORS)


def percent(share: Decimal | None) -> str:
    """A share as a percentage with two decimals: 0.9985 -> 99,85%; a dash for None."""
    return NOTHING if share is None else points(share * 100) + "%"


def day(value: date) -> str:
    return f"{value:%d/%m/%Y}"


def month(value: date) -> str:
    return f"{value:%m/%Y}"


def local(value: datetime) -> datetime:
    """The same instant on Vietnam's clock; a time without an offset is UTC, as everywhere in the warehouse."""
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(VIETNAM_TIME)


def moment(value: datetime | None) -> str:
    return NOTHING if value is None else f"{local(value):%d/%m/%Y %H:%M}"


_CAUSES: Final = {
    "never arrived": "chưa tới nơi", "not in city": "thành phố không có", "look-alike code, 1 edit": "mã khác 1 ký tự",
    "look-alike code, 2 edits": "mã khác 2 ký tự",
    "two records": "hai bản ghi", "rewritten to 9": "bị ghi đè thành 9", "lost": "bị mất",
    "absent on portal": "Cổng để trống", "absent in city": "thành phố để trống", "date only": "chỉ còn ngày",
    "seconds cut": "mất giây", "day and month swapped": "đảo ngày và tháng", "other time": "thời gian khác",
    "other value": "giá trị khác", "one status behind": "chậm một trạng thái",
    "several statuses behind": "chậm nhiều trạng thái", "one status ahead": "sớm một trạng thái",
    "several statuses ahead": "sớm nhiều trạng thái", "backwards or astray": "lùi hoặc lạc trạng thái",
    "suffix kept": "còn hậu tố địa phương", "unknown to the catalogue": "tên không có trong danh mục",
    "not composed (NFD)": "chữ tổ hợp (NFD)", "spaces or unseen characters": "khoảng trắng hoặc ký tự ẩn",
    "tone placed otherwise": "khác vị trí dấu", "another letter for Đ": "chữ Đ khác mã",
    "without diacritics or in capitals": "mất dấu hoặc viết hoa", "cut off": "bị cắt",
    "thousandfold": "gấp nghìn lần", "a thousandth": "một phần nghìn",
}  # fmt: skip
_CAUSE_PARTS: Final = (
    ("shift ", "lệch giờ "),
    ("days ", "lệch ngày "),
    ("cut at ", "bị cắt ở "),
    (" became ", " thành "),
)


def cause_label(cause: str) -> Label:
    """A cause's words; one with a number in it is put together, one that is not known keeps its English."""
    if cause in _CAUSES:
        return Label(_CAUSES[cause], cause)
    for english, vietnamese in _CAUSE_PARTS:
        if english in cause:
            return Label(cause.replace(english, vietnamese), cause)
    return Label(cause, cause)


def duration(seconds: int) -> str:
    """A length of time in its largest whole unit up to hours, days from two on."""
    if seconds < 120:
        return f"{seconds} giây"
    if seconds < 7_200:
        return f"{round(seconds / 60)} phút"
    return f"{round(seconds / 3_600)} giờ" if seconds < 172_800 else f"{round(seconds / 86_400)} ngày"


def field_name(field: str) -> str:
    return _FIELDS.get(field, field)


def field_value(field: str, text: str | None) -> str:
    """A side's value as people read it: codes with their label, times on Vietnam's clock; anything else as it is."""
    if text is None:
        return NOTHING
    if field.endswith("_at"):
        try:
            return f"{local(datetime.fromisoformat(text)):%d/%m/%Y %H:%M:%S}"
        except ValueError:
            return text
    if field in _CODES and text.isascii() and text.isdigit():
        names = _CODES[field]
        return f"{text} · {names[int(text)].vi}" if int(text) in names else text
    return {"true": "có", "false": "không"}.get(text.lower(), text)
