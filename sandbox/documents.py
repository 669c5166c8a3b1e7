"""What a case file consists of on both sides: components handed in, fees, the address of the result."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.catalogue import Procedure

FLAGS = ("0", "1")


def result_url(code: str) -> str:
    return f"https://motcua.hanoi.gov.vn/ket-qua/{code}.pdf"


def component_flags(
    procedure: Procedure, digitised: int, reused: int, stored: int
) -> Iterator[tuple[str, str, tuple[str, str, str]]]:
    """Code, name and (digitised, reused, from the personal store) of every component. The first one bears the flags."""
    for position, (code, name) in enumerate(procedure.components):
        bears = position == 0
        yield code, name, (FLAGS[digitised and bears], FLAGS[reused and bears], FLAGS[stored and bears])


def fee_items(procedure: Procedure, fee: int) -> Iterator[tuple[str, str, int]]:
    """Code, name and amount of what is charged; an exempt applicant still has an item, of 0 dong."""
    if procedure.fee:
        yield "PHI01", "Phí thẩm định, giải quyết", fee
    if procedure.extra_fee:
        yield "LEPHI01", "Lệ phí cấp giấy", procedure.extra_fee
