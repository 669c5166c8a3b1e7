"""The reference services: agencies, fields, procedures.

Key names are those of the national interface, except ``KETNOICSDLDANCU`` (procedure linked to the population database):
the index counts such procedures, but the key that says so has not been seen.
"""

from __future__ import annotations

from typing import Any

from sandbox.catalogue import Catalogue, Procedure
from sandbox.catalogue.agencies import CITY_CODE, Level

Record = dict[str, Any]
CHANNELS = ("1", "2", "3")
LEVEL_NAMES = {Level.PROVINCE: "Cơ quan chuyên môn cấp tỉnh", Level.COMMUNE: "Ủy ban nhân dân cấp xã"}


class CatalogueServices:
    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._by_code = {p.code: (number, p) for number, p in enumerate(catalogue.procedures)}

    def agencies(self) -> list[Record]:
        city = {"MADONVI": CITY_CODE, "TENDONVI": "UBND Thành phố Hà Nội", "CAPDONVI": "1"}
        units = [
            {"MADONVI": a.code, "TENDONVI": a.name, "CAPDONVI": "2" if a.level is Level.PROVINCE else "3"}
            for a in self._catalogue.agencies
        ]
        return [city, *units]

    def fields(self) -> list[Record]:
        names = {p.field_code: p.field_name for p in self._catalogue.procedures}
        return [{"MALINHVUC": code, "TENLINHVUC": name, "MANGANH": code[:3]} for code, name in names.items()]

    def procedures(self) -> list[Record]:
        return [
            {"MATTHC": p.code, "TENTTHC": p.name, "MALINHVUC": p.field_code, "TENLINHVUC": p.field_name}
            for p in self._catalogue.procedures
        ]

    def procedure(self, code: str) -> list[Record]:
        """Detail of one procedure as a list of one, or an empty list."""
        if code not in self._by_code:
            return []
        number, procedure = self._by_code[code]
        return [
            {
                "ID": str(10_000 + number),
                "MATTHC": procedure.code,
                "TENTTHC": procedure.name,
                "LOAITTHC": "TTHC được luật giao quy định chi tiết",
                "TRANGTHAI": "Còn hiệu lực",
                "LINHVUCTHUCHIEN": [{"MALINHVUC": procedure.field_code, "TENLINHVUC": procedure.field_name}],
                "COQUANTHUCHIEN": self._offices(procedure),
                "CAPTHUCHIEN": [
                    {"CAPTHUCHIEN": procedure.level.value, "MOTACOQUANTHUCHIEN": LEVEL_NAMES[procedure.level]}
                ],
                "CACHTHUCTHUCHIEN": [{"KENH": channel, "THOIGIAN": [_time_limit(procedure)]} for channel in CHANNELS],
                "THANHPHANHOSO": [{"TRUONGHOP": "", "GIAYTO": _papers(procedure)}],
                "KETQUATHUCHIEN": _results(procedure),
                "TRINHTUTHUCHIEN": "Tiếp nhận, thẩm định, phê duyệt, trả kết quả",
                "CANCUPHAPLY": [
                    {"SOVANBAN": "61/2018/NĐ-CP", "TENVANBAN": "Nghị định về cơ chế một cửa, một cửa liên thông"}
                ],
                "YEUCAU": "",
                "KETNOICSDLDANCU": "1" if procedure.population else "0",
            }
        ]

    def _offices(self, procedure: Procedure) -> list[Record]:
        agencies = [self._catalogue.agencies[office] for office in procedure.offices]
        return [{"MADONVI": a.code, "TENDONVI": a.name} for a in agencies] or [
            {"MADONVI": CITY_CODE, "TENDONVI": "UBND cấp xã"}
        ]


def _time_limit(procedure: Procedure) -> Record:
    amounts = (procedure.fee, procedure.extra_fee)
    return {
        "THOIGIANGIAIQUYET": str(procedure.max_days),
        "DONVITINH": "Ngày làm việc",
        "MOTA": "",
        "PHILEPHI": [{"SOTIEN": str(amount), "DONVI": "Đồng", "MOTA": ""} for amount in amounts if amount],
    }


def _papers(procedure: Procedure) -> list[Record]:
    return [
        {"MAGIAYTO": code, "TENGIAYTO": name, "SOBANCHINH": "1", "SOBANSAO": "0", "TENMAUDON": "", "URL": ""}
        for code, name in procedure.components
    ]


def _results(procedure: Procedure) -> list[Record]:
    return [{"MAKETQUA": procedure.result_code, "TENKETQUA": procedure.result_name}] if procedure.result_code else []
