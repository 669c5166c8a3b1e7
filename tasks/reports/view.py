"""What the reports say, derived once from the findings and drawn by each of them in its own way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from schemas.codes import QUARANTINE_LABELS, Label, QuarantineReason, Side
from schemas.findings import (
    AgencyFindings,
    Fault,
    Findings,
    IndicatorScore,
    KindCount,
    MismatchLine,
    PublishedLine,
    SideCounts,
)
from schemas.mismatch import KINDS, VERDICT_LABELS, Kind, Verdict
from schemas.scorecard import INDICATORS
from tasks.reports.vietnamese import ACTORS, NOTHING, OTHER_PARTS, SIDES, cause_label, count

OPEN_VERDICTS: Final = (Verdict.CONFIRMED, Verdict.LATE, Verdict.IN_FLIGHT, Verdict.UNKNOWN)
"""Verdicts of a mismatch that is still open, most certain first."""


@dataclass(frozen=True)
class Headline:
    """Points on both sides over the indicators that both sides could be scored on, out of `maximum`."""

    city: Decimal
    portal: Decimal
    maximum: Decimal
    indicators: int
    one_sided: tuple[str, ...]
    """Vietnamese names of the indicators left out because a side's inputs are absent."""

    @property
    def gap(self) -> Decimal:
        return self.city - self.portal


@dataclass(frozen=True)
class KindLine:
    """One kind with its words; `share` of the points that all kinds lose, 0..1."""

    counts: KindCount
    label: Label
    actor: Label
    share: Decimal

    @property
    def total(self) -> int:
        return sum(self.by_verdict.values())

    @property
    def by_verdict(self) -> dict[Verdict, int]:
        return {verdict: getattr(self.counts, verdict.value) for verdict in OPEN_VERDICTS}


@dataclass(frozen=True)
class FaultLine:
    """One fault with its words; `where` names the agency and procedure, or counts them."""

    facts: Fault
    cause: Label
    where: str


@dataclass(frozen=True)
class AgencyLine:
    """One agency, its two on-time shares (0..1, None where nothing was counted), `share` of the costliest's points."""

    facts: AgencyFindings
    city_on_time: Decimal | None
    portal_on_time: Decimal | None
    share: Decimal


@dataclass(frozen=True)
class MonthLine:
    """On-time shares of one month on both sides, 0..1."""

    month: date
    city: Decimal | None
    portal: Decimal | None


def last_day(findings: Findings) -> date:
    """The last received day covered: the run's range is half-open, and people read both ends inclusive."""
    return max(findings.run.start, findings.run.end - timedelta(days=1))


def headline(findings: Findings) -> Headline | None:
    """The two sums that people compare; None when no indicator has both sides."""
    both = [s for s in findings.scores if s.city_points is not None and s.portal_points is not None]
    if not both:
        return None
    return Headline(
        city=sum((s.city_points or Decimal(0) for s in both), Decimal(0)),
        portal=sum((s.portal_points or Decimal(0) for s in both), Decimal(0)),
        maximum=sum((INDICATORS[s.indicator].maximum for s in both if s.indicator in INDICATORS), Decimal(0)),
        indicators=len(both),
        one_sided=tuple(indicator_label(s.indicator).vi for s in findings.scores if s not in both),
    )


def bounds(findings: Findings, side: Side) -> tuple[Decimal, Decimal] | None:
    """The lowest and highest sum of points of a side, whatever the unread cases are; None when everything was read."""
    known = {line.indicator: line for line in findings.intervals if line.side == side.value}
    if not known:
        return None
    low, high = Decimal(0), Decimal(0)
    for score in findings.scores:
        own = (score.city_points if side is Side.CITY else score.portal_points) or Decimal(0)
        line = known.get(score.indicator)
        low += line.lowest if line else own
        high += line.highest if line else own
    return low, high


def kind_lines(findings: Findings) -> list[KindLine]:
    """Kinds with anything open, opened or resolved: the costliest first, then the most frequent."""
    total = sum((max(k.points_lost, Decimal(0)) for k in findings.kinds), Decimal(0))
    lines = [KindLine(k, kind_label(k.kind), actor_label(k.kind), _share(k.points_lost, total)) for k in findings.kinds]
    lines = [line for line in lines if line.total or line.counts.opened or line.counts.resolved]
    return sorted(lines, key=lambda line: (-line.counts.points_lost, -line.total, line.counts.kind))


def causes(findings: Findings, most: int = 3) -> list[KindLine]:
    """The kinds that cost the most points."""
    return [line for line in kind_lines(findings) if line.counts.points_lost > 0][:most]


