"""The nested lists of a portal record: components, fees, supplements, results, identities, connected databases."""

from __future__ import annotations

from typing import Any

import numpy as np

from sandbox.cases.applicants import Applicants
from sandbox.catalogue import Catalogue
from sandbox.columns import NO_TIME, Facts
from sandbox.documents import component_flags, fee_items, result_url
from sandbox.page import RowPage
from sandbox.spelling import spell_amount
from sandbox.wire import TimeText

POPULATION_DATABASE = "7"
Records = list[dict[str, Any]]


class CaseLists:
    def __init__(self, catalogue: Catalogue, text: TimeText) -> None:
        self._procedures, self._text = catalogue.procedures, text
        self._components: dict[tuple[int, int, int, int], Records] = {}
        self._fees: dict[tuple[int, int, int], Records] = {}

    def components(self, page: RowPage) -> list[Records]:
        """``TaiLieuNop``, cached by procedure and flags."""
        facts = page.facts
        flags = zip(facts.digitised.tolist(), facts.reused.tolist(), facts.stored.tolist(), strict=True)
        keys = ((content, *three) for content, three in zip(page.back.content.tolist(), flags, strict=True))
        return [self._components.get(key) or self._describe_components(key) for key in keys]

    def _describe_components(self, key: tuple[int, int, int, int]) -> Records:
        self._components[key] = [
            {
                "TepDinhKemId": f"T{code[-6:]}",
                "TenTepDinhKem": name,
                "IsDeleted": "False",
                "MaThanhPhanHoSo": code,
                "DuongDanTaiTepTin": f"https://motcua.hanoi.gov.vn/tep/{code}",
                "DuocSoHoa": flags[0],
                "DuocTaiSuDung": flags[1],
                "DuocLayTuKhoDMQG": flags[2],
                "MaKetQuaThayThe": "",
            }
            for code, name, flags in component_flags(self._procedures[key[0]], *key[1:])
        ]
        return self._components[key]

    def fees(self, page: RowPage) -> list[Records]:
        keys = zip(page.back.content.tolist(), page.facts.fee.tolist(), page.spelling.amount.tolist(), strict=True)
        return [self._fees[key] if key in self._fees else self._describe_fees(key) for key in keys]

    def _describe_fees(self, key: tuple[int, int, int]) -> Records:
        content, fee, spelling = key
        self._fees[key] = [
            {
                "TenPhiLePhi": name,
                "MaPhiLePhi": code,
                "HinhThucThu": "1",
                "Gia": spell_amount(amount, spelling),
                "LoaiPhiLePhi": "1",
            }
            for code, name, amount in fee_items(self._procedures[content], fee)
        ]
        return self._fees[key]

    def supplements(self, facts: Facts) -> list[Records]:
        times = self._text.portal
        found: list[Records] = [[] for _ in range(len(facts))]
        places = np.flatnonzero(facts.asked > NO_TIME)
        asking = facts.take(places)
        texts = zip(
            places.tolist(), times(asking.asked), times(asking.answered), times(asking.asked_again), strict=True
        )
        for place, asked, answered, again in texts:
            found[place].append(_supplement(1, asked, answered))
            if again:
                found[place].append(_supplement(2, again, ""))
        return found

    def results(self, page: RowPage) -> list[Records]:
        rows = zip(page.facts.result.tolist(), page.back.content.tolist(), page.codes, strict=True)
        return [self._result(content, code) if has else [] for has, content, code in rows]

    def _result(self, content: int, code: str) -> Records:
        procedure = self._procedures[content]
        return [
            {
                "TenGiayTo": procedure.result_name,
                "MaThanhPhanHoSo": "",
                "GiayToId": f"KQ-{code}",
                "DuongDanTepTinKetQua": result_url(code),
                "MaGiayToKetQua": procedure.result_code,
            }
        ]

    def identities(self, people: Applicants) -> list[Records]:
        """Kind 1 for numbers of twelve digits; an enterprise has no personal identity."""
        rows = zip(people.identities, people.enterprise, strict=True)
        return [[] if e else [{"LoaiDinhDanh": "1", "SoDinhDanh": number}] for number, e in rows]

    def databases(self, page: RowPage) -> list[Records]:
        linked = [{"MaCSDL": POPULATION_DATABASE}]
        return [linked if self._procedures[content].population else [] for content in page.back.content.tolist()]


def _supplement(number: int, asked: str, answered: str) -> dict[str, Any]:
    return {
        "HoSoBoSungId": number,
        "NguoiYeuCauBoSung": "Cán bộ thụ lý",
        "NoiDungBoSung": "Bổ sung thành phần hồ sơ còn thiếu",
        "NgayBoSung": asked,
        "NguoiTiepNhanBoSung": "Cán bộ tiếp nhận" if answered else "",
        "ThongTinTiepNhan": "",
        "NgayTiepNhanBoSung": answered,
        "TrangThaiBoSung": bool(answered),
        "DanhSachGiayToBoSung": [],
        "DanhSachLePhiBoSung": [],
        "NgayHenTraTruoc": "",
        "NgayHenTraMoi": "",
    }
