"""The page: self-contained, safe against hostile text, complete, and written the Vietnamese way."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

from schemas.codes import QUARANTINE_LABELS
from schemas.findings import Findings, KindCount
from schemas.mismatch import KINDS, Actor, Kind
from tasks.reports import charts, vietnamese, view
from tasks.reports.html import AGENCIES_SHOWN, render

VOID = {"meta", "br", "link", "img", "hr", "input"}


class Page(HTMLParser):
    """Tags in order, checked for balance; texts, attributes and the tables' heading cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.headings: list[dict[str, str | None]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag == "th":
            self.headings.append(dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture(scope="module")
def html(findings: Findings) -> str:
    return render(findings)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_the_page_asks_for_nothing(html: str, page: Page) -> None:
    assert html.startswith('<!doctype html>\n<html lang="vi">')
    assert not {"script", "link", "img", "iframe", "object", "embed", "image", "use", "foreignobject"} & set(page.tags)
    addresses = {value for _, value in page.attributes if "//" in value}
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"url\(|@import|javascript:", html)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    identifiers = [value for name, value in page.attributes if name == "id"]
    assert len(identifiers) == len(set(identifiers))
    targets = {value for name, value in page.attributes if name == "href"}
    assert targets == {f"#{identifier}" for identifier in identifiers}


def test_hostile_names_stay_text(html: str, page: Page) -> None:
    assert "b" not in page.tags
    assert "<b>" not in html
    assert any('<b>Phường "Láng" & Co</b>' in text for text in page.texts)


def test_everything_is_named(page: Page) -> None:
    text = "\n".join(page.texts)
    for info in KINDS.values():
        assert info.label.vi in text
        assert info.label.en in text
    assert all(label.vi in text for label in QUARANTINE_LABELS.values())
    assert set(vietnamese.MEANINGS) == set(Kind)
    assert set(vietnamese.ACTORS) == set(Actor)
    assert page.tags.count("caption") == page.tags.count("table")
    assert all(heading.get("scope") for heading in page.headings)


def test_numbers_are_written_the_vietnamese_way(page: Page) -> None:
    text = "\n".join(page.texts)
    assert "131.720 / 132.408" in text
    assert "1,1043" in text
    assert "−0,0274" in text
    assert not re.search(r"\d,\d{3},\d{3}|\d\.\d{2}%", text)
    assert "từ 01/09/2026 đến hết 30/09/2026" in text
    assert "01/10/2026 08:00" in text
    assert vietnamese.count(-1234567) == "−1.234.567"
    assert vietnamese.points(Decimal("-0.00001"), 4) == "0,0000"
    assert vietnamese.points(Decimal("1234.565")) == "1.234,57"
    assert vietnamese.moment(datetime(2026, 9, 30, 17, 30, tzinfo=UTC)) == "01/10/2026 00:30"


def test_values_are_read_with_their_labels() -> None:
    read = vietnamese.field_value
    assert read("status_code", "9") == "9 · Đã xử lý xong"
    assert read("status_code", "77") == "77"
    assert read("due_at", "2026-09-21T10:00:00+00:00") == "21/09/2026 17:00:00"
    assert read("due_at", "not a time") == "not a time"
    assert read("fee_total", None) == "–"


def test_the_costliest_agencies_come_first_and_the_rest_is_folded(html: str, findings: Findings) -> None:
    before, fold, after = html.partition(f"Xem {len(findings.agencies) - AGENCIES_SHOWN} đơn vị còn lại")
    ordered = sorted(findings.agencies, key=lambda agency: -agency.points_lost)
    assert fold
    assert ordered[0].agency_code in before
    assert ordered[-1].agency_code in after


@pytest.mark.parametrize("width", [880, 380])
def test_charts_are_drawings_with_readable_text(findings: Findings, width: int) -> None:
    drawings = charts.kinds(view.kind_lines(findings), width), charts.months(view.month_lines(findings), width)
    texts = []
    for drawing in drawings:
        root = ElementTree.fromstring(drawing)
        assert root.get("viewBox") == f"0 0 {width} {root.get('viewBox', '').split()[-1]}"
        assert root.get("width") is None
        assert root.get("aria-label")
        texts.append({text.text for text in root.iter("{http://www.w3.org/2000/svg}text")})
    assert {"Quá hạn ảo", "3.560", "Đã xác nhận", "Số chênh lệch đang mở"} <= texts[0]
    assert {"Thành phố", "Cổng", "09/2026", "Tỷ lệ đúng hạn"} <= texts[1]


def test_an_empty_run_and_words_of_another_version_are_drawn(findings: Findings) -> None:
    lists = ("sides", "kinds", "quarantine", "scores", "months", "agencies", "top_mismatches", "steps")
    empty: dict[str, Any] = {name: [] for name in lists}
    text = render(findings.model_copy(update=empty))
    assert "Không có chênh lệch nào" in text
    assert "Chưa chấm được điểm" in text
    assert "<svg" not in text
    kind = KindCount(
        kind="of_old", confirmed=1, late=0, in_flight=0, unknown=0, opened=0, resolved=0, points_lost=Decimal(0)
    )
    score = findings.scores[0].model_copy(update={"indicator": "OLD"})
    side = findings.sides[0].model_copy(update={"loaded": 0})
    text = render(findings.model_copy(update=empty | {"kinds": [kind], "scores": [score], "sides": [side]}))
    assert "of_old" in text
    assert "OLD" in text
    assert "✗ Lệch 9.418" in text


def test_the_same_findings_give_the_same_page(html: str, findings: Findings) -> None:
    assert render(Findings.model_validate_json(findings.model_dump_json())) == html


def test_an_agency_sees_what_its_own_index_loses_and_published_figures_are_explained(
    findings: Findings, html: str
) -> None:
    text = " ".join(" ".join(Page(html).texts).split())
    worst = view.agency_lines(findings)[0].facts
    (label, lost), *rest = view.own_causes(worst)
    assert not rest, "a kind that flatters is no cause of a loss"
    assert f"{label.vi} {vietnamese.points(lost)}" in text
    assert "3 số liệu đã công bố được tính lại từ bản sao trên Cổng; 2 khác số tính lại" in text
    assert [line.unit for line in view.unequal(findings)] == ["H26.20", "H26.999"]
    assert "city_report/1" in text
    assert "chưa rõ" in text
    ((code, city, portal),) = view.other_sums(findings)
    assert f"Theo bộ quy tắc {code}: {vietnamese.points(city)} theo thành phố" in text
    assert city > portal