def fault_lines(findings: Findings, most: int | None = None) -> list[FaultLine]:
    """The largest faults, with where they lie."""
    names = {agency.agency_code: agency.agency_name for agency in findings.agencies}
    return [
        FaultLine(fault, cause_label(fault.cause), _where(fault, names.get(fault.agency_code or "", fault.agency_code)))
        for fault in findings.faults[:most]
    ]


def _where(fault: Fault, agency: str | None) -> str:
    here = [agency or f"{count(fault.agencies)} đơn vị"]
    here.append(f"thủ tục {fault.procedure_code}" if fault.procedure_code else f"{count(fault.procedures)} thủ tục")
    return ", ".join(here)


def agency_lines(findings: Findings) -> list[AgencyLine]:
    """Agencies, the costliest first, then those with the most mismatches."""
    most = max((a.points_lost for a in findings.agencies), default=Decimal(0))
    ordered = sorted(findings.agencies, key=lambda a: (-a.points_lost, -a.mismatches, a.agency_code))
    return [AgencyLine(a, *on_time(a.scores), _share(a.points_lost, most)) for a in ordered]


def own_causes(agency: AgencyFindings, most: int = 3) -> list[tuple[Label, Decimal]]:
    """The kinds that cost an agency's own index most, with their points."""
    return [(kind_label(part.kind), part.points) for part in agency.own_parts[:most] if part.points > 0]


def other_sums(findings: Findings) -> list[tuple[str, Decimal, Decimal]]:
    """The city's points by other rule sets: code, by the city's record, by the portal's copy."""
    found = []
    for code, scores in findings.other_scores.items():
        pairs = [(s.city_points, s.portal_points) for s in scores]
        known = [(city, portal) for city, portal in pairs if city is not None and portal is not None]
        if known:
            found.append((code, sum((c for c, _ in known), Decimal(0)), sum((p for _, p in known), Decimal(0))))
    return found


def unequal(findings: Findings) -> list[PublishedLine]:
    """Published figures that our count does not give, the largest differences first, unknown units last."""
    lines = [line for line in findings.published if line.difference != 0]
    return sorted(lines, key=lambda line: (line.difference is None, -abs(line.difference or Decimal(0)), line.unit))


def month_lines(findings: Findings) -> list[MonthLine]:
    """On-time shares by month, oldest first."""
    return [MonthLine(m.month, *on_time(m.scores)) for m in sorted(findings.months, key=lambda m: m.month)]


def on_time(scores: Iterable[IndicatorScore]) -> tuple[Decimal | None, Decimal | None]:
    """The on-time share on both sides, city first."""
    for score in scores:
        if score.indicator == "ON_TIME":
            return (
                _ratio(score.city_numerator, score.city_denominator),
                _ratio(score.portal_numerator, score.portal_denominator),
            )
    return None, None


def unexplained(side: SideCounts) -> int:
    """Rows of one side that the conservation sum does not account for; 0 when nothing was lost."""
    return side.extracted - side.loaded - side.unchanged - side.duplicate - side.quarantined


def costliest(findings: Findings) -> list[MismatchLine]:
    return sorted(findings.top_mismatches, key=lambda m: (-m.points_lost, m.case_code, m.kind, m.field))


def kind_label(kind: str) -> Label:
    """A kind's label; a kind that this version does not know keeps its code, so that old runs can be drawn."""
    if kind in OTHER_PARTS:
        return OTHER_PARTS[kind]
    return KINDS[Kind(kind)].label if kind in list(Kind) else Label(kind, kind)


def actor_label(kind: str) -> Label:
    return ACTORS[KINDS[Kind(kind)].actor] if kind in list(Kind) else Label(NOTHING, NOTHING)


def verdict_label(verdict: str) -> Label:
    return VERDICT_LABELS[Verdict(verdict)] if verdict in list(Verdict) else Label(verdict, verdict)


def indicator_label(code: str) -> Label:
    return INDICATORS[code].label if code in INDICATORS else Label(code, code)


def reason_label(reason: str) -> Label:
    known = reason in list(QuarantineReason)
    return QUARANTINE_LABELS[QuarantineReason(reason)] if known else Label(reason, reason)


def side_label(side: str) -> Label:
    return SIDES[Side(side)] if side in list(Side) else Label(side, side)


def _share(part: Decimal, whole: Decimal) -> Decimal:
    return max(part, Decimal(0)) / whole if whole > 0 else Decimal(0)


def _ratio(numerator: int | None, denominator: int | None) -> Decimal | None:
    return Decimal(numerator) / Decimal(denominator) if numerator is not None and denominator else None
