"""The findings as an Excel workbook for people who filter, sort and write beside the rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any, Final, NamedTuple

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from schemas.findings import Findings
from schemas.mismatch import VERDICT_LABELS
from tasks.reports import vietnamese, view

Cell = str | int | float | Decimal | datetime | None

_TEXT, _COUNT, _SHARE, _TIME = "@", "#,##0", "0.00%", "dd/mm/yyyy hh:mm"
_POINTS, _FINE_POINTS, _CASE_POINTS = "#,##0.00", "#,##0.0000", "0.000000"
_CELL_LIMIT: Final = 32_767
"""Characters of text that a cell of the format can hold."""


class Column(NamedTuple):
    """A heading, the width in characters, what a row shows in it, and the number format; Excel writes numbers in the
    reader's own locale."""

    title: str
    width: int
    value: Callable[[Any], Cell]
    format: str = _TEXT


class Sheet(NamedTuple):
    name: str
    columns: Sequence[Column]
    rows: Sequence[Any]


def write(findings: Findings, path: Path) -> None:
    """Writes the workbook aside and renames it, so that a reader never opens half of one; the same findings give the
    same bytes. Raises OSError when the folder cannot be written."""
    aside = path.with_name(f".{path.name}.part")
    # A text that starts with = + - @ or looks like a link stays the text it is: its cells are written as strings.
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    try:
        with xlsxwriter.Workbook(aside, options) as book:
            book.set_properties({"title": "Đối chiếu hồ sơ", "created": vietnamese.local(findings.run.as_of)})
            head = book.add_format(
                {"bold": True, "text_wrap": True, "valign": "vcenter", "bg_color": "#E8EEF3", "bottom": 1}
            )
            formats: dict[str, Format] = {}
            for sheet in (table(findings) for table in TABLES):
                for column in sheet.columns:
                    if column.format not in formats:
                        formats[column.format] = book.add_format({"num_format": column.format, "valign": "top"})
                _fill(book.add_worksheet(sheet.name), sheet, head, formats)
        aside.replace(path)
    except FileCreateError as error:
        raise OSError(f"the workbook {path} cannot be written: {error}") from error
    finally:
        aside.unlink(missing_ok=True)


def _fill(worksheet: Worksheet, sheet: Sheet, head: Format, formats: dict[str, Format]) -> None:
    worksheet.freeze_panes(1, 1)
    worksheet.set_row(0, 32)
    worksheet.set_landscape()
    worksheet.set_paper(9)  # A4
    worksheet.fit_to_pages(1, 0)
    worksheet.repeat_rows(0)
    for place, column in enumerate(sheet.columns):
        worksheet.set_column(place, place, column.width)
        worksheet.write_string(0, place, column.title, head)
        for line, row in enumerate(sheet.rows, start=1):
            _put(worksheet, line, place, column.value(row), formats[column.format])
    worksheet.autofilter(0, 0, len(sheet.rows), len(sheet.columns) - 1)


def _put(worksheet: Worksheet, line: int, place: int, value: Cell, style: Format) -> None:
    if isinstance(value, str):
        worksheet.write_string(line, place, value[:_CELL_LIMIT], style)
    elif isinstance(value, datetime):
        worksheet.write_datetime(line, place, vietnamese.local(value).replace(tzinfo=None), style)
    elif value is not None:
        worksheet.write_number(line, place, float(value), style)


