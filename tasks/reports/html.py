"""The findings as one self-contained page: no request, no script; styles and charts are inside it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from schemas.codes import Side
from schemas.findings import Findings
from schemas.mismatch import KINDS, VERDICT_LABELS, Verdict
from schemas.scorecard import INDICATORS
from tasks.reports import charts, vietnamese, view

AGENCIES_SHOWN: Final = 30
"""Agencies before the fold; the others stand below it, one click away."""

_WIDTHS: Final = (880, 380)
"""Pixels: one drawing for a desk or paper, one for a telephone; the style sheet shows one of them."""

_TEMPLATES: Final = Path(__file__).parent / "templates"


def render(findings: Findings) -> str:
    """The page as text, in Vietnamese with English beside the terms; the same findings give the same page."""
    kinds = view.kind_lines(findings)
    months = view.month_lines(findings)
    agencies = view.agency_lines(findings)
    found = {line.counts.kind for line in kinds}
    return _environment().get_template("report.html").render(
        findings=findings,
        run=findings.run,
        last_day=view.last_day(findings),
        headline=view.headline(findings),
        causes=view.causes(findings),
        bounds=[(view.side_label(side.value).vi, view.bounds(findings, side)) for side in Side],
        other_sums=view.other_sums(findings),
        unequal=view.unequal(findings),
        kinds=kinds,
        faults=view.fault_lines(findings),
        open_total=sum(line.total for line in kinds),
        absent_kinds=[info.label.vi for kind, info in KINDS.items() if kind not in found],
        # vl-convert escapes the texts inside its drawings; the page takes them as they are.
        kind_charts=[Markup(charts.kinds(kinds, width)) for width in _WIDTHS],
        month_charts=[Markup(charts.months(months, width)) for width in _WIDTHS],
        months=months,
        agencies=[agencies[:AGENCIES_SHOWN], agencies[AGENCIES_SHOWN:]],
        agency_names={line.facts.agency_code: line.facts.agency_name for line in agencies},
        costliest=view.costliest(findings),
        seconds=sum(step.seconds for step in findings.steps),
    )  # fmt: skip


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": vietnamese.count,
        "points": vietnamese.points,
        "number": vietnamese.number,
        "percent": vietnamese.percent,
        "day": vietnamese.day,
        "month": vietnamese.month,
        "moment": vietnamese.moment,
    }
    environment.globals |= {
        "ACTORS": vietnamese.ACTORS,
        "INDICATORS": INDICATORS,
        "KINDS": KINDS,
        "MEANINGS": vietnamese.MEANINGS,
        "OPEN_VERDICTS": view.OPEN_VERDICTS,
        "STEPS": vietnamese.STEPS,
        "VERDICT_COLOURS": charts.VERDICT_COLOURS,
        "VERDICT_LABELS": VERDICT_LABELS,
        "Verdict": Verdict,
        "field_name": vietnamese.field_name,
        "field_value": vietnamese.field_value,
        "indicator_label": view.indicator_label,
        "kind_label": view.kind_label,
        "own_causes": view.own_causes,
        "reason_label": view.reason_label,
        "side_label": view.side_label,
        "unexplained": view.unexplained,
        "verdict_label": view.verdict_label,
    }
    return environment
