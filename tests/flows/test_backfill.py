"""Backfill: window by window, interrupted and taken up, it leaves the warehouse that one load leaves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

import settings
from errors import ConfigError, SourceError
from flows import carry
from flows.asked import Days, Sides
from flows.backfill import backfill, main
from flows.daily import daily
from schemas.window import Step
from tasks.extract import forget_clients
from tasks.warehouse.engine import open_engine, transaction
from tasks.warehouse.tables import mismatch, quarantine, run, version, window


def ask(statement: Any) -> list[tuple[Any, ...]]:
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        return [tuple(row) for row in connection.execute(statement)]


def contents() -> dict[str, set[tuple[Any, ...]]]:
    """The warehouse without what depends on when and how it was filled."""
    v, m, q = version.c, mismatch.c, quarantine.c
    return {
        "cases": set(ask(select(v.side, v.case_code, v.content_hash).where(v.recorded_to.is_(None)))),
        "mismatches": set(ask(select(m.case_code, m.kind, m.verdict).where(m.resolved_at.is_(None)))),
        "quarantine": set(ask(select(q.side, q.quarantine_id, q.reason).where(q.released_at.is_(None)))),
    }


def asked(systems: dict[str, Any]) -> tuple[Days, datetime]:
    planted = systems["planted"]
    end = date.fromisoformat(planted["period"]["end"]) + timedelta(days=2)
    return Days(start=end - timedelta(days=100), end=end), datetime.fromisoformat(planted["now"])


def test_interrupted_and_taken_up_it_equals_one_load(
    configured: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days, now = asked(configured)
    daily(days.start, days.end, now)
    at_once = contents()

    monkeypatch.setenv("HOSO_DATA_DIR", str(tmp_path / "by-window"))
    settings.current.cache_clear()
    forget_clients()
    shown = backfill(days, by=Step.WEEK, dry_run=True)["windows"]
    assert shown["to_read"] == shown["windows"] > 20
    assert shown["known_from"] == {"city": "probe", "portal": "probe"}
    assert 300 < shown["rows"] < 1_800
    assert ask(select(func.count()).select_from(run)) == [(0,)]

    load, begun = carry.load_window.fn, []

    def breaks_off(*args: Any) -> dict[str, int]:
        begun.append(args)
        if len(begun) > 3:
            raise SourceError("city", "the wire was cut")
        return load(*args)

    monkeypatch.setattr(carry.load_window, "fn", breaks_off)
    with pytest.raises(SourceError, match="start it again"):
        backfill(days, by=Step.WEEK, as_of=now)
    monkeypatch.setattr(carry.load_window, "fn", load)

    done = set(ask(select(window.c.side, window.c.window_start)))
    assert 3 <= len(done) < shown["windows"]
    result = backfill(days, by=Step.WEEK, as_of=now)
    assert (result["windows"]["done"], result["windows"]["to_read"]) == (len(done), shown["windows"] - len(done))
    assert contents() == at_once
    reads = ask(select(window.c.side, window.c.window_start))
    assert len(reads) == len(set(reads)) == shown["windows"], "each window once"
    assert ask(select(run.c.flow, run.c.state)) == [("backfill", "reported")]
    assert result["counts"]["city"]["extracted"] == sum(
        rows for (rows,) in ask(select(window.c.extracted).where(window.c.side == "city"))
    )
    assert not list(settings.current().runs_dir.rglob("windows/*"))

    again = backfill(days, re_judge=True, as_of=now + timedelta(minutes=5))
    assert again["ledger"]["opened"] == again["ledger"]["resolved"] == 0
    assert contents() == at_once
    assert len(ask(select(window.c.side))) == len(reads), "nothing was read"
    then, now = list(again["then_and_now"][0])[2:]
    assert result["run_id"] in then
    assert again["run_id"] in now
    assert all(row[then] == row[now] for row in again["then_and_now"]), "the rules are the same"
    with pytest.raises(ConfigError, match="no agency"):
        backfill(days, re_judge=True, agency="000.00.999.H26", as_of=datetime.now(UTC))


@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [
        (date(2026, 3, 1), date(2026, 2, 1), "empty"),
        (date(2026, 3, 1), date(2026, 3, 1), "empty"),
        (datetime.now(UTC).date(), datetime.now(UTC).date() + timedelta(days=30), "future"),
        (date(2014, 1, 1), date(2024, 1, 1), "5 years"),
    ],
)
def test_days_that_make_no_sense_are_refused_with_a_reason(
    configured: dict[str, Any], capsys: pytest.CaptureFixture[str], start: date, end: date, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        Days(start=start, end=end)
    assert main([start.isoformat(), end.isoformat()]) == 2
    assert reason in capsys.readouterr().err
    assert not settings.current().landing_dir.exists()


def test_an_agency_nobody_knows_and_a_missing_secret_are_refused(
    configured: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    days = Days(start=date(2026, 1, 1), end=date(2026, 2, 1))
    with pytest.raises(ConfigError, match="empty"):
        backfill(days, re_judge=True)
    with pytest.raises(ConfigError, match="agency"):
        backfill(days, Sides.CITY, agency="000.00.01.H26")
    monkeypatch.delenv("HOSO_PORTAL_PASSWORD")
    settings.current.cache_clear()
    assert main(["2026-01-01", "2026-02-01", "--dry-run"]) == 2
    assert "HOSO_PORTAL_PASSWORD" in capsys.readouterr().err
