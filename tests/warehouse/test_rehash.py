"""Hashes of two canonical forms never meet: they are refused, and made anew in bulk, on both engines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Connection, func, select, update

import settings
from errors import CanonicalMismatch
from schemas.case import CANONICAL_VERSION, CASE_SCHEMA
from schemas.codes import Side
from tasks.reconcile import reconcile_sides
from tasks.rehash import renew_hashes
from tasks.warehouse import queries
from tasks.warehouse.tables import version
from tests.rules.pairs import NOW, canonical

CASES = 25


def fill(connection: Connection) -> None:
    """Both sides' current versions of the cases and an older one of each, with the hashes of today's form."""
    rows = canonical(*({"case_code": f"H26.01-250603-{n:04}", "fee_total": n} for n in range(CASES))).astype(object)
    plain = rows.where(rows.notna(), None).to_dict("records")
    for side in Side:
        for opened, closed in ((NOW - pd.Timedelta("2D"), NOW - pd.Timedelta("1D")), (NOW - pd.Timedelta("1D"), None)):
            stamp = {"side": side.value, "recorded_from": opened, "recorded_to": closed, "run_id": "r"}
            connection.execute(version.insert(), [row | stamp for row in plain])


def hashes(connection: Connection) -> list[Any]:
    v = version.c
    rows = select(v.side, v.case_code, v.recorded_from, v.row_hash, v.content_hash, v.canonical_version)
    return list(connection.execute(rows.order_by(v.side, v.case_code, v.recorded_from)).all())


def test_old_hashes_are_refused_and_made_anew(warehouse: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "current", lambda: warehouse.settings)
    with warehouse.begin() as connection:
        fill(connection)
        renew_hashes(connection, 10)
        connection.execute(update(version).values(canonical_version=CANONICAL_VERSION - 1, row_hash=0))
        assert renew_hashes(connection, 10) == 4 * CASES
        whole = hashes(connection)
        assert {row[-1] for row in whole} == {CANONICAL_VERSION}
        assert len({row[3] for row in whole}) == CASES
        some = version.c.case_code < f"H26.01-250603-{CASES // 2:04}"
        connection.execute(
            update(version).values(canonical_version=CANONICAL_VERSION - 1, row_hash=1, content_hash=1).where(some)
        )
        assert queries.mixed_canonical_versions(connection) == [CANONICAL_VERSION - 1]
    with pytest.raises(CanonicalMismatch, match=r"flows\.rehash"):
        reconcile_sides.fn("r", NOW.to_pydatetime(), str(tmp_path))
    with warehouse.begin() as connection:
        assert renew_hashes(connection, 7) == 4 * (CASES // 2)
        assert hashes(connection) == whole
        assert renew_hashes(connection, 7) == 0
        assert connection.execute(select(func.count()).select_from(version)).scalar_one() == 4 * CASES
        assert set(CASE_SCHEMA.names) <= set(version.columns.keys())
