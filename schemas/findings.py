"""The frozen result of a run: everything the artifacts, the HTML page, the workbook and the JSON file are drawn from.

Plain data: no frame, no engine, no personal data. A report is rendered from this and from nothing else, so an old run's
report can be drawn again from its stored JSON.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from pydantic import BaseModel, ConfigDict


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RunFacts(_Frozen):
    """Which run, over which received days, with which clock reading."""

    run_id: str
    as_of: datetime
    start: date
    end: date
    code_version: str
    canonical_version: int
    rules_version: int


class SideCounts(_Frozen):
    """Conservation on one side: `extracted = loaded + unchanged + duplicate + quarantined`; rows."""

    side: str
    extracted: int
    loaded: int
    unchanged: int
    duplicate: int
    quarantined: int
    gone: int
    """Versions closed because their window was read again and no longer lists them (not part of the sum)."""


class KindCount(_Frozen):
    """Open mismatches of one kind by verdict, with the points they cost the city."""

    kind: str
    confirmed: int
    late: int
    in_flight: int
    unknown: int
    suppressed: int = 0
    opened: int
    """Opened by this run."""
    resolved: int
    """Resolved by this run."""
    points_lost: Decimal


class Fault(_Frozen):
    """Open mismatches with one fingerprint: `cause` happened to `field`, in one agency or procedure or (None) several.
    One fault, one repair."""

    field: str
    cause: str
    agency_code: str | None
    procedure_code: str | None
    rows: int
    agencies: int
    procedures: int
    points: Decimal


class MeasuredLag(_Frozen):
    """How long changes take to the other side (`direction`), measured over all procedures; seconds."""

    direction: str
    observations: int
    p50_seconds: int
    p99_seconds: int
    deadline_seconds: int


class QuarantineCount(_Frozen):
    """Rows set aside on one side for one reason, with up to ten case codes."""

    side: str
    reason: str
    rows: int
    case_codes: list[str]


class IndicatorScore(_Frozen):
    """One indicator on both sides for one unit and period; numerators, denominators and points. A side is None where
    its inputs are absent."""

    indicator: str
    city_numerator: int | None
    city_denominator: int | None
    city_points: Decimal | None
    portal_numerator: int | None
    portal_denominator: int | None
    portal_points: Decimal | None
    gap: Decimal | None
    """City's points minus the portal's: positive = points lost."""


class ScoreInterval(_Frozen):
    """Points that one indicator can have for the city, whatever the unread cases are. `unread`: cases not counted;
    `stale`: cases counted from an older record."""

    indicator: str
    side: str
    unread: int
    stale: int
    lowest: Decimal
    highest: Decimal


class GapPart(_Frozen):
    """What one mismatch kind costs in one indicator; all parts sum up to the city's gap exactly. `kind` may be `unread`
    or `uncompared`: no mismatch kind explains that part."""

    indicator: str
    kind: str
    points: Decimal


class RepairAdvice(_Frozen):
    """The best list of `pushes` repairs, and the points that the portal's score regains when all of them arrive."""

    pushes: int
    points: Decimal


class KindPoints(_Frozen):
    """What one mismatch kind costs, in points of whoever it stands under."""

    kind: str
    points: Decimal


class PublishedLine(_Frozen):
    """A figure that the portal published against our own count of its copy; `difference` is ours minus theirs, None for
    a unit that has no case here. `cause`: the reading that gives the published figure, empty for none."""

    period: str
    unit: str
    indicator: str
    published_numerator: int | None
    published_denominator: int | None
    published: Decimal
    recomputed_numerator: int | None
    recomputed_denominator: int | None
    recomputed: Decimal | None
    difference: Decimal | None
    cause: str


class AgencyFindings(_Frozen):
    """One agency's line: its cases, its mismatches, its two on-time shares.

    `points_lost`: what its mismatches cost the city. `own_gap`: what its own index loses, and `own_parts` that by kind,
    dearest first; they sum up to it exactly.
    """

    agency_code: str
    agency_name: str
    city_cases: int
    portal_cases: int
    mismatches: int
    missing_on_portal: int
    phantom_overdue: int
    overdue_in_city: int
    overdue_on_portal: int
    scores: list[IndicatorScore]
    points_lost: Decimal
    own_gap: Decimal = Decimal(0)
    own_parts: list[KindPoints] = []


class MonthScore(_Frozen):
    """One month's scores of the whole city."""

    month: date
    scores: list[IndicatorScore]


class MismatchLine(_Frozen):
    """One mismatch as people read it."""

    case_code: str
    kind: str
    field: str
    city_value: str | None
    portal_value: str | None
    verdict: str
    agency_code: str | None
    since: datetime | None
    points_lost: Decimal


class StepTiming(_Frozen):
    """Seconds, rows and peak resident memory (MB) of one step."""

    step: str
    seconds: float
    rows: int
    peak_mb: float


class Findings(_Frozen):
    """The whole result of one daily run."""

    run: RunFacts
    sides: list[SideCounts]
    kinds: list[KindCount]
    quarantine: list[QuarantineCount]
    scores: list[IndicatorScore]
    months: list[MonthScore]
    agencies: list[AgencyFindings]
    top_mismatches: list[MismatchLine]
    mismatch_total: int
    text_findings: int
    """Pairs whose text is equal only at a lower rung of the ladder: data quality, not mismatches."""
    steps: list[StepTiming]
    intervals: list[ScoreInterval] = []
    parts: list[GapPart] = []
    advice: list[RepairAdvice] = []
    published: list[PublishedLine] = []
    other_scores: dict[str, list[IndicatorScore]] = {}
    """The city by other rule sets, by their codes."""
    faults: list[Fault] = []
    lags: list[MeasuredLag] = []
