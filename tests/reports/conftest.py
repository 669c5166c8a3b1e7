"""A month of a middling city: about 40 agencies, 12 months, every kind of mismatch, and one hostile name."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from schemas.codes import QuarantineReason
from schemas.findings import (
    AgencyFindings,
    Fault,
    Findings,
    IndicatorScore,
    KindCount,
    KindPoints,
    MeasuredLag,
    MismatchLine,
    MonthScore,
    PublishedLine,
    QuarantineCount,
    RunFacts,
    SideCounts,
    StepTiming,
)
from schemas.mismatch import KINDS, Kind, Verdict
from schemas.scorecard import INDICATORS
from tasks.rules.score import points, rounded

HOSTILE = '<b>Phường "Láng" & Co</b>|=1+1'
WARDS = """Hoàn Kiếm, Cửa Nam, Ba Đình, Ngọc Hà, Giảng Võ, Hai Bà Trưng, Vĩnh Tuy, Bạch Mai, Đống Đa, Kim Liên, Láng Hạ,
Ô Chợ Dừa, Hồng Hà, Lĩnh Nam, Hoàng Mai, Vĩnh Hưng, Tương Mai, Định Công, Yên Sở, Thanh Xuân, Khương Đình, Phương Liệt,
Cầu Giấy, Nghĩa Đô, Yên Hoà, Tây Hồ, Phú Thượng, Tây Tựu, Xuân Đỉnh, Từ Liêm, Xuân Phương, Đại Mỗ, Long Biên, Bồ Đề"""
OFFICES = [f"UBND phường {ward}" for ward in WARDS.replace("\n", " ").split(", ")] + [
    "Sở Tư pháp",
    "Sở Nông nghiệp và Môi trường",
    "Sở Xây dựng",
]
KIND_SIZES = (34, 11, 9, 2_410, 318, 1_204, 3_870, 96, 141, 5_220, 87, 260, 410, 690, 520, 1_730, 610, 940, 150)
COSTS = {
    Kind.PHANTOM_OVERDUE: "1.1043",
    Kind.MISSING_ON_PORTAL: "0.4127",
    Kind.RESULT_MISSING: "0.2210",
    Kind.STATUS_REWRITTEN: "0.1035",
    Kind.DIGITISATION_DIFFERS: "0.0581",
    Kind.PAYMENT_DIFFERS: "0.0312",
    Kind.HIDDEN_OVERDUE: "-0.0274",
}


def score(code: str, city: int, portal: int, cases: int, held: int) -> IndicatorScore:
    city_points = rounded(points(INDICATORS[code], city, cases))
    portal_points = rounded(points(INDICATORS[code], portal, held))
    return IndicatorScore(
        indicator=code,
        city_numerator=city,
        city_denominator=cases,
        city_points=city_points,
        portal_numerator=portal,
        portal_denominator=held,
        portal_points=portal_points,
        gap=city_points - portal_points,
    )


def agency(place: int, name: str, dice: random.Random) -> AgencyFindings:
    cases = dice.randint(900, 5_200)
    held = cases - dice.randint(0, 140)
    late, late_on_portal = dice.randint(0, 30), dice.randint(30, 260)
    return AgencyFindings(
        agency_code=f"H26.{place + 20}",
        agency_name=name,
        city_cases=cases,
        portal_cases=held,
        mismatches=dice.randint(60, 820),
        missing_on_portal=cases - held,
        phantom_overdue=late_on_portal - late,
        overdue_in_city=late,
        overdue_on_portal=late_on_portal,
        scores=[score("ON_TIME", cases - late, held - late_on_portal, cases, held)],
        points_lost=Decimal(late_on_portal - late) / 2000,
        own_gap=Decimal(late_on_portal - late) / 100,
        own_parts=[
            KindPoints(kind="phantom_overdue", points=Decimal(late_on_portal - late) / 90),
            KindPoints(kind="unread", points=Decimal(late - late_on_portal) / 900),
        ],
    )


PUBLISHED = {
    "period": "2026-09",
    "unit": "H26.20",
    "indicator": "ON_TIME",
    "published_numerator": 900,
    "published_denominator": 1_000,
    "published": Decimal("18.00"),
    "recomputed_numerator": 912,
    "recomputed_denominator": 1_000,
    "recomputed": Decimal("18.24"),
    "difference": Decimal("0.24"),
    "cause": "city_report/1",
}
UNKNOWN = dict.fromkeys(("recomputed_numerator", "recomputed_denominator", "recomputed", "difference"))


def mismatch(place: int, dice: random.Random) -> MismatchLine:
    kind, field, city, portal = (
        ("phantom_overdue", "due_at", "2026-09-21T10:00:00+00:00", "2026-09-14T10:00:00+00:00"),
        ("missing_on_portal", "case_code", None, None),
        ("status_rewritten", "status_code", "5", "9"),
        ("result_missing", "has_result", "true", "false"),
        ("channel_differs", "submission_channel", "2", "1"),
    )[place % 5]
    return MismatchLine(
        case_code=f"H26.{20 + place}-2609{1 + place % 28:02}-{dice.randint(1000, 9999)}",
        kind=kind,
        field=field,
        city_value=city,
        portal_value=portal,
        verdict=Verdict.CONFIRMED if place % 3 else Verdict.LATE,
        agency_code=f"H26.{20 + place}" if place else None,
        since=datetime(2026, 9, 3, 2, 15, tzinfo=UTC) + timedelta(hours=7 * place),
        points_lost=Decimal("0.000216") - Decimal(place) / 10**6,
    )


@pytest.fixture(scope="session")
def findings() -> Findings:
    dice = random.Random(766)
    cases, held = 132_408, 129_684
    scores = [
        score("DOSSIER_SYNC", cases, held, cases, cases),
        score("ON_TIME", 131_720, 122_950, cases, held),
        score("payment_A", 61_210, 58_004, 74_100, 72_630),
        score("ORIGINAL_RESULT_AVAILABLE", 118_002, 111_240, cases, held),
        score("SO_HOA_GIAY_TO_GIAI_QUYET", 84_330, 80_012, cases, held),
        score("REUSED_DIGITIZED_DATA", 40_100, 38_800, cases, held),
        score("3.3", 84_020, 82_100, cases, held),
        score("DOSSIER_RECEIVING_SATISFACTION", 131_700, 122_900, cases, held).model_copy(
            update={"city_numerator": None, "city_denominator": None, "city_points": None, "gap": None}
        ),
    ]
    kinds = [
        KindCount(
            kind=kind,
            confirmed=size * 6 // 10,
            late=size // 5,
            in_flight=size // 10,
            unknown=size // 50,
            opened=size // 8,
            resolved=size // 9,
            points_lost=Decimal(COSTS.get(kind, "0")),
        )
        for kind, size in zip(KINDS, KIND_SIZES, strict=True)
    ]
    months = [
        MonthScore(
            month=date(2025 + (9 + n) // 12, (9 + n) % 12 + 1, 1),
            scores=[
                score("ON_TIME", 9_930 + dice.randint(0, 50), 9_000 + 45 * n + dice.randint(0, 300), 10_000, 10_000)
            ],
        )
        for n in range(12)
    ]
    sides = [
        SideCounts(
            side=side,
            extracted=sum(parts),
            loaded=parts[0],
            unchanged=parts[1],
            duplicate=parts[2],
            quarantined=parts[3],
            gone=41,
        )
        for side, parts in (("city", (9_418, 122_870, 120, 594)), ("portal", (8_702, 121_050, 98, 527)))
    ]
    quarantine = [
        QuarantineCount(
            side="city" if place % 2 else "portal",
            reason=reason,
            rows=dice.randint(3, 240),
            case_codes=[f"H26.3-260901-{place:04}", f"H26.9 -260917-{place:04}"],
        )
        for place, reason in enumerate(QuarantineReason)
    ]
    steps = [
        StepTiming(step=step, seconds=seconds, rows=263_379, peak_mb=peak)
        for step, seconds, peak in (
            ("extract", 41.2, 210.0),
            ("validate", 6.4, 480.5),
            ("clean", 2.9, 520.1),
            ("load", 3.3, 610.8),
            ("reconcile", 1.1, 402.0),
            ("score", 0.7, 390.4),
        )
    ]
    return Findings(
        run=RunFacts(
            run_id="2026-10-01T01-00-00Z-7f3a",
            as_of=datetime(2026, 10, 1, 1, 0, tzinfo=UTC),
            start=date(2026, 9, 1),
            end=date(2026, 10, 1),
            code_version="0.1.0",
            canonical_version=1,
            rules_version=1,
        ),
        sides=sides,
        kinds=kinds,
        quarantine=quarantine,
        scores=scores,
        months=months,
        agencies=[agency(place, name, dice) for place, name in enumerate([*OFFICES, HOSTILE])],
        top_mismatches=[mismatch(place, dice) for place in range(25)],
        mismatch_total=16_514,
        text_findings=2_318,
        lags=[
            MeasuredLag(
                direction="to_portal", observations=12_345, p50_seconds=119, p99_seconds=1_801, deadline_seconds=30_240
            )
        ],
        faults=[
            Fault(
                field="due_at",
                cause="shift +07:00",
                agency_code=None,
                procedure_code=None,
                rows=3_012,
                agencies=31,
                procedures=140,
                points=Decimal("0.9"),
            ),
            Fault(
                field="procedure_code",
                cause="suffix kept",
                agency_code="H26.20",
                procedure_code="1.000001",
                rows=120,
                agencies=1,
                procedures=1,
                points=Decimal(0),
            ),
        ],
        steps=steps,
        published=[
            PublishedLine.model_validate(PUBLISHED),
            PublishedLine.model_validate(PUBLISHED | UNKNOWN | {"unit": "H26.999", "cause": ""}),
            PublishedLine.model_validate(PUBLISHED | {"indicator": "3.3", "difference": 0, "cause": "matches"}),
        ],
        other_scores={"city_report/1": scores[:2]},
    )
