"""Incremental: nothing is judged twice when nothing changed, and what changed ends as after a full run."""

from __future__ import annotations

import functools
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select

import settings
from errors import ConfigError
from flows import carry
from flows.daily import daily
from flows.incremental import incremental
from schemas.window import Window
from tasks.warehouse.tables import mismatch, version, window

from .test_backfill import ask


def open_now() -> set[tuple[Any, ...]]:
    m = mismatch.c
    return set(ask(select(m.case_code, m.kind, m.verdict).where(m.resolved_at.is_(None))))


def test_an_empty_warehouse_is_refused(configured: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="empty"):
        incremental()


@pytest.mark.parametrize("where", ["near", pytest.param("far", marks=pytest.mark.full)])
def test_it_judges_what_changed_and_nothing_else(
    configured: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str
) -> None:
    landing = tmp_path / "landing"
    if where == "far":
        landing = tmp_path / "far" / "zone"
        landing.mkdir(parents=True)
        monkeypatch.setenv("HOSO_LANDING_URL", f"dir://zone::file://{landing.parent}")
        settings.current.cache_clear()
    now = datetime.fromisoformat(configured["planted"]["now"])
    end = date.fromisoformat(configured["planted"]["period"]["end"]) + timedelta(days=1)
    daily(end - timedelta(days=40), end, now)
    before, versions = open_now(), ask(select(func.count()).select_from(version))

    first = incremental(now + timedelta(minutes=15))  # windows of a day: not read as such before
    assert ask(select(func.count()).select_from(version)) == versions
    judged: list[Any] = []
    validate = carry.validate.fn

    @functools.wraps(validate)
    def noted(*args: Any, **kwargs: Any) -> Any:
        judged.append(args)
        return validate(*args, **kwargs)

    monkeypatch.setattr(carry.validate, "fn", noted)
    again = incremental(now + timedelta(minutes=30))
    assert judged == []
    assert again["counts"]["city"]["unchanged"] == again["counts"]["city"]["extracted"] > 0
    assert {side: rows["extracted"] for side, rows in again["counts"].items()} == {
        side: rows["extracted"] for side, rows in first["counts"].items()
    }
    w = window.c
    for extracted, *parts in ask(select(w.extracted, w.loaded, w.unchanged, w.duplicate, w.quarantined)):
        assert extracted == sum(parts)
    assert 0 < again["overhead"]["share"] < 1
    assert again["overhead"]["step_seconds"] < again["overhead"]["seconds"]
    # What grew older since is judged as a full run judges it.
    touched = open_now()
    daily(end - timedelta(days=40), end, now + timedelta(minutes=30, seconds=1))
    assert open_now() == touched
    assert {(code, kind) for code, kind, _ in before} == {(code, kind) for code, kind, _ in touched}

    judged.clear()
    _forget_a_record(landing, end - timedelta(days=2))
    third = incremental(now + timedelta(minutes=45))
    assert [side for side, *_ in judged] == ["city"]
    assert third["counts"]["city"]["loaded"] == 0
    assert open_now() == touched


def _forget_a_record(landing: Path, day: date) -> None:
    """As if the last read of one day had missed a record: what the source lists then differs from it."""
    (folder,) = landing.glob(f"city/{Window(day, day + timedelta(days=1)).name}/*")
    (path,) = folder.iterdir()
    table = pq.read_table(path)
    assert len(table)
    pq.write_table(table.slice(1), path)
