"""A full reconcile in parts leaves the ledger of one in a whole, on both engines, and nothing when a part fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from prefect.logging import disable_run_logger
from sqlalchemy import Connection, select

import settings
from schemas.codes import QuarantineReason, Side, Status
from schemas.mismatch import Kind
from tasks import reconcile_part
from tasks.reconcile import reconcile_sides
from tasks.warehouse.queries import Share, disagreeing
from tasks.warehouse.suppression import give
from tasks.warehouse.tables import metadata, mismatch, mismatch_event, quarantine, version, window
from tests.rules.pairs import NOW, OPEN, Values, at, canonical

PARTS = 4
JUNE = (date(2025, 6, 1), date(2025, 7, 1))
RUN_1, RUN_2 = NOW - pd.Timedelta("1D"), NOW
ALIKE = 12
DIFFERENT: list[tuple[Values, Values]] = [
    ({}, {"submission_channel": 1}),
    ({}, {"status_code": Status.RETURNED}),
    ({}, {"due_at": at("10 09:30"), "agency_code": "H26.02"}),
    ({}, {"finished_at": at("9 17:00"), "clock_stopped_at": at("9 17:00")}),
    (OPEN | {"modified_at": at("18 19:30")}, {}),
]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """There is no flow whose log could be written to."""
    with disable_run_logger():
        yield


def cases() -> tuple[list[Values], list[Values]]:
    """Both sides: pairs that differ and that do not, cases alone, and look-alikes, one edit apart."""
    city: list[Values] = []
    portal: list[Values] = []
    for number in range(60):
        code = {"case_code": f"H26.01-250603-{number:04}", "applicant_fingerprint": number}
        one, other = DIFFERENT[number % 8] if number % 8 < len(DIFFERENT) else ({}, {})
        city += [code | one] if number % 11 else []
        portal += [code | other] if number % 13 else []
    for number in range(ALIKE):
        person = {"applicant_fingerprint": 1_000 + number}
        city.append(person | {"case_code": f"H26.02-250603-1{number:03}"})
        portal.append(person | {"case_code": f"H26.02-250603-2{number:03}"})
    return city, portal


def fill(connection: Connection, rows: Iterable[Values], side: Side, at_: pd.Timestamp) -> None:
    frame = canonical(*rows).astype(object)
    stamp = {"side": side.value, "recorded_from": at_, "recorded_to": None, "run_id": "r"}
    connection.execute(version.insert(), [row | stamp for row in frame.where(frame.notna(), None).to_dict("records")])


def aside(number: int, code: str, reason: QuarantineReason) -> Values:
    seen = {"first_seen": RUN_1, "last_seen": RUN_1, "released_at": None, "window_start": JUNE[0], "run_id": "r"}
    texts = {"case_code": code, "probable_code": code, "reason": reason.value, "reasons": reason.value, "payload": "{}"}
    return {"quarantine_id": str(number), "side": "city", "landing_file": None, **texts, **seen}


def read(connection: Connection, run: str, at_: pd.Timestamp) -> None:
    counts = dict.fromkeys(("extracted", "loaded", "unchanged", "duplicate", "quarantined", "gone"), 0)
    day = {"window_start": JUNE[0], "window_end": JUNE[1], "read_at": at_, "watermark": at_, "run_id": run}
    connection.execute(window.insert(), [{"side": side.value, **day, **counts} for side in Side])


def reconciled(warehouse: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, **knobs: Any) -> list[Any]:
    """The ledger after two runs: the first finds everything; before the second, one change arrives at the portal."""
    monkeypatch.setattr(settings, "current", lambda: warehouse.settings.model_copy(update=knobs))
    city, portal = cases()
    with warehouse.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
        fill(connection, city, Side.CITY, RUN_1 - pd.Timedelta("1h"))
        fill(connection, portal, Side.PORTAL, RUN_1 - pd.Timedelta("1h"))
        bad = {7: QuarantineReason.DUPLICATE_KEY, 8: QuarantineReason.DUPLICATE_KEY, 9: QuarantineReason.NULL_KEY}
        rows = [aside(number, f"H26.01-250603-{number:04}", reason) for number, reason in bad.items()]
        connection.execute(quarantine.insert(), rows)
        give(connection, "order", {"kind": Kind.MISSING_IN_CITY.value}, date(2026, 1, 1), "known", RUN_1)
        read(connection, "first", RUN_1)
    reconcile_sides.fn("first", RUN_1.to_pydatetime(), str(folder))
    with warehouse.begin() as connection:
        some = next(row for row in portal if row["case_code"].endswith("0001"))
        mine = (version.c.side == Side.PORTAL.value, version.c.case_code == some["case_code"])
        connection.execute(version.update().values(recorded_to=RUN_2).where(*mine))
        fill(connection, [some | {"status_code": Status.FINISHED}], Side.PORTAL, RUN_2)
        read(connection, "second", RUN_2)
    reconcile_sides.fn("second", (RUN_2 + timedelta(seconds=1)).to_pydatetime(), str(folder))
    return ledger(warehouse)


def ledger(warehouse: Any) -> list[Any]:
    with warehouse.begin() as connection:
        found = [tuple(row) for table in (mismatch, mismatch_event) for row in connection.execute(select(table))]
    return sorted(found, key=repr)


def test_parts_leave_the_ledger_of_the_whole(warehouse: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryFileSystem, "store", {})
    whole = reconciled(warehouse, tmp_path, monkeypatch)
    with warehouse.begin() as connection:
        m = mismatch.c
        kinds = pd.DataFrame(connection.execute(select(m.kind, m.verdict)).all())
        held = {
            code: number
            for number in range(PARTS)
            for batch in disagreeing(connection, 50, share=Share(number, PARTS))
            for code in batch["case_code"]
        }
    assert set(kinds["verdict"]) >= {"confirmed", "unknown", "suppressed", "resolved"}
    assert kinds["kind"].nunique() >= 8
    assert (kinds["kind"] == Kind.AMBIGUOUS.value).sum() == ALIKE
    apart = [n for n in range(ALIKE) if held[f"H26.02-250603-1{n:03}"] != held[f"H26.02-250603-2{n:03}"]]
    assert apart, "some look-alikes lie in two parts"
    assert reconciled(warehouse, tmp_path, monkeypatch, reconcile_parts=PARTS) == whole
    assert not list((tmp_path / "parts").rglob("*"))
    far = {"reconcile_parts": PARTS, "landing_url": "memory://landing"}
    assert reconciled(warehouse, tmp_path, monkeypatch, **far) == whole
    assert not MemoryFileSystem.store


def test_a_part_that_fails_leaves_the_ledger_as_it_was(
    on_postgres: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = reconciled(on_postgres, tmp_path, monkeypatch, reconcile_parts=PARTS)
    judge = reconcile_part.judge_part.fn

    def failing(number: int, *rest: Any) -> Any:
        if number == PARTS - 1:
            raise MemoryError
        return judge(number, *rest)

    monkeypatch.setattr(reconcile_part.judge_part, "fn", failing)
    with on_postgres.begin() as connection:
        connection.execute(version.delete().where(version.c.side == Side.PORTAL.value))
    with pytest.raises(MemoryError):
        reconcile_sides.fn("third", (RUN_2 + timedelta(days=1)).to_pydatetime(), str(tmp_path))
    assert ledger(on_postgres) == before
    monkeypatch.setattr(reconcile_part.judge_part, "fn", judge)
    reconcile_sides.fn("third", (RUN_2 + timedelta(days=1)).to_pydatetime(), str(tmp_path))
    assert ledger(on_postgres) != before
