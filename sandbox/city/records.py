"""A page of the city's listing, made from columns.

Every wire field is rendered as a list over the page, then the lists are zipped into records. Numbers and booleans
travel as text, times as ``dd/MM/yyyy HH:mm:ss``, an empty value as "".
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sandbox.cases.codes import CodeBook
from sandbox.catalogue import Catalogue
from sandbox.city.extension import SiteExtension
from sandbox.columns import DAY, NO_TIME, Background, Facts, Rows
from sandbox.page import Columns, RowPage, to_records
from sandbox.side import Side
from sandbox.spelling import AgencySpelling, EmptySpelling, TimeSpelling, spell_agency, spell_empty
from sandbox.verdict import Judge
from sandbox.wire import TimeText

GROUP_ID = "35417"
FIRST_DOSSIER_ID = 26_000_001

STATUS_WORDS = (
    *("", "receiving", "new", "denied", "processing", "waiting"),
    *("paying", "cancelled", "unresolved", "releasing", "done"),
)
STATUS_TEXTS = (
    "",
    "Chờ tiếp nhận",
    "Mới tiếp nhận",
    "Từ chối tiếp nhận",
    "Đang xử lý",
    "Chờ bổ sung",
    "Chờ thanh toán",
    "Rút hồ sơ",
    "Dừng xử lý",
    "Chờ trả kết quả",
    "Đã trả kết quả",
)
STEP_NAMES = (
    "",
    "Đăng ký trực tuyến",
    "Tiếp nhận hồ sơ",
    "Từ chối hồ sơ",
    "Thẩm định hồ sơ",
    "Yêu cầu bổ sung",
    "Yêu cầu thanh toán",
    "Công dân rút hồ sơ",
    "Dừng xử lý hồ sơ",
    "Ký duyệt kết quả",
    "Trả kết quả",
)
OPTIONAL_KEYS = ("contactTelNo", "contactEmail", "dossierNote", "extendDate", "finishDate", "cancellingDate")
MINUTE_KEYS = ("receiveDate", "dueDate", "releaseDate")


class CityRecords:
    """Renders rows of the city's side."""

    def __init__(
        self, side: Side, background: Background, catalogue: Catalogue, book: CodeBook, text: TimeText, judge: Judge
    ) -> None:
        self.side, self.background, self.catalogue = side, background, catalogue
        self.book, self.text, self.judge = book, text, judge
        self._names = [[spell_agency(a.name, s) for a in catalogue.agencies] for s in AgencySpelling]
        self._units = [a.code for a in catalogue.agencies]
        self._services = [[p.code for p in catalogue.procedures], [f"{p.code}.H26" for p in catalogue.procedures]]
        self._titles = [p.name for p in catalogue.procedures]
        self._extension = SiteExtension(catalogue, text)

    def render(self, rows: Rows) -> list[dict[str, Any]]:
        page = RowPage.of(rows, self.side, self.background, self.book)
        records = to_records(self._filing(page) | self._times(page) | self._state(page))
        self._respell(rows, records)
        return records

    def _filing(self, page: RowPage) -> Columns:
        """What was filed, where and by whom."""
        facts, people, agency = page.facts, page.people, page.facts.agency.tolist()
        return {
            "dossierId": [str(FIRST_DOSSIER_ID + row) for row in page.rows.tolist()],
            "groupId": [GROUP_ID] * len(page),
            "referenceUid": [f"{key * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF:016x}" for key in facts.code.tolist()],
            "dossierNo": page.codes,
            "createDate": self.text.city(facts.submitted),
            "modifiedDate": self.text.city(page.back.modified),
            "serviceCode": page.pick(self._services, "procedure"),
            "serviceName": [self._titles[p] for p in facts.procedure.tolist()],
            "govAgencyCode": [self._units[a] for a in agency],
            "govAgencyName": page.pick(self._names, "agency"),
            "applicantName": people.names,
            "applicantIdType": ["business" if e else "citizen" for e in people.enterprise],
            "applicantIdNo": people.identities,
            "contactTelNo": people.phones,
            "contactEmail": people.mails,
        }

    def _times(self, page: RowPage) -> Columns:
        facts, times = page.facts, self.text.city
        return {
            "submitDate": times(facts.submitted),
            "receiveDate": times(facts.received),
            "dueDate": times(facts.due),
            "extendDate": [""] * len(page),
            "releaseDate": times(facts.finished),
            "finishDate": times(facts.returned),
            "cancellingDate": times(np.where(facts.status == 7, facts.finished, NO_TIME)),
            "correcttingDate": times(np.where(facts.status == 5, facts.asked, NO_TIME)),
        }

    def _state(self, page: RowPage) -> Columns:
        """Where the case stands, and the site extension."""
        facts, status, channel = page.facts, page.facts.status.tolist(), page.facts.channel.tolist()
        changed = np.where(facts.status == 1, facts.submitted, page.back.modified)
        return {
            "dossierStatus": [STATUS_WORDS[s] for s in status],
            "dossierStatusText": [STATUS_TEXTS[s] for s in status],
            "dossierSubStatus": [""] * len(page),
            "dossierSubStatusText": [""] * len(page),
            "lockState": ["PAUSE" if s in (5, 6) else "" for s in status],
            "online": ["true" if online else "false" for online in page.online],
            "viaPostal": ["2" if c == 3 else "1" for c in channel],
            "originality": ["1" if online else "3" for online in page.online],
            "durationCount": [f"{d}.0" for d in self.judge.max_days[facts.procedure].tolist()],
            "durationUnit": ["0"] * len(page),
            "dossierNote": page.people.notes,
            "dossierOverdue": self._overdue_texts(facts),
            "stepName": [STEP_NAMES[s] for s in status],
            "lastActionDate": self.text.city(changed),
            "lastActionName": [STEP_NAMES[s] for s in status],
            "metaData": self._extension.texts(page),
        }

    def _overdue_texts(self, facts: Facts) -> list[str]:
        judgement = self.judge.judge(facts)
        received = facts.received > NO_TIME
        days = np.where(received, (judgement.end - judgement.deadline) // DAY, 0)
        late = (judgement.overdue & received).tolist()
        return [f"Quá hạn {d + 1} ngày" if is_late else "" for d, is_late in zip(days.tolist(), late, strict=True)]

    def _respell(self, rows: Rows, records: list[dict[str, Any]]) -> None:
        """Precision and emptiness by the row's spelling, then the single values that a fault replaced."""
        spelling = self.side.spelling
        for place in np.flatnonzero(spelling.time[rows] == TimeSpelling.MINUTES).tolist():
            for key in MINUTE_KEYS:
                records[place][key] = records[place][key][:16]
        for place in np.flatnonzero(spelling.empty[rows] != EmptySpelling.TEXT).tolist():
            spell_empty(records[place], OPTIONAL_KEYS, int(spelling.empty[rows[place]]))
        self.side.apply_overrides(records, rows)
