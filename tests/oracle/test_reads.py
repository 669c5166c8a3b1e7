"""A window that could not be read today: its cases stay as they were known, and what is new in them is unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from schemas.codes import Side
from tests.oracle.path import Read, Warehouse, found
from tests.oracle.worlds import AS_OF, PRODUCT_REFERENCES, WINDOWS

DAY = WINDOWS[0].start.strftime("%d/%m/%Y")


def city(number: int, changed: Any, **said: Any) -> dict[str, Any]:
    return {
        "dossierId": str(number), "dossierNo": f"H26.01-250603-{number:04}", "serviceCode": "1.000001",
        "govAgencyCode": "H26.02", "govAgencyName": "", "receiveDate": f"{DAY} 08:00:00", "dueDate": "",
        "releaseDate": "", "modifiedDate": changed.strftime("%Y-%m-%dT%H:%M:%S%z"), "dossierStatus": "processing",
        "metaData": '{"submissionChannel": "1"}',
    } | said  # fmt: skip


def portal(number: int, **said: Any) -> dict[str, Any]:
    return {
        "idHoSo": str(number), "MaHoSo": f"H26.01-250603-{number:04}", "MaTTHC": "1.000001",
        "DonViXuLy": "Quận Đống Đa", "NgayTiepNhan": f"{DAY} 08:00:00", "NgayHenTra": "", "NgayKetThucXuLy": "",
        "TrangThaiHoSo": "4", "KenhThucHien": "1",
    } | said  # fmt: skip


@pytest.mark.parametrize("failing", list(Side))
def test_a_failed_read_leaves_what_is_new_unknown(warehouse: Warehouse, failing: Side) -> None:
    """Day one: 1 differs since long, 2 agrees. Day two: both change in the city, 3 is new there, 4 on the portal."""
    long_ago, today = AS_OF - timedelta(days=4), AS_OF + timedelta(hours=20)
    later = AS_OF + timedelta(days=1)
    window = WINDOWS[0]
    first = {
        Side.CITY: [city(1, long_ago), city(2, long_ago), city(5, long_ago)],
        Side.PORTAL: [portal(1, KenhThucHien="2"), portal(2), portal(5, KenhThucHien="2")],
    }
    second = {
        Side.CITY: [
            city(1, today, dossierStatus="paying"), city(2, today, dossierStatus="paying"), city(3, today),
            city(5, long_ago),
        ],
        Side.PORTAL: [*first[Side.PORTAL], portal(4)],
    }  # fmt: skip
    with warehouse.scratch() as connection:
        reads = [Read(side, {window: records}) for side, records in first.items()]
        warehouse.load(connection, reads, PRODUCT_REFERENCES, AS_OF)
        assert set(found(warehouse.findings(connection, AS_OF)).values()) == {"confirmed"}
        reads = [Read(side, {window: records}) for side, records in second.items() if side is not failing]
        warehouse.load(connection, reads, PRODUCT_REFERENCES, later)
        told = {
            (code[-1], kind): verdict for (code, kind), verdict in found(warehouse.findings(connection, later)).items()
        }
    assert told["5", "channel_differs"] == "confirmed", "known since before, and nothing says otherwise"
    if failing is Side.PORTAL:
        assert {told["1", "status_behind"], told["2", "status_behind"], told["3", "missing_on_portal"]} == {"unknown"}
        assert told["1", "channel_differs"] == "unknown"
    else:
        assert told == {
            ("1", "channel_differs"): "confirmed", ("5", "channel_differs"): "confirmed",
            ("4", "missing_in_city"): "unknown",
        }  # fmt: skip


def test_the_age_of_a_mismatch_is_that_at_the_last_read_of_both_sides(warehouse: Warehouse) -> None:
    changed = AS_OF - timedelta(hours=5)
    reads = [Read(Side.CITY, {WINDOWS[0]: [city(1, changed)]}), Read(Side.PORTAL, {WINDOWS[0]: []})]
    with warehouse.scratch() as connection:
        warehouse.load(connection, reads, PRODUCT_REFERENCES, AS_OF)
        for days, sides in ((0, reads), (2, reads[:1]), (3, reads)):
            as_of = AS_OF + timedelta(days=days)
            if days:
                warehouse.load(connection, [replace(read) for read in sides], PRODUCT_REFERENCES, as_of)
            (verdict,) = found(warehouse.findings(connection, as_of)).values()
            assert verdict == ("confirmed" if days == 3 else "late"), days
