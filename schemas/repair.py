"""The words of repair: what became of a push, and which fields of the portal's record say what is compared."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Outcome(StrEnum):
    """What is known of one attempt. An attempt is entered as INTENDED before anything is sent."""

    INTENDED = "intended"
    PROVEN = "proven"
    """Read back from the portal, the record agrees with the city's."""
    REFUSED = "refused"
    """The portal said no, with a code, and its record is not the city's."""
    DIFFERS = "differs"
    """The portal said yes (or nothing), and its record is neither the city's nor the one before."""
    UNKNOWN = "unknown"
    """No answer that tells; settled by reading back at the next run."""
    UNAPPLIED = "unapplied"
    """A run was ended before it could tell, and the portal's record is still the one before: nothing was applied."""


UNSETTLED: Final = frozenset({Outcome.INTENDED, Outcome.UNKNOWN})
BAD: Final = frozenset({Outcome.REFUSED, Outcome.DIFFERS, Outcome.UNKNOWN})
"""Outcomes that the circuit breaker counts."""

SERVICE: Final = "DongBoHoSoMC"

_WAITING: Final = (
    "supplement_requests",
    "supplement_requested_at",
    "supplement_answered",
    "supplement_waiting_s",
)

PUSHED: Final = MappingProxyType(
    {
        "MaTTHC": ("procedure_code",),
        "TenTTHC": ("procedure_code",),
        "MaLinhVuc": ("procedure_code",),
        "TenLinhVuc": ("procedure_code",),
        "DonViXuLy": ("agency_code",),
        "KenhThucHien": ("submission_channel",),
        "NgayTiepNhan": ("received_at",),
        "NgayHenTra": ("due_at",),
        "NgayKetThucXuLy": ("finished_at",),
        "NgayTra": ("returned_at",),
        "TrangThaiHoSo": ("status_code",),
        "DuocThanhToanTrucTuyen": ("online_payment",),
        "DanhSachLePhi": ("fee_total",),
        "HoSoCoThanhPhanSoHoa": ("has_digitised_component",),
        "TaiKhoanDuocXacThucVoiVNeID": ("account_verified_vneid",),
        "TaiLieuNop": ("any_digitised", "any_reused", "any_stored"),
        "DanhSachGiayToKetQua": ("has_result",),
        "DanhSachHoSoBoSung": _WAITING,
        "DSKetNoiCSDL": ("population_linked",),
    }
)
"""Field of the portal's record -> the facts that it says (columns of the canonical or the typed case). Of a record that
the portal has, only the fields whose facts differ are replaced: what is not compared stays the portal's own."""
