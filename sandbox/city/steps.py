"""Step history of a case (``DossierAction``), derived from the times of its events."""

from __future__ import annotations

from typing import Any

import numpy as np

from sandbox.city.records import FIRST_DOSSIER_ID
from sandbox.columns import NO_TIME, Facts
from sandbox.wire import TimeText

INTAKE, EXPERT, LEADER = "Cán bộ tiếp nhận", "Chuyên viên thụ lý", "Lãnh đạo đơn vị"
END_ACTIONS = {
    3: ("1300", "Từ chối tiếp nhận", INTAKE),
    7: ("1700", "Công dân rút hồ sơ", INTAKE),
    8: ("1800", "Dừng xử lý", LEADER),
    9: ("1500", "Ký duyệt kết quả", LEADER),
    10: ("1500", "Ký duyệt kết quả", LEADER),
}


def list_steps(row: int, facts: Facts, modified: int, text: TimeText) -> list[dict[str, Any]]:
    """The steps of the case in ``row``, oldest first. ``facts`` holds that one row."""
    events = sorted(_events(facts, modified), key=lambda event: event[0])
    times = text.city(np.array([event[0] for event in events], np.int64))
    due = text.city(facts.due)[0]
    dossier, first = str(FIRST_DOSSIER_ID + row), (FIRST_DOSSIER_ID + row) * 16
    return [
        {
            "dossierActionId": str(first + number),
            "dossierId": dossier,
            "actionCode": code,
            "actionName": name,
            "actionNote": "",
            "actionUser": user,
            "stepCode": str(200 + number * 10),
            "stepName": name,
            "previousActionId": str(first + number - 1) if number else "0",
            "nextActionId": str(first + number + 1) if number + 1 < len(events) else "0",
            "dueDate": due,
            "actionOverdue": "0",
            "pending": "true" if number + 1 == len(events) and facts.finished[0] == NO_TIME else "false",
            "rollbackable": "false",
            "state": "1",
            "eventStatus": "2",
            "createDate": created,
        }
        for number, ((_, code, name, user), created) in enumerate(zip(events, times, strict=True))
    ]


def _events(facts: Facts, modified: int) -> list[tuple[int, str, str, str]]:
    status, received, finished = int(facts.status[0]), int(facts.received[0]), int(facts.finished[0])
    if received == NO_TIME:
        return [(int(facts.submitted[0]), "1000", "Nộp hồ sơ trực tuyến", "Công dân")]
    events = [(received, "1100", "Tiếp nhận hồ sơ", INTAKE)]
    last = finished or modified
    if status not in (2, 3):
        events.append((received + (last - received) // 10, "1200", "Chuyển xử lý", EXPERT))
    for asked, answered in ((facts.asked[0], facts.answered[0]), (facts.asked_again[0], NO_TIME)):
        if asked != NO_TIME:
            events.append((int(asked), "1400", "Yêu cầu bổ sung giấy tờ", EXPERT))
        if answered != NO_TIME:
            events.append((int(answered), "1410", "Tiếp nhận bổ sung", INTAKE))
    if status == 6:
        events.append((modified, "1600", "Yêu cầu thực hiện nghĩa vụ tài chính", EXPERT))
    if status in END_ACTIONS:
        events.append((finished, *END_ACTIONS[status]))
    if facts.returned[0] != NO_TIME:
        events.append((int(facts.returned[0]), "1900", "Trả kết quả", INTAKE))
    return events
