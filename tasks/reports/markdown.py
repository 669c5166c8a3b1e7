"""The findings as short Markdown and as rows, for the artifacts of the orchestrator's own pages."""

from __future__ import annotations

import re
from typing import Any, Final

from schemas.codes import Side
from schemas.findings import Findings
from schemas.mismatch import VERDICT_LABELS
from tasks.reports import view
from tasks.reports.vietnamese import count, day, duration, field_name, moment, number, percent, points

AGENCIES_NAMED: Final = 5
FAULTS_NAMED: Final = 5
_DIRECTIONS: Final = {"to_portal": "thành phố → Cổng", "to_city": "Cổng → thành phố"}

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()<>#|~&!])")


def summary(findings: Findings) -> str:
    """The story of the run: the two scores, whether every row has its place, the kinds, and where to look first."""
    run = findings.run
    parts = [
        f"# Đối chiếu {day(run.start)} – {day(view.last_day(findings))}",
        f"Đọc lúc {moment(run.as_of)} (giờ Việt Nam), lượt {_plain(run.run_id)}, phiên bản {_plain(run.code_version)}.",
        *_headline(findings),
        "## Bảo toàn số liệu (conservation)",
        _conservation(findings),
        "## Chênh lệch theo loại (mismatches by kind)",
        _kinds(findings),
        *_lags(findings),
        *_faults(findings),
        "## Nên xem trước (where to look)",
        _where_to_look(findings),
        f"Các bước mất {number(sum(step.seconds for step in findings.steps))} giây.",
    ]
    return "\n\n".join(parts) + "\n"


def kind_rows(findings: Findings) -> list[dict[str, Any]]:
    """One row a kind with anything to tell, the costliest first; plain integers and texts."""
    return [
        {
            "Mã (kind)": line.counts.kind,
            "Loại": line.label.vi,
            "Ai xử lý": line.actor.vi,
            **{VERDICT_LABELS[verdict].vi: cases for verdict, cases in line.by_verdict.items()},
            "Đang mở": line.total,
            "Mới mở": line.counts.opened,
            "Đã xử lý trong lượt này": line.counts.resolved,
            "Điểm mất": points(line.counts.points_lost, 4),
        }
        for line in view.kind_lines(findings)
    ]


def agency_rows(findings: Findings) -> list[dict[str, Any]]:
    """One row an agency, the costliest first; plain integers and texts."""
    return [
        {
            "Mã": line.facts.agency_code,
            "Đơn vị": line.facts.agency_name,
            "Điểm mất": points(line.facts.points_lost, 4),
            "Điểm riêng mất": points(line.facts.own_gap, 4),
            "Do": "; ".join(f"{label.vi} {points(lost, 4)}" for label, lost in view.own_causes(line.facts)),
            "Chênh lệch": line.facts.mismatches,
            "Chưa có trên Cổng": line.facts.missing_on_portal,
            "Quá hạn ảo": line.facts.phantom_overdue,
            "Quá hạn, thành phố": line.facts.overdue_in_city,
            "Quá hạn, Cổng": line.facts.overdue_on_portal,
            "Đúng hạn, thành phố": percent(line.city_on_time),
            "Đúng hạn, Cổng": percent(line.portal_on_time),
            "Hồ sơ, thành phố": line.facts.city_cases,
            "Hồ sơ, Cổng": line.facts.portal_cases,
        }
        for line in view.agency_lines(findings)
    ]


def _headline(findings: Findings) -> list[str]:
    sums = view.headline(findings)
    if sums is None:
        return ["Chưa chấm được điểm: chưa có chỉ tiêu nào đủ số liệu ở cả hai bên."]
    told = "mất" if sums.gap >= 0 else "Cổng tính cao hơn"
    lines = [
        f"**{points(sums.city)}** điểm theo thành phố, **{points(sums.portal)}** theo Cổng, "
        f"trên {points(sums.maximum, 0)}: {told} **{points(abs(sums.gap))}** điểm."
    ]
    causes = [f"{c.label.vi} {points(c.counts.points_lost, 4)} ({percent(c.share)})" for c in view.causes(findings)]
    for side in Side:
        if known := view.bounds(findings, side):
            name = view.side_label(side.value).vi
            lines.append(f"{name}: còn hồ sơ chưa đọc được, điểm trong khoảng {points(known[0])} – {points(known[1])}.")
    if findings.advice and findings.advice[-1].points > 0:
        best = findings.advice[-1]
        lines.append(f"Gửi lại {count(best.pushes)} hồ sơ nên làm trước: lấy lại **{points(best.points, 4)}** điểm.")
    for code, city, portal in view.other_sums(findings):
        lines.append(f"Theo bộ quy tắc {code}: {points(city)} theo thành phố, {points(portal)} theo Cổng.")
    if findings.published:
        count_unequal = count(len(view.unequal(findings)))
        lines.append(f"Số Cổng công bố: {count(len(findings.published))}, khác số tính lại: {count_unequal}.")
    return lines + ([f"Nguyên nhân lớn nhất: {'; '.join(causes)}."] if causes else [])


