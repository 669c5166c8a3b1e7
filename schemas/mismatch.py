"""Mismatch kinds and verdicts: one table, in order of precedence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from schemas.case import DIGITAL_FLAGS
from schemas.codes import Label


class Kind(StrEnum):
    """What a disagreement is. The order is the precedence: the first of a case's kinds is its leading one."""

    DUPLICATE_ON_PORTAL = "duplicate_on_portal"
    DUPLICATE_IN_CITY = "duplicate_in_city"
    AMBIGUOUS = "ambiguous"
    MISSING_ON_PORTAL = "missing_on_portal"
    MISSING_IN_CITY = "missing_in_city"
    STATUS_REWRITTEN = "status_rewritten"
    PHANTOM_OVERDUE = "phantom_overdue"
    HIDDEN_OVERDUE = "hidden_overdue"
    STATUS_AHEAD = "status_ahead"
    STATUS_BEHIND = "status_behind"
    AGENCY_DIFFERS = "agency_differs"
    PROCEDURE_DIFFERS = "procedure_differs"
    RECEIVED_DIFFERS = "received_differs"
    DUE_DIFFERS = "due_differs"
    FINISHED_DIFFERS = "finished_differs"
    RESULT_MISSING = "result_missing"
    PAYMENT_DIFFERS = "payment_differs"
    DIGITISATION_DIFFERS = "digitisation_differs"
    CHANNEL_DIFFERS = "channel_differs"


class Verdict(StrEnum):
    """How far a mismatch is believed."""

    IN_FLIGHT = "in_flight"
    LATE = "late"
    CONFIRMED = "confirmed"
    RESOLVED = "resolved"
    SUPPRESSED = "suppressed"
    UNKNOWN = "unknown"


BELIEVED: Final = (Verdict.LATE, Verdict.CONFIRMED)
"""Verdicts that hold a mismatch against somebody."""

SELECTORS: Final = ("case_code", "kind", "agency_code", "procedure_code", "cause")
"""What an order to set mismatches aside may name; what it does not name is any."""


class Actor(StrEnum):
    """Who has to act."""

    CITY = "city pushes"
    CENTRE = "centre asks or decides"
    PORTAL_DESK = "portal desk"
    VENDOR = "vendor"
    MAPPING = "mapping table"
    PERSON = "person"


@dataclass(frozen=True)
class KindInfo:
    """What people read about a kind, who acts on it, and the columns of the case whose values decide it."""

    label: Label
    meaning: str
    actor: Actor
    fields: tuple[str, ...]


_STATUS: Final = ("status_code",)
_CLOCK: Final = ("clock_stopped_at", "deadline_at", "due_at", "finished_at", "status_code")

