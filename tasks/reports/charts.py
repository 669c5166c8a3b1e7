"""Charts as inline SVG, labelled in Vietnamese: drawn by Altair and vl-convert, without a browser or the network.

Text stays text, so a page can be searched and the reader's own fonts show the diacritics. Colours are from the palette
of Okabe and Ito, safe for colour-blind readers; shape, dash and order say the same as colour.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Final

from schemas.codes import Side
from schemas.mismatch import VERDICT_LABELS, Verdict
from tasks.reports.vietnamese import SIDES, count, month
from tasks.reports.view import OPEN_VERDICTS, KindLine, MonthLine

if TYPE_CHECKING:
    import altair as alt

VERDICT_COLOURS: Final = {
    Verdict.CONFIRMED: "#0072B2",
    Verdict.LATE: "#E69F00",
    Verdict.IN_FLIGHT: "#56B4E9",
    Verdict.UNKNOWN: "#999999",
}
SIDE_COLOURS: Final = {Side.CITY: "#0072B2", Side.PORTAL: "#D55E00"}

_FONT: Final = "Segoe UI, Roboto, Noto Sans, Helvetica Neue, Arial, DejaVu Sans, sans-serif"
_INK: Final = "#33404d"
_NARROW: Final = 500
"""Pixels; below this the labels take less room."""


def kinds(lines: Sequence[KindLine], width: int) -> str:
    """Open mismatches by kind, stacked by verdict; SVG `width` pixels wide, empty when nothing is open."""
    import altair as alt

    shown = sorted((line for line in lines if line.total), key=lambda line: -line.total)
    if not shown:
        return ""
    rows = [
        {"kind": line.label.vi, "verdict": VERDICT_LABELS[verdict].vi, "order": place, "cases": cases}
        for line in shown
        for place, (verdict, cases) in enumerate(line.by_verdict.items())
        if cases
    ]
    totals = [{"kind": line.label.vi, "cases": line.total, "text": count(line.total)} for line in shown]
    names = [VERDICT_LABELS[verdict].vi for verdict in OPEN_VERDICTS]
    y = alt.Y("kind:N", sort=[line.label.vi for line in shown], title=None)
    y = y.axis(labelLimit=260, ticks=False, domain=False, labelPadding=6)
    most = max(line.total for line in shown)
    # Room on the right for the longest total, which stands beside its bar.
    scale = alt.Scale(domain=[0, most * (1.28 if width < _NARROW else 1.1)], nice=False)
    bars = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar(height={"band": 0.72})
        .encode(
            y=y,
            x=alt.X("cases:Q", title="Số chênh lệch đang mở", scale=scale).axis(format=",d", tickCount=4),
            color=alt.Color("verdict:N", title=None)
            .scale(domain=names, range=[VERDICT_COLOURS[verdict] for verdict in OPEN_VERDICTS])
            .legend(orient="top", columns=2 if width < _NARROW else 4, symbolType="square"),
            order=alt.Order("order:O"),
        )
    )
    text = (
        alt.Chart(alt.InlineData(values=totals))
        .mark_text(align="left", dx=5, color=_INK, fontWeight=600)
        .encode(y=y, x=alt.X("cases:Q", scale=scale), text="text:N")
    )
    biggest = f"{shown[0].label.vi}: {count(shown[0].total)}"
    return _svg(alt.layer(bars, text), width, 26 * len(shown), f"Số chênh lệch đang mở theo loại; nhiều nhất {biggest}")


def months(lines: Sequence[MonthLine], width: int) -> str:
    """On-time share by month on both sides; SVG `width` pixels wide, empty when no month has a share."""
    import altair as alt

    sides = {Side.CITY: [line.city for line in lines], Side.PORTAL: [line.portal for line in lines]}
    rows = [
        {"month": month(line.month), "side": SIDES[side].vi, "share": float(share)}
        for side, shares in sides.items()
        for line, share in zip(lines, shares, strict=True)
        if share is not None
    ]
    if not rows:
        return ""
    between = [
        {"month": month(line.month), "city": float(line.city), "portal": float(line.portal)}
        for line in lines
        if line.city is not None and line.portal is not None
    ]
    x = alt.X("month:O", sort=[month(line.month) for line in lines], title=None)
    x = x.axis(labelAngle=-45 if width < _NARROW else 0, ticks=False)
    names = [SIDES[side].vi for side in sides]
    legend = alt.Legend(orient="top", symbolSize=90)
    line_chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(strokeWidth=2.5, point={"size": 55, "filled": True})
        .encode(
            x=x,
            y=alt.Y("share:Q", title="Tỷ lệ đúng hạn").scale(zero=False, nice=True).axis(format=".0%", tickCount=5),
            color=alt.Color("side:N", title=None, legend=legend).scale(domain=names, range=list(SIDE_COLOURS.values())),
            shape=alt.Shape("side:N", title=None, legend=legend).scale(domain=names, range=["circle", "square"]),
            strokeDash=alt.StrokeDash("side:N", title=None, legend=legend).scale(domain=names, range=[[1, 0], [6, 4]]),
        )
    )
    area = (
        alt.Chart(alt.InlineData(values=between))
        .mark_area(color="#D55E00", opacity=0.1)
        .encode(x=x, y=alt.Y("city:Q"), y2="portal:Q")
    )
    names_read = "Tỷ lệ hồ sơ đúng hạn theo tháng, theo thành phố và theo Cổng; số liệu ở bảng bên dưới"
    return _svg(alt.layer(area, line_chart), width, 240, names_read)


def _svg(chart: alt.LayerChart | alt.FacetChart, width: int, height: int, label: str) -> str:
    """Draws the chart; the root keeps its viewBox only, so that the page decides the size, and says what it shows."""
    import altair as alt
    import vl_convert

    chart = chart.properties(width=width, height=height, background="transparent")
    chart = chart.properties(autosize=alt.AutoSizeParams(type="fit-x", contains="padding"), padding=4)
    text: dict[str, Any] = {"labelFontSize": 13, "titleFontSize": 13, "labelColor": _INK, "titleColor": _INK}
    chart = chart.configure(font=_FONT, aria=False).configure_view(stroke=None)
    chart = chart.configure_axis(**text, titleFontWeight="normal", gridColor="#e3e8ee", domainColor="#b8c2cc")
    chart = chart.configure_legend(**text, symbolStrokeWidth=0).configure_text(fontSize=13)
    version = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    drawn: str = vl_convert.vegalite_to_svg(chart.to_json(), vl_version=version, format_locale=_NUMBERS)
    head, _, rest = drawn.partition(">")
    box = head[head.index("viewBox=") :]
    return f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" aria-label="{escape(label)}" {box}>{rest}'


_NUMBERS: Final[dict[str, Any]] = json.loads(
    '{"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", " ₫"], "minus": "−"}'
)
"""The Vietnamese number locale of d3-format."""
