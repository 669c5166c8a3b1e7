"""Great Expectations and the plain evaluation of the declared rules, on rows that break each of them."""

from __future__ import annotations

import pandas as pd
import pytest

from expectations.run import failures, reasons
from expectations.suites import SUITES
from schemas.codes import QuarantineReason, Side
from tasks.rules.typed import typed
from tasks.sources.columns import to_table
from tasks.sources.drift import Drift
from tasks.warehouse.bulk import to_frame
from tests.oracle.path import SYSTEMS, Record, broken

GOOD: dict[Side, Record] = {
    Side.CITY: {
        "dossierId": "1",
        "dossierNo": "H26.01-260105-0001",
        "serviceCode": "1.000001",
        "govAgencyCode": "H26.01",
        "govAgencyName": "Sở Tư pháp",
        "receiveDate": "05/01/2026 08:00:00",
        "dueDate": "12/01/2026 08:00:00",
        "releaseDate": "",
        "modifiedDate": "05/01/2026 09:00:00",
        "dossierStatus": "processing",
        "dossierNote": "",
        "metaData": "{}",
    },
    Side.PORTAL: {
        "idHoSo": "1",
        "MaHoSo": "H26.01-260105-0001",
        "MaTTHC": "1.000001",
        "DonViXuLy": "Sở Tư pháp",
        "NgayTiepNhan": "20260105080000",
        "NgayHenTra": "20260112080000",
        "NgayKetThucXuLy": "",
        "TrangThaiHoSo": "4",
        "GhiChu": None,
        "KenhThucHien": "2",
        "DanhSachLePhi": [],
    },
}
NAMES = {
    Side.CITY: ("dossierNo", "dossierStatus", "receiveDate", "dueDate", "dossierNote", "metaData"),
    Side.PORTAL: ("MaHoSo", "TrangThaiHoSo", "NgayTiepNhan", "NgayHenTra", "GhiChu", "DanhSachLePhi"),
}
FEE = {Side.CITY: '{"fees": [{"amount": "1,5"}]}', Side.PORTAL: [{"Gia": "1,5"}]}


def rows(side: Side) -> dict[QuarantineReason, Record]:
    """One row for each reason, by what is wrong with it."""
    key, status, received, due, note, nested = NAMES[side]
    good, reason = GOOD[side], QuarantineReason
    absent = {name: value for name, value in good.items() if name != due}
    return {
        reason.NULL_KEY: good | {key: ""},
        reason.MALFORMED_KEY: good | {key: "H26.01-260105-0001\u200b"},
        reason.MISSING_FIELD: absent,
        reason.BAD_STATUS: good | {status: "0"},
        reason.UNPARSEABLE_TIME: good | {due: "31/02/2026 08:00:00"},
        reason.UNPARSEABLE_AMOUNT: good | {nested: FEE[side]},
        reason.UNPARSEABLE_LIST: good | {nested: "[" if side is Side.PORTAL else "no object"},
        reason.RECEIVED_MISSING: good | {received: ""},
        reason.DUE_BEFORE_RECEIVED: good | {received: good[due], due: good[received]},
        reason.NOTE_TOO_LONG: good | {note: "x" * 2_001},
    }


@pytest.mark.parametrize("side", list(Side))
def test_each_bad_row_gets_its_reason_and_good_rows_none(side: Side) -> None:
    wrong = rows(side)
    landed = to_frame(to_table([*wrong.values(), GOOD[side]], SYSTEMS[side], Drift(SYSTEMS[side])))
    frame = typed(side, landed)
    found = failures(side, frame)
    assert reasons(side, found)["reason"].to_dict() == dict(enumerate(map(str, wrong)))
    plain = pd.DataFrame({number: broken(rule, frame) for number, rule in enumerate(SUITES[side])})
    assert {(row, rule) for row, rule in found.itertuples(index=False)} == set(plain.stack()[lambda s: s].index)