KINDS: Final = MappingProxyType(
    {
        Kind.DUPLICATE_ON_PORTAL: KindInfo(
            Label("Trùng trên Cổng", "duplicate on portal"),
            "one case, two records on the portal",
            Actor.CENTRE,
            ("case_code", "record_id"),
        ),
        Kind.DUPLICATE_IN_CITY: KindInfo(
            Label("Trùng tại thành phố", "duplicate in city"),
            "one case, two records in the city",
            Actor.CENTRE,
            ("case_code", "record_id"),
        ),
        Kind.AMBIGUOUS: KindInfo(
            Label("Nghi cùng hồ sơ", "ambiguous"),
            "only a loose match: a look-alike code with the same procedure, agency, day and applicant",
            Actor.PERSON,
            ("case_code", "procedure_code", "agency_code", "received_at", "applicant_fingerprint"),
        ),
        Kind.MISSING_ON_PORTAL: KindInfo(
            Label("Chưa có trên Cổng", "missing on portal"),
            "the city received it and the portal has no record",
            Actor.CITY,
            ("case_code",),
        ),
        Kind.MISSING_IN_CITY: KindInfo(
            Label("Không có tại thành phố", "missing in city"),
            "the portal has a record that the city does not",
            Actor.CENTRE,
            ("case_code",),
        ),
        Kind.STATUS_REWRITTEN: KindInfo(
            Label("Trạng thái bị ghi đè", "status rewritten"),
            "suspended in the city (5, 6, 8), finished (9) on the portal: a known vendor habit",
            Actor.VENDOR,
            _STATUS,
        ),
        Kind.PHANTOM_OVERDUE: KindInfo(
            Label("Quá hạn ảo", "phantom overdue"),
            "on time by the city's record, overdue by the portal's: points lost for nothing",
            Actor.CITY,
            _CLOCK,
        ),
        Kind.HIDDEN_OVERDUE: KindInfo(
            Label("Quá hạn bị che", "hidden overdue"),
            "overdue by the city's record, on time on the portal",
            Actor.CENTRE,
            _CLOCK,
        ),
        Kind.STATUS_AHEAD: KindInfo(
            Label("Trạng thái đi trước", "status ahead"),
            "the portal's status follows the city's on the lifecycle, or cannot be reached from it",
            Actor.PORTAL_DESK,
            _STATUS,
        ),
        Kind.STATUS_BEHIND: KindInfo(
            Label("Trạng thái chậm", "status behind"),
            "the portal's status precedes the city's on the lifecycle",
            Actor.CITY,
            _STATUS,
        ),
        Kind.AGENCY_DIFFERS: KindInfo(
            Label("Lệch đơn vị", "agency differs"),
            "another owner, or a name no catalogue knows",
            Actor.MAPPING,
            ("agency_code",),
        ),
        Kind.PROCEDURE_DIFFERS: KindInfo(
            Label("Lệch thủ tục", "procedure differs"),
            "another procedure, or a local or suffixed code where the national one belongs",
            Actor.MAPPING,
            ("procedure_code",),
        ),
        Kind.RECEIVED_DIFFERS: KindInfo(
            Label("Lệch ngày tiếp nhận", "received differs"),
            "received times differ beyond the coarser side's precision",
            Actor.CITY,
            ("received_at",),
        ),
        Kind.DUE_DIFFERS: KindInfo(
            Label("Lệch ngày hẹn trả", "due differs"),
            "due times differ, the overdue verdict is the same",
            Actor.CITY,
            ("due_at",),
        ),
        Kind.FINISHED_DIFFERS: KindInfo(
            Label("Lệch ngày kết thúc", "finished differs"),
            "finish times differ, the overdue verdict is the same",
            Actor.CITY,
            ("finished_at",),
        ),
        Kind.RESULT_MISSING: KindInfo(
            Label("Thiếu kết quả điện tử", "result missing"),
            "finished on both sides, the city's electronic result is not on the portal",
            Actor.CITY,
            ("has_result",),
        ),
        Kind.PAYMENT_DIFFERS: KindInfo(
            Label("Lệch thanh toán", "payment differs"),
            "online payment or total fee differs",
            Actor.CITY,
            ("online_payment", "fee_total"),
        ),
        Kind.DIGITISATION_DIFFERS: KindInfo(
            Label("Lệch số hoá", "digitisation differs"),
            "a flag that feeds the digitisation group differs",
            Actor.CITY,
            (*DIGITAL_FLAGS, "has_result"),
        ),
        Kind.CHANNEL_DIFFERS: KindInfo(
            Label("Lệch kênh nộp", "channel differs"),
            "submission channel differs",
            Actor.CITY,
            ("submission_channel",),
        ),
    }
)

PRECEDENCE: Final = MappingProxyType({kind: rank for rank, kind in enumerate(Kind)})

VERDICT_LABELS: Final = MappingProxyType(
    {
        Verdict.IN_FLIGHT: Label("Đang truyền", "in flight"),
        Verdict.LATE: Label("Chậm", "late"),
        Verdict.CONFIRMED: Label("Đã xác nhận", "confirmed"),
        Verdict.RESOLVED: Label("Đã xử lý", "resolved"),
        Verdict.SUPPRESSED: Label("Tạm bỏ qua", "suppressed"),
        Verdict.UNKNOWN: Label("Chưa rõ", "unknown"),
    }
)
