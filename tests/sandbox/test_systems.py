"""Both interfaces over HTTP: paging, sessions, pushes, moods, and agreement with the list of faults."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import pytest

from sandbox.truth import read_city, read_portal
from sandbox.world import World
from tests.sandbox.conftest import Systems

CREATE, UPDATE = "False", "True"


def test_paging_covers_exactly_the_total(systems: Systems, world: World) -> None:
    for query in ({}, {"sort": "dossierId"}, {"sort": "dueDate", "order": "true"}):
        rows = systems.all_city_rows(**query)
        assert (
            len({row["dossierId"] for row in rows})
            == len(rows)
            == world.city_count
            == systems.city(**query).json()["total"]
        )
    records = systems.all_portal_rows()
    assert len({record["idHoSo"] for record in records}) == len(records) == world.portal_count
    unreadable = {b["case_code"] for b in world.truth()["bad_rows"] if b["side"] == "portal"}
    minutes = [r["NgayTiepNhan"][:12] for r in records if r.get("MaHoSo") not in unreadable]
    assert minutes == sorted(minutes)


def test_city_windows_partition_the_rows(systems: Systems, world: World) -> None:
    """Days are inclusive at both ends and never overlap; rows without a received time are in no such window."""
    halves = [{"toReceiveDate": "14/03/2026"}, {"fromReceiveDate": "15/03/2026"}]
    first, second = ([row["dossierId"] for row in systems.all_city_rows(**half)] for half in halves)
    waiting = [row["dossierId"] for row in systems.all_city_rows(status="receiving")]
    assert sorted(first + second + waiting) == sorted(row["dossierId"] for row in systems.all_city_rows())
    day = systems.all_city_rows(fromReceiveDate="16/03/2026", toReceiveDate="16/03/2026")
    assert day
    assert all(row["receiveDate"].startswith("16/03/2026") for row in day)
    assert systems.city(start=0, end=0).json()["data"] == systems.city().json()["data"]
    assert len(systems.city(start=0, end=5_000).json()["data"]) == 1_000


def test_city_refuses_what_it_cannot_read(systems: Systems) -> None:
    assert systems.client.get(f"{systems.addresses.city}/o/rest/v2/dossiers").status_code == 400
    assert systems.city(fromDueDate="2026-01-01").status_code == 400
    assert systems.city(start="x").status_code == 400


def test_city_case_and_steps(systems: Systems) -> None:
    row = systems.city(status="done", agency="H26.01", start=0, end=1).json()["data"][0]
    address = f"{systems.addresses.city}/o/rest/v2/dossiers/{row['dossierId']}"
    assert systems.client.get(address, headers={"groupId": "1"}).json() == row
    steps = systems.client.get(f"{address}/actions", headers={"groupId": "1"}).json()
    assert steps["total"] == len(steps["data"]) >= 4
    assert systems.city(dossierNo=row["dossierNo"]).json()["data"] == [row]
    assert systems.client.get(address + "9", headers={"groupId": "1"}).status_code == 404


def test_served_rows_say_what_the_truth_says(systems: Systems, world: World) -> None:
    city: dict[str, list[dict[str, Any]]] = {}
    portal: dict[str, list[dict[str, Any]]] = {}
    for records, key, rows in (
        (city, "dossierNo", systems.all_city_rows()),
        (portal, "MaHoSo", systems.all_portal_rows()),
    ):
        for row in rows:
            records.setdefault(row.get(key) or "", []).append(row)
    for m in world.truth()["mismatches"]:
        code, kind, field = m["case_code"], m["kind"], m["field"]
        if kind == "missing_on_portal":
            assert code in city
            assert code not in portal
        elif kind == "missing_in_city":
            assert code in portal
            assert code not in city
        elif kind == "ambiguous":
            assert code in city
            assert code not in portal
            assert m["portal_value"] in portal
            assert m["portal_value"] not in city
        elif kind.startswith("duplicate_"):
            assert (len(city[code]), len(portal[code])) == ((2, 1) if kind == "duplicate_in_city" else (1, 2))
        else:
            assert read_city(city[code][0], field) == m["city_value"]
            assert read_portal(portal[code][0], field) == m["portal_value"]
    for bad in world.truth()["bad_rows"]:
        assert (city if bad["side"] == "city" else portal)[bad["case_code"] or ""]


def test_session_is_needed_and_ends(systems: Systems) -> None:
    wrong = systems.client.post(f"{systems.addresses.portal}/mapi/login", json={"username": "hanoi", "password": "no"})
    assert wrong.json()["error_code"] == -1
    assert systems.mood("portal", "expire_session").status_code == 200
    assert systems.portal("LayDanhMucCoQuan")["error_code"] == "-2"
    systems.login()
    answers = [systems.portal("LayDanhMucCoQuan")["error_code"] for _ in range(6)]
    assert Counter(map(repr, answers)) == {"'00'": 2, "'0'": 2, "0": 2}


def test_push_is_visible(systems: Systems, world: World) -> None:
    code = next(m["case_code"] for m in world.truth()["mismatches"] if m["kind"] == "missing_on_portal")
    model = systems.portal("DanhSachHoSo", ngayNhan1="2026-03-16", ngayNhan2="2026-03-20", trang=1, soDong=1)["result"][
        0
    ]
    record = model | {"MaHoSo": code, "NgayTiepNhan": "20260316235959", "TrangThaiHoSo": "9", "GhiChu": "đẩy lại"}
    before = int(
        systems.portal("DanhSachHoSo", ngayNhan1="2026-03-16", ngayNhan2="2026-03-16", trang=1, soDong=1)["tongSo"]
    )

    assert systems.portal("DongBoHoSoMC", data=[record], isUpdating=UPDATE)["error_code"] == "-1"
    assert systems.portal("TraCuuHoSo", mahoso=code)["result"] == []
    assert systems.portal("DongBoHoSoMC", data=[record], isUpdating=CREATE)["error_code"] in ("00", "0", 0)
    again = systems.portal("DongBoHoSoMC", data=[record], isUpdating=CREATE)
    assert (again["error_code"], again["message"]) == ("3", "Hồ sơ đã tồn tại")
    assert (
        systems.portal("DongBoHoSoMC", data=[record | {"TrangThaiHoSo": "10"}], isUpdating=UPDATE)["error_code"] != "-1"
    )

    found = systems.portal("TraCuuHoSo", mahoso=code)["result"]
    assert [(r["TrangThaiHoSo"], r["GhiChu"]) for r in found] == [("10", "đẩy lại")]
    assert found[0]["idHoSo"] != model["idHoSo"]
    day = systems.portal("DanhSachHoSo", ngayNhan1="2026-03-16", ngayNhan2="2026-03-16", trang=1, soDong=1_000)
    assert int(day["tongSo"]) == before + 1
    assert day["result"][-1] == found[0]


def test_update_moves_a_record_to_its_new_day(systems: Systems) -> None:
    record = systems.portal("DanhSachHoSo", ngayNhan1="2026-03-16", ngayNhan2="2026-03-20", trang=1, soDong=1)[
        "result"
    ][0]
    moved = record | {"NgayTiepNhan": "20260101000000"}
    assert systems.portal("DongBoHoSoMC", data=[moved], isUpdating=UPDATE)["error_code"] in ("00", "0", 0)
    listed = systems.portal("DanhSachHoSo", ngayNhan1="2026-01-01", ngayNhan2="2026-01-01", trang=1, soDong=1)["result"]
    assert listed[0]["idHoSo"] == record["idHoSo"]
    assert len(systems.all_portal_rows()) == len({r["idHoSo"] for r in systems.all_portal_rows()})


def test_steps_and_refused_pushes(systems: Systems, world: World) -> None:
    code = world.portal_records([3])[0]["MaHoSo"]
    step = {
        "MaHoSo": code,
        "NguoiXuLy": "Cán bộ",
        "ThoiDiemXuLy": "20260316080000",
        "NoiDungXuLy": "x",
        "TrangThai": "4",
    }
    assert systems.portal("CapNhatTienDoHoSoMC", data=[step])["error_code"] in ("00", "0", 0)
    assert systems.portal("CapNhatTienDoHoSoMC", data=[step | {"MaHoSo": "H26.01-000101-0001"}])["error_code"] == "-1"
    record = world.portal_records([3])[0]
    for fault in ({"TrangThaiHoSo": "11"}, {"NgayTiepNhan": ""}, {"GhiChu": "x" * 2_001}, {"MaHoSo": ""}):
        assert systems.portal("DongBoHoSoMC", data=[record | fault], isUpdating=UPDATE)["error_code"] == "-1"
    assert systems.portal("KhongCo")["error_code"] == "-1"


def test_catalogues(systems: Systems) -> None:
    assert len(systems.portal("LayDanhMucCoQuan")["result"]) == 167
    procedure = systems.portal("LayDanhSachTTHC")["result"][0]
    detail = systems.portal("LayThuTuc", maTTHC=procedure["MATTHC"])["result"][0]
    assert detail["TENTTHC"] == procedure["TENTTHC"]
    assert 1 <= int(detail["CACHTHUCTHUCHIEN"][0]["THOIGIAN"][0]["THOIGIANGIAIQUYET"]) <= 30
    assert {f["MALINHVUC"] for f in systems.portal("LayDanhMucLinhVuc")["result"]} >= {procedure["MALINHVUC"]}


def test_a_push_is_checked_and_fails_as_asked(systems: Systems, world: World) -> None:
    record = world.portal_records([5])[0]

    def push(**changed: Any) -> str:
        return str(systems.portal("DongBoHoSoMC", data=[record | changed], isUpdating=UPDATE)["error_code"])

    faults = (
        {"NgayHenTra": "10/06/2026"}, {"KenhThucHien": "4"}, {"TaiLieuNop": ""}, {"TrangThaiHoSo": 9},
        {"DonViXuLy": ""}, {"TrichYeuHoSo": "x" * 1_001},
    )  # fmt: skip
    assert [push(**fault) for fault in faults] == ["-1"] * len(faults)
    assert push(NgayHenTra="20260610") in ("0", "00")
    systems.mood("portal", "lose_push")
    assert push(NgayHenTra="20260611") in ("0", "00")
    systems.mood("portal", "refuse_push")
    assert push(NgayHenTra="20260611") == "-1"
    assert systems.portal("TraCuuHoSo", mahoso=record["MaHoSo"])["result"][0]["NgayHenTra"] == "20260610"
    systems.mood("portal", "alter_push")
    assert push(NgayTra="20260611") in ("0", "00")
    assert systems.portal("TraCuuHoSo", mahoso=record["MaHoSo"])["result"][0]["NgayHenTra"] == ""
    systems.mood("portal", "silent_push")
    with pytest.raises(httpx.TransportError):
        push(GhiChu="stored")
    found = systems.portal("TraCuuHoSo", mahoso=record["MaHoSo"])["result"][0]
    assert (found["NgayHenTra"], found["GhiChu"]) == (record["NgayHenTra"], "stored")
