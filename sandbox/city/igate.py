"""The same city behind VNPT iGate: nested JSON, ISO times with an offset, and slices that do not say how many rows
there are. Pages count from zero; one real client starts at one and loses the first page without noticing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timezone
from typing import Any

import orjson

from sandbox.city.listing import BadRequestError, Selection, read_selection
from sandbox.columns import VIETNAM

SEARCH, TOKEN = "/pa/dossier/search", "/auth/token"
STATUS_IDS = {
    "receiving": 0, "new": 1, "processing": 2, "waiting": 3, "releasing": 4, "done": 5, "cancelled": 6, "denied": 7,
    "paying": 8, "unresolved": 9,
}  # fmt: skip
UNKNOWN_STATUS = 77
FILTERS = {
    "accepted-from": "fromReceiveDate", "accepted-to": "toReceiveDate", "applied-from": "fromSubmitDate",
    "applied-to": "toSubmitDate", "appointment-from": "fromDueDate", "appointment-to": "toDueDate",
    "code": "dossierNo",
}  # fmt: skip
SORTS = {"id": "dossierId", "appointmentDate": "dueDate", "acceptedDate": "receiveDate", "appliedDate": "submitDate"}


def read_slice(query: Mapping[str, str], most: int) -> tuple[Selection, int, int]:
    """The selection of a slice request, with its page number and size."""
    page, size = _number(query.get("page", "0")), min(most, _number(query.get("size", "20")))
    if size < 1 or query.get("spec", "slice") != "slice":
        raise BadRequestError("size must be positive and spec must be slice")
    name, _, order = query.get("sort", "appointmentDate,asc").partition(",")
    if name not in SORTS:
        raise BadRequestError(f"cannot sort by {name}")
    words = {str(number): word for word, number in STATUS_IDS.items()}
    statuses = [words.get(number, "-") for number in query.get("dossier-status", "").split(",") if number]
    translated = {FILTERS[key]: value for key, value in query.items() if key in FILTERS}
    translated |= {"start": str(page * size), "end": str((page + 1) * size), "sort": SORTS[name]}
    translated |= {"order": order} | ({"status": ",".join(statuses)} if statuses else {})
    return read_selection(translated, most), page, size


def slice_of(records: list[dict[str, Any]], page: int, size: int, last: bool) -> dict[str, Any]:
    """A Spring slice: no total anywhere."""
    return {
        "content": records,
        "pageable": {"pageNumber": page, "pageSize": size},
        "number": page,
        "size": size,
        "numberOfElements": len(records),
        "first": page == 0,
        "last": last,
        "empty": not records,
    }


def to_igate(record: dict[str, Any]) -> dict[str, Any]:
    """One record of the city in this system's shape. Keys that are absent stay absent."""
    offset = UTC if int(record["dossierId"]) % 4 == 0 else VIETNAM  # both were seen
    word = record.get("dossierStatus")
    made: dict[str, Any] = {
        "id": f"5f{int(record['dossierId']):022x}",
        "nationCode": "",
        "isDVCLT": False,
        "procedure": {
            "id": record["serviceCode"],
            "code": record["serviceCode"],
            "name": record["serviceName"],
            "translate": [{"languageId": 228, "name": record["serviceName"]}],
            "sector": {"id": "", "code": ""},
        },
        "agency": {"id": record["govAgencyCode"], "code": record["govAgencyCode"], "name": record["govAgencyName"]},
        "applicant": {"data": _applicant(record)},
        "applyMethod": {"id": _channel(record), "name": ""},
        "dossierStatus": {"id": STATUS_IDS.get(word or "", UNKNOWN_STATUS), "name": record.get("dossierStatusText")},
        "dossierTaskStatus": {"id": "", "name": record["stepName"]},
        "processingTime": record["durationCount"],
        "processingTimeUnit": "d",
        "task": [],
        "currentTask": [],
    }
    times = {
        "appliedDate": "submitDate", "acceptedDate": "receiveDate", "appointmentDate": "dueDate",
        "completedDate": "releaseDate", "returnedDate": "finishDate", "updatedDate": "modifiedDate",
        "createdDate": "createDate",
    }  # fmt: skip
    made |= {name: iso(record[key], offset) for name, key in times.items() if key in record}
    renamed = {"code": "dossierNo", "description": "dossierNote"}
    made |= {name: record[key] for name, key in renamed.items() if key in record}
    extension = orjson.loads(record["metaData"]) if record.get("metaData") else {}
    extension.pop("submissionChannel", None)
    return made | {"extendField": extension}


def iso(text: str | None, offset: timezone) -> str | None:
    """ISO 8601 with an offset and as precise as the text; what cannot be read stays as it is, "" becomes null."""
    if not text:
        return None
    form = {19: "%d/%m/%Y %H:%M:%S", 16: "%d/%m/%Y %H:%M"}.get(len(text))
    try:
        moment = datetime.strptime(text, form or "").replace(tzinfo=VIETNAM).astimezone(offset)
    except ValueError:
        return text
    clock = "%Y-%m-%dT%H:%M:%S.000%z" if len(text) == 19 else "%Y-%m-%dT%H:%M%z"
    return moment.strftime(clock)


def _applicant(record: dict[str, Any]) -> dict[str, Any]:
    keys = {
        "fullname": "applicantName", "identityNumber": "applicantIdNo", "phoneNumber": "contactTelNo",
        "email": "contactEmail", "ownerType": "applicantIdType",
    }  # fmt: skip
    return {name: record[key] for name, key in keys.items() if key in record}


def _channel(record: dict[str, Any]) -> str:
    return str(orjson.loads(record["metaData"])["submissionChannel"]) if record.get("metaData") else ""


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise BadRequestError("page and size must be numbers")
    return int(text)
