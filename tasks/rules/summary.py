"""Freezes a run's result: frames in, `Findings` out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pandas as pd

from schemas.codes import Side
from schemas.findings import (
    AgencyFindings,
    Fault,
    Findings,
    GapPart,
    IndicatorScore,
    KindCount,
    KindPoints,
    MeasuredLag,
    MismatchLine,
    MonthScore,
    PublishedLine,
    QuarantineCount,
    RepairAdvice,
    RunFacts,
    ScoreInterval,
    SideCounts,
    StepTiming,
)
from schemas.mismatch import Kind, Verdict
from schemas.scorecard import INDICATORS
from tasks.rules.faults import faults

CODES_SHOWN = 10
FAULTS_SHOWN = 20
ADVICE_LENGTHS = (10, 50, 100)


@dataclass(frozen=True)
class Answers:
    """What the warehouse said about the run: frames with the columns that `tasks.warehouse.reading` documents."""

    sides: pd.DataFrame
    kinds: pd.DataFrame
    events: pd.DataFrame
    by_agency: pd.DataFrame
    costliest: pd.DataFrame
    quarantined: pd.DataFrame
    scores: pd.DataFrame
    agency_names: Mapping[str, str]
    text_findings: int
    intervals: pd.DataFrame
    parts: pd.DataFrame
    advice: pd.DataFrame
    agency_parts: pd.DataFrame
    published: pd.DataFrame
    other_scores: pd.DataFrame
    fingerprints: pd.DataFrame | None = None
    lags: pd.DataFrame | None = None


def freeze(run: RunFacts, answers: Answers, steps: list[StepTiming]) -> Findings:
    """The run's result, in the order in which people read it."""
    scores = answers.scores
    return Findings(
        run=run,
        sides=[SideCounts.model_validate(row) for row in _plain(answers.sides)],
        kinds=_kinds(answers.kinds, answers.events),
        quarantine=_quarantine(answers.quarantined),
        scores=_indicator_scores(scores[scores["level"] == "city"]),
        months=[
            MonthScore(month=date.fromisoformat(f"{period}-01"), scores=_indicator_scores(part))
            for period, part in scores[scores["level"] == "month"].groupby("period", sort=True)
        ],
        agencies=_agencies(scores[scores["level"] == "agency"], answers),
        top_mismatches=[MismatchLine.model_validate(row) for row in _plain(answers.costliest)],
        mismatch_total=int(answers.kinds["rows"].sum()),
        text_findings=answers.text_findings,
        steps=steps,
        intervals=[ScoreInterval.model_validate(row) for row in _plain(answers.intervals)],
        parts=[GapPart.model_validate(row) for row in _plain(answers.parts)],
        advice=_advice(answers.advice),
        published=[PublishedLine.model_validate(row) for row in _plain(answers.published)],
        other_scores={
            str(code): _indicator_scores(part) for code, part in answers.other_scores.groupby("rules", sort=True)
        },
        faults=_faults(answers.fingerprints),
        lags=[] if answers.lags is None else [MeasuredLag.model_validate(row) for row in _plain(answers.lags)],
    )


def _faults(fingerprints: pd.DataFrame | None) -> list[Fault]:
    """The largest faults of more than one mismatch."""
    if fingerprints is None:
        return []
    found = faults(fingerprints)
    return [Fault.model_validate(row) for row in _plain(found.loc[found["rows"] > 1].head(FAULTS_SHOWN))]


def _advice(rows: pd.DataFrame) -> list[RepairAdvice]:
    """The promise of a few list lengths, and of the whole list."""
    lengths = [n for n in ADVICE_LENGTHS if n < len(rows)] + ([len(rows)] if len(rows) else [])
    regained = rows.set_index("place")["regained"]
    return [RepairAdvice(pushes=n, points=regained.loc[n]) for n in lengths]