def _summary(findings: Findings) -> Sheet:
    run, points = findings.run, view.headline(findings)
    rows: list[Sequence[Cell]] = [
        ("Hồ sơ tiếp nhận từ", vietnamese.day(run.start)),
        ("đến hết", vietnamese.day(view.last_day(findings))),
        ("Số liệu đọc lúc (giờ Việt Nam)", vietnamese.moment(run.as_of)),
        ("Lượt chạy", run.run_id),
        ("Phiên bản", run.code_version),
    ]
    if points:
        rows += [
            (f"Điểm theo thành phố, trên {vietnamese.points(points.maximum, 0)}", vietnamese.points(points.city)),
            (f"Điểm theo Cổng, trên {vietnamese.points(points.maximum, 0)}", vietnamese.points(points.portal)),
            ("Điểm mất", vietnamese.points(points.gap)),
        ]
    rows += [
        (f"Nguyên nhân: {c.label.vi}", f"{vietnamese.points(c.counts.points_lost, 4)} điểm")
        for c in view.causes(findings)
    ]
    rows.append(("Chênh lệch, tổng số", vietnamese.count(findings.mismatch_total)))
    rows.append(("Cặp chỉ khác cách gõ chữ", vietnamese.count(findings.text_findings)))
    for side in findings.sides:
        name, left = view.side_label(side.side).vi, view.unexplained(side)
        parts = (side.extracted, side.loaded, side.unchanged, side.duplicate, side.quarantined)
        read, *places = (vietnamese.count(part) for part in parts)
        rows.append((f"{name}: đọc = nạp mới + không đổi + trùng + cách ly", f"{read} = {' + '.join(places)}"))
        rows.append((f"{name}: cộng lại", "khớp" if left == 0 else f"lệch {vietnamese.count(left)}"))
    return Sheet("Tổng hợp", (Column("Mục", 56, itemgetter(0)), Column("Giá trị", 44, itemgetter(1))), rows)


def _scores(findings: Findings) -> Sheet:
    columns = [Column("Mã", 34, attrgetter("indicator"))]
    columns += [Column("Chỉ tiêu", 36, lambda s: view.indicator_label(s.indicator).vi)]
    for side, name in (("city", "thành phố"), ("portal", "Cổng")):
        columns += [
            Column(f"Đạt, {name}", 12, attrgetter(f"{side}_numerator"), _COUNT),
            Column(f"Tổng số, {name}", 12, attrgetter(f"{side}_denominator"), _COUNT),
            Column(f"Điểm, {name}", 11, attrgetter(f"{side}_points"), _POINTS),
        ]
    columns += [Column("Điểm mất", 11, attrgetter("gap"), _FINE_POINTS)]
    return Sheet("Chỉ tiêu", columns, findings.scores)


def _kinds(findings: Findings) -> Sheet:
    columns = [
        Column("Mã", 22, attrgetter("counts.kind")),
        Column("Loại", 26, attrgetter("label.vi")),
        Column("Kind", 22, attrgetter("label.en")),
        Column("Ai xử lý", 28, attrgetter("actor.vi")),
        *(Column(VERDICT_LABELS[v].vi, 13, attrgetter(f"counts.{v.value}"), _COUNT) for v in view.OPEN_VERDICTS),
        Column("Đang mở", 11, attrgetter("total"), _COUNT),
        Column("Mới mở", 11, attrgetter("counts.opened"), _COUNT),
        Column("Đã xử lý", 11, attrgetter("counts.resolved"), _COUNT),
        Column("Điểm mất", 11, attrgetter("counts.points_lost"), _FINE_POINTS),
    ]
    return Sheet("Loại chênh lệch", columns, view.kind_lines(findings))


def _agencies(findings: Findings) -> Sheet:
    columns = [
        Column("Đơn vị", 44, attrgetter("facts.agency_name")),
        Column("Mã đơn vị", 18, attrgetter("facts.agency_code")),
        Column("Điểm mất", 11, attrgetter("facts.points_lost"), _FINE_POINTS),
        Column("Điểm riêng mất", 11, attrgetter("facts.own_gap"), _FINE_POINTS),
        Column("Chênh lệch", 13, attrgetter("facts.mismatches"), _COUNT),
        Column("Chưa có trên Cổng", 13, attrgetter("facts.missing_on_portal"), _COUNT),
        Column("Quá hạn ảo", 13, attrgetter("facts.phantom_overdue"), _COUNT),
        Column("Quá hạn, thành phố", 13, attrgetter("facts.overdue_in_city"), _COUNT),
        Column("Quá hạn, Cổng", 13, attrgetter("facts.overdue_on_portal"), _COUNT),
        Column("Đúng hạn, thành phố", 13, attrgetter("city_on_time"), _SHARE),
        Column("Đúng hạn, Cổng", 13, attrgetter("portal_on_time"), _SHARE),
        Column("Hồ sơ, thành phố", 13, attrgetter("facts.city_cases"), _COUNT),
        Column("Hồ sơ, Cổng", 13, attrgetter("facts.portal_cases"), _COUNT),
    ]
    return Sheet("Đơn vị", columns, view.agency_lines(findings))


