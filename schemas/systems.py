"""The systems that can be read, as data: which fields each one's record has, which are left out, which codes it uses.

A city runs OpenCPS, VNPT iGate or a paged system of the Thanh Hoa kind; any of them can also be read from a SQL replica
or from exported files. Whatever the system, a row lands under the columns of `schemas.wire.FIELDS` of its side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from schemas import wire_files, wire_igate, wire_paged
from schemas.codes import CITY_STATUS_WORDS, Side, Status
from schemas.wire import CITY_FIELDS, PORTAL_FIELDS, WireField, names


@dataclass(frozen=True)
class WireSystem:
    """One kind of record.

    `ignored` are names of top-level fields that are known and not read; every other unmapped field is drift.
    `extension` fills keys of the site extension (`metaData` of OpenCPS) from fields of systems that have them as
    fields. `codes` are the known values of code columns; another value is drift.
    """

    name: str
    side: Side
    fields: tuple[WireField, ...]
    ignored: frozenset[str]
    codes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    extension: Mapping[str, str] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """The wire name of the record's own number."""
        return next(f.name for f in self.fields if f.column == "record_id")


NATIONAL_STATUSES: Final = MappingProxyType({str(int(status)): status for status in Status})

OPENCPS_IGNORED: Final = names(
    """
    groupId referenceUid counter createDate userId userName registerBookCode registerBookName processDate
    endorsementDate documentDate documentNo lastReceiveDate lastSendDate extendDate cancellingDate correcttingDate
    dossierStatusText dossierSubStatus dossierSubStatusText lockState online onlineStatus viaPostal originality original
    originDossierId originDossierNo systemId durationCount durationUnit durationPhase dossierOverdue timeOverdueText
    dossierFinishOverdue stepCode stepName stepDuedate stepDueDate lastActionDate lastActionCode lastActionName
    lastActionUser lastActionNote dossierActionId dossierTemplateNo dossierTemplateName processNo serviceLevel domain
    domainCode domainName applicantIdDate applicantNote address cityCode cityName districtCode districtName wardCode
    wardName contactName delegateName delegateIdNo delegateTelNo delegateEmail delegateAddress delegateCityCode
    delegateCityName delegateDistrictCode delegateDistrictName delegateWardCode delegateWardName submitting notification
    submissionNote briefNote password sampleCount state vnpostalStatus vnpostalProfile fromViaPostal dossierName
    dossierCounter postalServiceCode postalServiceName postalAddress postalTelNo postalCityCode postalCityName
    postalDistrictCode postalDistrictName postalWardCode postalWardName permission assigned pending visited specialNo
    lastModifiedBy
    """
)
"""The rest of `Dossier` and of the keys that its listing computes (OpenCPS v2)."""

PORTAL_IGNORED: Final = names(
    """
    SoBienNhan MaDoiTuong ThongTinKhac Fax TrichYeuHoSo ThongTinTra HinhThuc DanhSachTepDinhKemKhac NoiNopHoSo
    NgayTuChoi DinhDanhCHS
    """
)
"""The fields of `DongBoHoSoMC` that nothing is compared on."""

_FLAG: Final = frozenset({"", "0", "1"})

OPENCPS: Final = WireSystem(
    "opencps", Side.CITY, CITY_FIELDS, OPENCPS_IGNORED, {"status_code": frozenset(CITY_STATUS_WORDS)}
)
IGATE: Final = WireSystem(
    "igate",
    Side.CITY,
    wire_igate.FIELDS,
    wire_igate.IGNORED,
    {"status_code": frozenset(wire_igate.STATUS_IDS)},
    wire_igate.EXTENSION,
)
PAGED: Final = WireSystem(
    "paged",
    Side.CITY,
    wire_paged.FIELDS,
    wire_paged.IGNORED,
    {"status_code": frozenset(NATIONAL_STATUSES)},
    wire_paged.EXTENSION,
)
PORTAL: Final = WireSystem(
    "mapi",
    Side.PORTAL,
    PORTAL_FIELDS,
    PORTAL_IGNORED,
    {
        "status_code": frozenset(NATIONAL_STATUSES),
        "channel": frozenset({"", "1", "2", "3"}),
        "online_payment": frozenset({"", "0", "1", "2", "3"}),
        "has_digitised_component": _FLAG,
        "account_verified_vneid": _FLAG,
    },
)

REPLICA: Final = WireSystem("replica", Side.CITY, CITY_FIELDS, OPENCPS_IGNORED, OPENCPS.codes)
FILES: Final = MappingProxyType(
    {
        Side.CITY: WireSystem("files", Side.CITY, wire_files.FIELDS[Side.CITY], OPENCPS_IGNORED),
        Side.PORTAL: WireSystem("files", Side.PORTAL, wire_files.FIELDS[Side.PORTAL], PORTAL_IGNORED, PORTAL.codes),
    }
)

STATUS_WORDS: Final[Mapping[str, Mapping[str, Status]]] = MappingProxyType(
    {
        "opencps": CITY_STATUS_WORDS,
        "replica": CITY_STATUS_WORDS,
        "igate": wire_igate.STATUS_IDS,
        "paged": NATIONAL_STATUSES,
        "files": MappingProxyType({**CITY_STATUS_WORDS, **NATIONAL_STATUSES}),
    }
)
"""How each city adapter's status text reads as a national code; the setting `city_status_map` replaces it."""
