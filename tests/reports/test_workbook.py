"""The workbook, read back as the archive of XML that it is."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest

from schemas.findings import Findings
from tasks.reports.workbook import write

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
NAMES = ["Tổng hợp", "Chỉ tiêu", "Loại chênh lệch", "Đơn vị", "Đơn vị theo loại"]
NAMES += ["Hồ sơ mất điểm", "Cổng công bố", "Cách ly"]


def parts(path: Path) -> dict[str, ElementTree.Element]:
    with ZipFile(path) as archive:
        assert archive.testzip() is None
        names = [name for name in archive.namelist() if name.endswith(".xml")]
        return {name: ElementTree.fromstring(archive.read(name)) for name in names}


@pytest.fixture(scope="module")
def hostile(findings: Findings) -> Findings:
    line = findings.top_mismatches[0].model_copy(
        update={"case_code": "=HYPERLINK(A1)", "city_value": "+1", "portal_value": "http://a.vn", "field": "@SUM"}
    )
    agency = findings.agencies[0].model_copy(update={"agency_name": '=cmd|" /C calc"!A0' + "x" * 40_000})
    update = {"top_mismatches": [line, *findings.top_mismatches[1:]], "agencies": [agency, *findings.agencies[1:]]}
    return findings.model_copy(update=update)


def test_sheets_are_frozen_filtered_and_full(findings: Findings, tmp_path: Path) -> None:
    path = tmp_path / "report.xlsx"
    write(findings, path)
    book = parts(path)
    assert [sheet.get("name") for sheet in book["xl/workbook.xml"].iter(f"{MAIN}sheet")] == NAMES
    rows = {}
    for place, name in enumerate(NAMES, start=1):
        sheet = book[f"xl/worksheets/sheet{place}.xml"]
        pane = next(sheet.iter(f"{MAIN}pane"))
        assert pane.get("state") == "frozen"
        assert pane.get("ySplit") == "1"
        assert sheet.find(f"{MAIN}autoFilter") is not None
        assert all(float(column.get("width", 0)) >= 10 for column in sheet.iter(f"{MAIN}col"))
        rows[name] = len(list(sheet.iter(f"{MAIN}row"))) - 1
    assert rows["Đơn vị"] == len(findings.agencies)
    assert rows["Loại chênh lệch"] == len(findings.kinds)
    assert rows["Hồ sơ mất điểm"] == len(findings.top_mismatches)
    assert rows["Đơn vị theo loại"] == sum(len(agency.own_parts) for agency in findings.agencies) > 0
    assert rows["Cổng công bố"] == len(findings.published) > 0
    assert rows["Cách ly"] == len(findings.quarantine)


def test_texts_never_become_formulas_or_links(hostile: Findings, tmp_path: Path) -> None:
    path = tmp_path / "report.xlsx"
    write(hostile, path)
    book = parts(path)
    for name, part in book.items():
        if name.startswith("xl/worksheets/"):
            assert part.find(f".//{MAIN}f") is None
            assert part.find(f".//{MAIN}hyperlink") is None
    strings = {text.text for text in book["xl/sharedStrings.xml"].iter(f"{MAIN}t")}
    assert {"=HYPERLINK(A1)", "+1", "http://a.vn", "@SUM"} <= strings
    assert any(text and text.startswith("=cmd|") for text in strings)


def test_the_same_findings_give_the_same_bytes_and_nothing_is_left_beside(findings: Findings, tmp_path: Path) -> None:
    first, second = tmp_path / "1.xlsx", tmp_path / "2.xlsx"
    write(findings, first)
    write(findings, second)
    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.xlsx", "2.xlsx"]
    with pytest.raises(OSError, match="cannot be written"):
        write(findings, tmp_path / "absent" / "3.xlsx")
