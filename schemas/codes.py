"""Code lists of the exchange, with their Vietnamese and English labels.

Sources: the portal's case record and status list (wire contract of the one-stop exchange, QCVN 120:2019/BTTTT and the
extended record seen since 2023). Codes are integers here; on the wire they are text.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final


class Side(StrEnum):
    """The two systems that are compared; always called by these names."""

    CITY = "city"
    PORTAL = "portal"

    @property
    def other(self) -> Side:
        return Side.PORTAL if self is Side.CITY else Side.CITY


@dataclass(frozen=True)
class Label:
    """What people read: Vietnamese first, English beside it."""

    vi: str
    en: str


class Status(IntEnum):
    """`TrangThaiHoSo` of the portal, 1..10; anything else on the wire is quarantined."""

    REGISTERED = 1
    RECEIVED = 2
    REFUSED = 3
    PROCESSING = 4
    SUPPLEMENT_REQUESTED = 5
    PAYMENT_REQUESTED = 6
    WITHDRAWN = 7
    STOPPED = 8
    FINISHED = 9
    RETURNED = 10


STATUS_LABELS: Final = MappingProxyType(
    {
        Status.REGISTERED: Label("Mới đăng ký", "newly registered"),
        Status.RECEIVED: Label("Được tiếp nhận", "received"),
        Status.REFUSED: Label("Không được tiếp nhận", "refused at intake"),
        Status.PROCESSING: Label("Đang xử lý", "in processing"),
        Status.SUPPLEMENT_REQUESTED: Label("Yêu cầu bổ sung giấy tờ", "supplement requested"),
        Status.PAYMENT_REQUESTED: Label("Yêu cầu thực hiện nghĩa vụ tài chính", "financial obligation requested"),
        Status.WITHDRAWN: Label("Công dân yêu cầu rút hồ sơ", "withdrawn by the applicant"),
        Status.STOPPED: Label("Dừng xử lý", "processing stopped"),
        Status.FINISHED: Label("Đã xử lý xong", "processing finished"),
        Status.RETURNED: Label("Đã trả kết quả", "result returned"),
    }
)

END_STATUSES: Final = frozenset({Status.REFUSED, Status.WITHDRAWN, Status.STOPPED, Status.FINISHED, Status.RETURNED})
"""Statuses with an end event in the national on-time rule ("Mô tả công thức tính chỉ số 766")."""

RESULT_STATUSES: Final = frozenset({Status.FINISHED, Status.RETURNED})
"""Statuses in which a result exists; before them an empty result list is no fault."""

SUSPENDED_STATUSES: Final = frozenset({Status.SUPPLEMENT_REQUESTED, Status.PAYMENT_REQUESTED, Status.STOPPED})
"""City statuses that one vendor rewrites to FINISHED before sending."""

CITY_STATUS_WORDS: Final = MappingProxyType(
    {
        "receiving": Status.REGISTERED,
        "new": Status.RECEIVED,
        "denied": Status.REFUSED,
        "processing": Status.PROCESSING,
        "waiting": Status.SUPPLEMENT_REQUESTED,
        "paying": Status.PAYMENT_REQUESTED,
        "cancelled": Status.WITHDRAWN,
        "unresolved": Status.STOPPED,
        "releasing": Status.FINISHED,
        "done": Status.RETURNED,
    }
)
"""OpenCPS status words to national codes, as one observed client translates them. The mapping is site configuration and
not confirmed (`receiving`/`new` look swapped at first sight), so settings can replace it."""


class Channel(IntEnum):
    """`KenhThucHien`. A missing channel counts as in person (index formula description)."""

    DESK = 1
    ONLINE = 2
    POST = 3


CHANNEL_LABELS: Final = MappingProxyType(
    {
        Channel.DESK: Label("Trực tiếp", "in person"),
        Channel.ONLINE: Label("Trực tuyến", "online"),
        Channel.POST: Label("Bưu chính công ích", "public post"),
    }
)


class OnlinePayment(IntEnum):
    """`DuocThanhToanTrucTuyen`. One client also sends 3 for an unpaid fee row; it is not confirmed and read as NONE."""

    NONE = 0
    PORTAL = 1
    LOCAL_GATEWAY = 2


class QuarantineReason(StrEnum):
    """Why a row cannot be trusted. The first that applies, in this order, leads."""

    NULL_KEY = "null_key"
    MALFORMED_KEY = "malformed_key"
    MISSING_FIELD = "missing_field"
    BAD_STATUS = "bad_status"
    BAD_CODE = "bad_code"
    UNPARSEABLE_TIME = "unparseable_time"
    UNPARSEABLE_AMOUNT = "unparseable_amount"
    UNPARSEABLE_LIST = "unparseable_list"
    RECEIVED_MISSING = "received_missing"
    DUE_BEFORE_RECEIVED = "due_before_received"
    NOTE_TOO_LONG = "note_too_long"
    DUPLICATE_KEY = "duplicate_key"


QUARANTINE_LABELS: Final = MappingProxyType(
    {
        QuarantineReason.NULL_KEY: Label("Không có mã hồ sơ", "no case code"),
        QuarantineReason.MALFORMED_KEY: Label("Mã hồ sơ sai dạng", "malformed case code"),
        QuarantineReason.MISSING_FIELD: Label("Thiếu trường bắt buộc", "a required field is absent"),
        QuarantineReason.BAD_STATUS: Label("Trạng thái ngoài danh mục", "status outside 1..10"),
        QuarantineReason.BAD_CODE: Label("Mã ngoài danh mục", "a code outside its list"),
        QuarantineReason.UNPARSEABLE_TIME: Label("Thời gian không đọc được", "a time that cannot be read"),
        QuarantineReason.UNPARSEABLE_AMOUNT: Label("Số tiền không đọc được", "an amount that cannot be read"),
        QuarantineReason.UNPARSEABLE_LIST: Label("Danh sách không đọc được", "a list that cannot be read"),
        QuarantineReason.RECEIVED_MISSING: Label("Không có ngày tiếp nhận", "received status without a received time"),
        QuarantineReason.DUE_BEFORE_RECEIVED: Label("Hẹn trả trước tiếp nhận", "due before received"),
        QuarantineReason.NOTE_TOO_LONG: Label("Ghi chú quá dài", "note over 2,000 characters"),
        QuarantineReason.DUPLICATE_KEY: Label("Trùng mã hồ sơ", "two records with one case code"),
    }
)
