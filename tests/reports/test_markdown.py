"""The short Markdown and the rows for table artifacts."""

from __future__ import annotations

import json
import re

from schemas.findings import Findings
from schemas.mismatch import KINDS
from tasks.reports.markdown import agency_rows, kind_rows, summary


def test_the_summary_tells_the_story_of_the_run(findings: Findings) -> None:
    text = summary(findings)
    assert "**45,52** điểm theo thành phố, **44,00** theo Cổng, trên 50: mất **1,52** điểm." in text
    assert "Nguyên nhân lớn nhất: Quá hạn ảo 1,1043" in text
    assert "| Thành phố | 133.002 |" in text
    assert all(info.label.vi in text for info in KINDS.values())
    for table in re.findall(r"(?:^\|.*\|$\n?)+", text, re.MULTILINE):
        cells = {len(re.findall(r"(?<!\\)\|", line)) for line in table.strip().splitlines()}
        assert len(cells) == 1


def test_mismatches_of_one_fault_are_one_line(findings: Findings) -> None:
    text = summary(findings)
    assert "3.012 chênh lệch là một lỗi: " in text
    assert "lệch giờ +07:00 (shift +07:00); 31 đơn vị, 140 thủ tục; mất 0,9000 điểm" in text
    assert "còn hậu tố địa phương (suffix kept); UBND phường Hoàn Kiếm, thủ tục 1.000001" in text
    assert "một lỗi" not in summary(findings.model_copy(update={"faults": []}))


def test_the_measured_lag_is_told(findings: Findings) -> None:
    told = "thành phố → Cổng: một nửa trong 119 giây, 99 % trong 30 phút (12.345 thay đổi); sau 8 giờ là đã xác nhận."
    assert told in summary(findings)


def test_hostile_names_stay_text(findings: Findings) -> None:
    agencies = [agency.model_copy(update={"agency_name": "<b>a|b\n# c</b> [x](y)"}) for agency in findings.agencies]
    text = summary(findings.model_copy(update={"agencies": agencies}))
    assert r"- \<b\>a\|b \# c\</b\> \[x\]\(y\): mất" in text
    assert "\n# c" not in text


def test_a_lost_row_is_shouted(findings: Findings) -> None:
    side = findings.sides[0].model_copy(update={"loaded": findings.sides[0].loaded - 1_000})
    assert "**✗ lệch 1.000**" in summary(findings.model_copy(update={"sides": [side]}))


def test_rows_are_plain_and_ordered(findings: Findings) -> None:
    kinds, agencies = kind_rows(findings), agency_rows(findings)
    assert json.loads(json.dumps([kinds, agencies])) == [kinds, agencies]
    assert kinds[0]["Mã (kind)"] == "phantom_overdue"
    assert len(kinds) == len(KINDS)
    assert len(agencies) == len(findings.agencies)
    assert len({tuple(row) for row in agencies}) == 1
