"""VNPT iGate's case record, as `GET /pa/dossier/search` lists it.

Observed in clients of several provinces: `id`, `code`, `procedure`, `agency`, `applicant.data`, `applyMethod`,
`dossierStatus` and the three dates. Not confirmed, and therefore assumptions of this project: the names of the dates
of finishing, returning and changing, the numbers of the statuses, and `extendField`, a site extension with the keys of
OpenCPS' `metaData`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from schemas.codes import Status
from schemas.wire import WireField, WireType, names

_T, _C = WireType.TIME, WireType.CODE

FIELDS: Final = (
    WireField("id", "record_id", required=True),
    WireField("code", "case_code", required=True),
    WireField("procedure.code", "procedure_code", required=True),
    WireField("procedure.name", "procedure_name"),
    WireField("agency.code", "agency_code", required=True),
    WireField("agency.name", "agency_name", required=True),
    WireField("applicant.data.fullname", "applicant_name", personal=True),
    WireField("applicant.data.ownerType", "applicant_type"),
    WireField("applicant.data.identityNumber", "applicant_id_no", personal=True),
    WireField("applicant.data.phoneNumber", "phone", personal=True),
    WireField("applicant.data.email", "email", personal=True),
    WireField("appliedDate", "submitted_at", _T),
    WireField("acceptedDate", "received_at", _T, required=True),
    WireField("appointmentDate", "due_at", _T, required=True),
    WireField("completedDate", "finished_at", _T, required=True),
    WireField("returnedDate", "returned_at", _T),
    WireField("updatedDate", "modified_at", _T, required=True),
    WireField("dossierStatus.id", "status_code", _C, required=True, number=True),
    WireField("description", "note"),
    WireField("extendField", "site_extension", required=True),
)

IGNORED: Final = names(
    """
    nationCode isDVCLT applyMethod dossierTaskStatus dueDate processingTime processingTimeUnit task currentTask
    dossierProgress createdDate
    """
)

EXTENSION: Final[Mapping[str, str]] = MappingProxyType({"submissionChannel": "applyMethod.id"})

STATUS_IDS: Final[Mapping[str, Status]] = MappingProxyType(
    {
        "0": Status.REGISTERED,
        "1": Status.RECEIVED,
        "2": Status.PROCESSING,
        "3": Status.SUPPLEMENT_REQUESTED,
        "4": Status.FINISHED,
        "5": Status.RETURNED,
        "6": Status.WITHDRAWN,
        "7": Status.REFUSED,
        "8": Status.PAYMENT_REQUESTED,
        "9": Status.STOPPED,
    }
)
