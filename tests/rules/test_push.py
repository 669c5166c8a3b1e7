from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from schemas.repair import PUSHED
from tasks.rules.push import correction, whole_record, wire_time
from tests.rules.pairs import at, canonical

NAMES = {
    "case_code": "H26.01-250603-0001", "agency_name": "Sở Tư pháp", "procedure_name": "Cấp phiếu lý lịch",
    "field_code": "G15-TP02", "field_name": "Lý lịch tư pháp",
}  # fmt: skip
EXTENSION = {
    "fees": [{"code": "P1", "name": "Phí", "amount": "1.200.000"}],
    "components": [{"code": "C1", "name": "Tờ khai", "digitised": "1", "reused": "0", "fromStore": "0"}],
    "results": [{"code": "KQ1", "name": "Phiếu", "url": "https://motcua.hanoi.gov.vn/kq/1"}],
    "supplements": [{"requestedAt": "05/06/2025 09:00:00", "answeredAt": ""}],
    "databases": ["7"],
}
LANDED: dict[str, Any] = {
    "applicant_name": "Nguyễn Văn Mẫu", "applicant_id_no": "001001001001", "phone": None, "email": "",
    "applicant_type": "citizen", "note": "x" * 2_500, "site_extension": json.dumps(EXTENSION),
}  # fmt: skip


def case(**changed: Any) -> dict[str, Any]:
    return {str(name): value for name, value in canonical(changed).iloc[0].items()}


def test_a_whole_record_is_texts_and_lists_in_the_portals_words() -> None:
    record = whole_record(case(returned_at=None), LANDED, NAMES)
    assert all(isinstance(value, str | list) for value in record.values())
    told = ("NgayTiepNhan", "NgayHenTra", "NgayTra", "TrangThaiHoSo", "KenhThucHien", "HoSoCoThanhPhanSoHoa")
    assert [record[name] for name in told] == ["20250603080000", "20250610163000", "", "9", "2", "0"]
    assert (record["ChuHoSo"], record["SoDienThoai"], record["DonViXuLy"]) == ("Nguyễn Văn Mẫu", "", "Sở Tư pháp")
    assert len(record["GhiChu"]) == 2_000
    assert record["DanhSachLePhi"][0]["Gia"] == "1200000"
    assert record["TaiLieuNop"][0]["DuocSoHoa"] == "1"
    assert record["DanhSachGiayToKetQua"][0]["DuongDanTepTinKetQua"]
    assert record["DanhSachHoSoBoSung"] == [{"NgayBoSung": "20250605090000", "NgayTiepNhanBoSung": ""}]
    assert record["DSKetNoiCSDL"] == [{"MaCSDL": "7"}]
    assert set(PUSHED) <= set(record)


@pytest.mark.parametrize("broken", ["{", "[]", '{"fees": 3}'])
def test_a_record_with_an_extension_that_cannot_be_read_is_not_made_up(broken: str) -> None:
    with pytest.raises(ValueError, match="extension"):
        whole_record(case(), LANDED | {"site_extension": broken}, NAMES)


@pytest.mark.parametrize(("precision", "text"), [(0, "20250610163000"), (1, "202506101630"), (2, "20250610")])
def test_a_time_is_sent_as_exactly_as_it_was_written(precision: int, text: str) -> None:
    assert wire_time(at("10 16:30"), precision) == text
    assert wire_time(pd.NaT, precision) == ""


def test_only_what_differs_is_replaced() -> None:
    lists = dict.fromkeys({fact for facts in PUSHED.values() for fact in facts} - case().keys(), 0)
    city, portal = case() | lists, case(due_at=at("9 16:30"), finished_at=None) | lists
    whole = whole_record(city, LANDED, NAMES)
    theirs = {"idHoSo": "77", "MaHoSo": "H26.01-250603-0001", "NgayHenTra": "20250609163000", "NgayKetThucXuLy": ""}
    theirs |= {"ChuHoSo": "as the portal has it", "Fax": None}
    record, fields = correction(whole, city, portal, theirs, "idHoSo")
    assert sorted(fields) == ["NgayHenTra", "NgayKetThucXuLy"]
    assert record == {
        "MaHoSo": "H26.01-250603-0001", "NgayHenTra": "20250610163000", "NgayKetThucXuLy": "20250609100000",
        "ChuHoSo": "as the portal has it", "Fax": "",
    }  # fmt: skip
    assert correction(whole, city, city, theirs, "idHoSo")[1] == []