def _conservation(findings: Findings) -> str:
    rows = []
    for side in findings.sides:
        parts = (side.extracted, side.loaded, side.unchanged, side.duplicate, side.quarantined)
        left = view.unexplained(side)
        told = "✓ khớp" if left == 0 else f"**✗ lệch {count(left)}**"
        rows.append([_plain(view.side_label(side.side).vi), *map(count, parts), told])
    return _table(["Bên", ">Đọc", ">Nạp mới", ">Không đổi", ">Trùng", ">Cách ly", "Cộng lại"], rows)


def _kinds(findings: Findings) -> str:
    rows = [
        [
            f"{_plain(line.label.vi)} ({_plain(line.label.en)})",
            line.actor.vi,
            *map(count, line.by_verdict.values()),
            points(line.counts.points_lost, 4),
        ]
        for line in view.kind_lines(findings)
    ]
    verdicts = [f">{VERDICT_LABELS[verdict].vi}" for verdict in view.OPEN_VERDICTS]
    return _table(["Loại", "Ai xử lý", *verdicts, ">Điểm mất"], rows) if rows else "Không có chênh lệch nào."


def _lags(findings: Findings) -> list[str]:
    """How long changes take, where that is measured."""
    return [
        f"Độ trễ đo được, {_DIRECTIONS.get(lag.direction, lag.direction)}: một nửa trong {duration(lag.p50_seconds)}, "
        f"99 % trong {duration(lag.p99_seconds)} ({count(lag.observations)} thay đổi); "
        f"sau {duration(lag.deadline_seconds)} là đã xác nhận."
        for lag in findings.lags
    ]


def _faults(findings: Findings) -> list[str]:
    """The largest faults, a line each."""
    lines = [
        f"- {count(line.facts.rows)} chênh lệch là một lỗi: {_plain(field_name(line.facts.field))}, "
        f"{_plain(line.cause.vi)} ({_plain(line.cause.en)}); {_plain(line.where)}; "
        f"mất {points(line.facts.points, 4)} điểm"
        for line in view.fault_lines(findings, FAULTS_NAMED)
    ]
    return ["## Lỗi chung (one fault, one repair)", "\n".join(lines)] if lines else []


def _where_to_look(findings: Findings) -> str:
    lines = [
        f"- {_plain(line.facts.agency_name)}: mất {points(line.facts.points_lost, 4)} điểm, "
        f"{count(line.facts.mismatches)} chênh lệch, {count(line.facts.phantom_overdue)} quá hạn ảo, "
        f"{count(line.facts.missing_on_portal)} chưa có trên Cổng"
        for line in view.agency_lines(findings)[:AGENCIES_NAMED]
        if line.facts.mismatches
    ]
    if findings.quarantine:
        worst = max(findings.quarantine, key=lambda q: q.rows)
        told = (
            f"{view.side_label(worst.side).vi}, {view.reason_label(worst.reason).vi.lower()}, {count(worst.rows)} dòng"
        )
        lines.append(f"- Cách ly nhiều nhất: {_plain(told)}")
    return "\n".join(lines) or "Không có gì cần xem."


def _table(titles: list[str], rows: list[list[str]]) -> str:
    """A table; a title that starts with > stands over a right-aligned column."""
    head = " | ".join(title.removeprefix(">") for title in titles)
    rule = " | ".join("---:" if title.startswith(">") else "---" for title in titles)
    return "\n".join(f"| {line} |" for line in (head, rule, *(" | ".join(row) for row in rows)))


def _plain(text: str) -> str:
    """Text that Markdown shows as it is: names come from outside and may hold anything."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
