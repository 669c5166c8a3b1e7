"""How times are written on either wire, and what the compared fields are called there.

City (OpenCPS listing): ``dd/MM/yyyy HH:mm:ss``. Portal (case record): ``yyyyMMddHHmmss``. Both are the wall clock of
Asia/Ho_Chi_Minh without an offset; an empty time is an empty text.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sandbox.cases.working_time import EPOCH
from sandbox.columns import DAY, NO_TIME, Ints
from sandbox.side import SideName

#: truth field -> key of the record, where one key holds the value
WIRE_KEYS: dict[SideName, dict[str, str]] = {
    SideName.CITY: {
        "case_code": "dossierNo",
        "status_code": "dossierStatus",
        "received_at": "receiveDate",
        "due_at": "dueDate",
        "finished_at": "releaseDate",
        "agency_name": "govAgencyName",
        "procedure_code": "serviceCode",
        "note": "dossierNote",
    },
    SideName.PORTAL: {
        "case_code": "MaHoSo",
        "status_code": "TrangThaiHoSo",
        "received_at": "NgayTiepNhan",
        "due_at": "NgayHenTra",
        "finished_at": "NgayKetThucXuLy",
        "agency_name": "DonViXuLy",
        "procedure_code": "MaTTHC",
        "note": "GhiChu",
    },
}


@dataclass(frozen=True)
class TimeText:
    """Tables of day and clock texts, so that one time costs two look-ups. The last entry of each stands for "empty"."""

    first_day: int
    city_days: list[str]
    city_clock: list[str]
    portal_days: list[str]
    portal_clock: list[str]

    @classmethod
    def covering(cls, first: date, last: date) -> TimeText:
        days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
        clock = [(h, m, s) for h in range(24) for m in range(60) for s in range(60)]
        return cls(
            first_day=(first - EPOCH).days,
            city_days=[f"{d:%d/%m/%Y}" for d in days] + [""],
            city_clock=[f" {h:02d}:{m:02d}:{s:02d}" for h, m, s in clock] + [""],
            portal_days=[f"{d:%Y%m%d}" for d in days] + [""],
            portal_clock=[f"{h:02d}{m:02d}{s:02d}" for h, m, s in clock] + [""],
        )

    def city(self, moments: Ints) -> list[str]:
        return self._render(moments, self.city_days, self.city_clock)

    def portal(self, moments: Ints) -> list[str]:
        return self._render(moments, self.portal_days, self.portal_clock)

    def of(self, side: SideName, moments: Ints) -> list[str]:
        return self.city(moments) if side is SideName.CITY else self.portal(moments)

    def _render(self, moments: Ints, days: list[str], clock: list[str]) -> list[str]:
        empty = moments == NO_TIME
        day = moments // DAY - self.first_day
        second = moments % DAY
        day[empty] = -1
        second[empty] = DAY
        return [days[d] + clock[s] for d, s in zip(day.tolist(), second.tolist(), strict=True)]