def _plain(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Rows as plain values, every kind of missing value as None."""
    objects = frame.astype(object)
    return [{str(k): v for k, v in row.items()} for row in objects.where(objects.notna(), None).to_dict("records")]


def _kinds(kinds: pd.DataFrame, events: pd.DataFrame) -> list[KindCount]:
    rows = {(row["kind"], row["verdict"]): row for row in _plain(kinds)}
    happened = {(row["kind"], row["event"]): int(str(row["rows"])) for row in _plain(events)}
    counted = []
    for kind in map(str, Kind):
        by_verdict = {verdict: rows.get((kind, str(verdict)), {}) for verdict in Verdict}
        if not any(by_verdict.values()) and (kind, "resolved") not in happened:
            continue
        number = {verdict: int(str(row.get("rows", 0))) for verdict, row in by_verdict.items()}
        counted.append(
            KindCount(
                kind=kind,
                confirmed=number[Verdict.CONFIRMED],
                late=number[Verdict.LATE],
                in_flight=number[Verdict.IN_FLIGHT],
                unknown=number[Verdict.UNKNOWN],
                suppressed=number[Verdict.SUPPRESSED],
                opened=happened.get((kind, "opened"), 0) + happened.get((kind, "reopened"), 0),
                resolved=happened.get((kind, "resolved"), 0),
                points_lost=sum((Decimal(str(row.get("points", 0))) for row in by_verdict.values()), Decimal(0)),
            )
        )
    return counted


def _quarantine(rows: pd.DataFrame) -> list[QuarantineCount]:
    return [
        QuarantineCount(
            side=str(side),
            reason=str(reason),
            rows=len(part),
            case_codes=part["case_code"].dropna().head(CODES_SHOWN).tolist(),
        )
        for (side, reason), part in rows.groupby(["side", "reason"], sort=True)
    ]


def _indicator_scores(lines: pd.DataFrame) -> list[IndicatorScore]:
    """Both sides of each indicator, in the order of the index."""
    by_key = {(row["indicator"], row["side"]): row for row in _plain(lines)}
    scores = []
    for indicator in INDICATORS:
        city, portal = by_key.get((indicator, Side.CITY.value)), by_key.get((indicator, Side.PORTAL.value))
        if city is None and portal is None:
            continue
        values: dict[str, object] = {"indicator": indicator}
        for side, line in (("city", city), ("portal", portal)):
            for name in ("numerator", "denominator", "points"):
                values[f"{side}_{name}"] = line[name] if line else None
        known = city is not None and portal is not None
        gap = Decimal(str(city["points"])) - Decimal(str(portal["points"])) if city and portal and known else None
        scores.append(IndicatorScore.model_validate({**values, "gap": gap}))
    return scores


def _agencies(lines: pd.DataFrame, answers: Answers) -> list[AgencyFindings]:
    """Every agency that has cases, the one that loses most first."""
    counted = {(row["agency_code"], row["kind"]): int(str(row["rows"])) for row in _plain(answers.by_agency)}
    grouped = answers.by_agency.groupby("agency_code")
    mismatches, lost = grouped["rows"].sum(), grouped["points"].sum()
    own: dict[str, list[KindPoints]] = {}
    for row in _plain(answers.agency_parts):
        own.setdefault(str(row["unit"]), []).append(KindPoints.model_validate({n: row[n] for n in ("kind", "points")}))
    found = []
    for unit, part in lines.groupby("unit", sort=True):
        code = str(unit)
        scores = _indicator_scores(part)
        on_time = next(score for score in scores if score.indicator == "ON_TIME")
        found.append(
            AgencyFindings(
                agency_code=code,
                agency_name=answers.agency_names.get(code, code),
                city_cases=on_time.city_denominator or 0,
                portal_cases=on_time.portal_denominator or 0,
                mismatches=int(mismatches.get(code, 0)),
                missing_on_portal=counted.get((code, Kind.MISSING_ON_PORTAL.value), 0),
                phantom_overdue=counted.get((code, Kind.PHANTOM_OVERDUE.value), 0),
                overdue_in_city=(on_time.city_denominator or 0) - (on_time.city_numerator or 0),
                overdue_on_portal=(on_time.portal_denominator or 0) - (on_time.portal_numerator or 0),
                scores=scores,
                points_lost=Decimal(str(lost.get(code, 0))),
                own_gap=sum((score.gap for score in scores if score.gap is not None), Decimal(0)),
                own_parts=own.get(code, []),
            )
        )
    return sorted(found, key=lambda agency: (-agency.points_lost, -agency.mismatches, agency.agency_code))
