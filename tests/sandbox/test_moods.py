"""Deliberate misbehaviour on request, and the command line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from sandbox.moods import MOODS
from sandbox.world import World
from tests.sandbox.conftest import Systems


def test_moods_come_and_go(systems: Systems, world: World) -> None:
    window = {"ngayNhan1": "2025-01-01", "ngayNhan2": "2026-12-31", "trang": 1, "soDong": 5}
    for side, ask in (("city", systems.city), ("portal", lambda: systems.raw_portal("DanhSachHoSo", **window))):
        for name in ("malformed_page", "error_500", "error_429", "missing_field", "wrong_total"):
            assert systems.mood(side, name).status_code == 200
        refused = [ask(), ask()]
        assert [r.status_code for r in refused] == [500, 429]
        assert refused[1].headers["Retry-After"] == "1"
        with pytest.raises(json.JSONDecodeError):
            ask().json()
        systems.mood(side, "missing_field")
        systems.mood(side, "wrong_total")
        odd, honest = ask().json(), ask().json()
        total, rows, status = (
            ("total", "data", "dossierStatus") if side == "city" else ("tongSo", "result", "TrangThaiHoSo")
        )
        assert int(odd[total]) == int(honest[total]) + 7
        assert not any(status in row for row in odd[rows])
        assert all(status in row for row in honest[rows])
    assert systems.mood("portal", "unstable_ties").status_code == 400
    assert systems.mood("portal", "nonsense").status_code == 400
    assert set(systems.client.get(f"{systems.addresses.portal}/_sandbox/state").json()["known_moods"]) < set(MOODS)


def test_unstable_ties_lose_rows_only_without_a_full_order(systems: Systems, world: World) -> None:
    def seen(**query: str) -> int:
        systems.mood("city", "unstable_ties", times=1_000)
        rows: list[dict[str, Any]] = []
        for start in range(0, world.city_count, 100):
            rows += systems.city(start=start, end=start + 100, **query).json()["data"]
        systems.mood("city", "unstable_ties", times=0)
        return len({row["dossierId"] for row in rows})

    assert seen(sort="dossierId") == world.city_count
    assert seen(sort="receiveDate") < world.city_count


def test_command_line(tmp_path: Path) -> None:
    truth = tmp_path / "truth.json"
    command = [sys.executable, "-m", "sandbox", "serve", "--cases", "300", "--seed", "3", "--truth", str(truth)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        written = orjson.loads(truth.read_bytes())
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (0, "", "")
    assert ready["ready"] is True
    assert (ready["cases"], ready["now"]) == (300, "2026-11-20T16:30:00+07:00")
    assert ready["city"].startswith("http://127.0.0.1:")
    assert {"mismatches", "bad_rows", "in_flight", "period", "equal_by_encoding"} <= written.keys()