def _agency_kinds(findings: Findings) -> Sheet:
    rows = [
        (line.facts, part.kind, part.points) for line in view.agency_lines(findings) for part in line.facts.own_parts
    ]
    columns = [
        Column("Đơn vị", 44, lambda row: row[0].agency_name),
        Column("Mã đơn vị", 18, lambda row: row[0].agency_code),
        Column("Loại", 26, lambda row: view.kind_label(row[1]).vi),
        Column("Điểm riêng mất", 13, itemgetter(2), _FINE_POINTS),
    ]
    return Sheet("Đơn vị theo loại", columns, rows)


def _published(findings: Findings) -> Sheet:
    columns = [
        Column("Kỳ", 10, attrgetter("period")),
        Column("Mã đơn vị", 18, attrgetter("unit")),
        Column("Chỉ tiêu", 36, lambda line: view.indicator_label(line.indicator).vi),
        Column("Đạt, công bố", 12, attrgetter("published_numerator"), _COUNT),
        Column("Tổng số, công bố", 12, attrgetter("published_denominator"), _COUNT),
        Column("Điểm, công bố", 11, attrgetter("published"), _POINTS),
        Column("Đạt, tính lại", 12, attrgetter("recomputed_numerator"), _COUNT),
        Column("Tổng số, tính lại", 12, attrgetter("recomputed_denominator"), _COUNT),
        Column("Điểm, tính lại", 11, attrgetter("recomputed"), _POINTS),
        Column("Chênh", 11, attrgetter("difference"), _POINTS),
        Column("Cách tính cho đúng số công bố", 34, attrgetter("cause")),
    ]
    return Sheet("Cổng công bố", columns, findings.published)


def _costliest(findings: Findings) -> Sheet:
    columns = [
        Column("Mã hồ sơ", 32, attrgetter("case_code")),
        Column("Mã đơn vị", 18, attrgetter("agency_code")),
        Column("Loại", 24, lambda m: view.kind_label(m.kind).vi),
        Column("Trường", 24, lambda m: vietnamese.field_name(m.field)),
        Column("Thành phố", 34, lambda m: vietnamese.field_value(m.field, m.city_value)),
        Column("Cổng", 34, lambda m: vietnamese.field_value(m.field, m.portal_value)),
        Column("Kết luận", 14, lambda m: view.verdict_label(m.verdict).vi),
        Column("Thấy từ", 17, attrgetter("since"), _TIME),
        Column("Điểm mất", 12, attrgetter("points_lost"), _CASE_POINTS),
    ]
    return Sheet("Hồ sơ mất điểm", columns, view.costliest(findings))


def _quarantine(findings: Findings) -> Sheet:
    columns = [
        Column("Lý do", 34, lambda q: view.reason_label(q.reason).vi),
        Column("Reason", 38, lambda q: view.reason_label(q.reason).en),
        Column("Bên", 12, lambda q: view.side_label(q.side).vi),
        Column("Số dòng", 11, attrgetter("rows"), _COUNT),
        Column("Ví dụ", 90, lambda q: ", ".join(q.case_codes)),
    ]
    return Sheet("Cách ly", columns, sorted(findings.quarantine, key=lambda q: (-q.rows, q.reason, q.side)))


TABLES: Final = (_summary, _scores, _kinds, _agencies, _agency_kinds, _costliest, _published, _quarantine)
"""The sheets, in order; one without rows has its heading only."""
