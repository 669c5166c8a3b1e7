"""The commands of repair: what they print, what they refuse, how they end; and the promise, kept by the step itself."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import settings
from flows import repair
from flows.daily import daily
from flows.demo import sandbox
from flows.demo_repair import repair as repair_recommended
from tasks.warehouse import repairs
from tasks.warehouse.engine import create_tables, open_engine, transaction
from tasks.warehouse.repair_tables import attempt
from tasks.warehouse.tables import mismatch

TOKEN = "may write"


def said(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def transact() -> Any:
    knobs = settings.current()
    return transaction(open_engine(knobs), knobs)


def test_the_commands_and_how_they_end(
    configured: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with transact() as connection:
        create_tables(connection)
    assert repair.main([]) == 0
    plan = said(capsys)
    assert re.fullmatch(r"[0-9a-f]{64}", plan["digest"])
    apply = ["apply", "--plan", plan["plan"]]
    assert repair.main(apply) == 0
    assert said(capsys)["dry_run"]
    approved = [*apply, "--approve", plan["digest"]]
    assert repair.main(approved) == 2
    assert "HOSO_REPAIR_WRITES" in capsys.readouterr().err
    monkeypatch.setenv("HOSO_REPAIR_WRITES", "true")
    monkeypatch.setenv("HOSO_PORTAL_WRITE_TOKEN", TOKEN)
    settings.current.cache_clear()
    assert repair.main(["apply", "--plan", str(tmp_path / "none.json")]) == 2
    assert repair.main(["reset", "--reason", "nothing was wrong"]) == 2
    capsys.readouterr()
    with transact() as connection:
        repairs.open_breaker(connection, "b", "3 pushes in a row", "run", datetime.now(UTC))
    assert repair.main(approved) == 64
    assert "3 pushes in a row" in said(capsys)["breaker"]
    assert repair.main(["reset", "--reason", "the token was renewed"]) == 0
    assert said(capsys) == {"reset": 1}
    assert repair.main(approved) == 0


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Two systems of this module's own: it changes the portal."""
    path = tmp_path_factory.mktemp("sandbox") / "truth.json"
    with sandbox(2_000, 23, path, "--write-token", TOKEN) as ready:
        yield {**ready, "planted": json.loads(path.read_text(encoding="utf-8"))}


@pytest.mark.full
def test_what_was_recommended_and_pushed_regains_what_was_promised(
    configured: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOSO_REPAIR_WRITES", "HOSO_PORTAL_WRITE_TOKEN", "HOSO_REPAIR_MOST_PUSHES"):
        monkeypatch.setenv(name, "")  # given back at the end: the demonstration sets them
        monkeypatch.delenv(name)
    planted = configured["planted"]
    start = date.fromisoformat(planted["period"]["start"]) - timedelta(days=1)
    end = date.fromisoformat(planted["period"]["end"]) + timedelta(days=2)
    first = daily(start, end, datetime.fromisoformat(planted["now"]))
    told = repair_recommended(planted, first["run_id"], TOKEN)
    assert told["pushed"] == told["proven"] >= 10
    assert told["regained_points"] == told["promised_points"]
    with transact() as connection:
        pushed = select(attempt.c.case_code)
        states = select(mismatch.c.verdict).where(mismatch.c.case_code.in_(pushed)).distinct()
        assert connection.execute(states).scalars().all() == ["resolved"], "closed by the run that read them again"
