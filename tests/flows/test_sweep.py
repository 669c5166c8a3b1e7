"""Rows that a change cursor lost are counted by a sweep, read again, and judged."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select

import settings
from errors import ConfigError
from flows.daily import daily
from flows.sweep import sweep
from schemas.codes import Side
from tasks.warehouse import tables
from tasks.warehouse.engine import open_engine, transaction


def test_what_the_cursor_lost_is_found_and_read_again(configured: dict[str, Any]) -> None:
    now = datetime.fromisoformat(configured["planted"]["now"])
    end = date.fromisoformat(configured["planted"]["period"]["end"]) + timedelta(days=1)
    month = (end.replace(day=1) - timedelta(days=1)).replace(day=1)
    name = f"{month:%Y-%m}"
    daily(month, end, now)
    assert all((found["lost"], found["gone"]) == (0, 0) for found in sweep([name], as_of=_after(now, 1))["holes"])

    lost = {Side.CITY: 7, Side.PORTAL: 4}
    before = _state()
    for side, rows in lost.items():
        _lose(side, month, rows)
    told = sweep([name], repair=False, as_of=_after(now, 2))
    assert {found["side"]: found["lost"] for found in told["holes"]} == {str(side): n for side, n in lost.items()}
    assert told["attention"] == {"unread": 2}
    assert _state() != before

    mended = sweep(as_of=_after(now, 3))
    assert mended["loaded"] == {str(side): rows for side, rows in lost.items()}
    assert _state() == before
    assert all(found["lost"] == 0 for found in sweep(as_of=_after(now, 4))["holes"])
    _keeps_no_personal_data(told["run_id"])


def test_what_is_no_whole_month_is_refused(configured: dict[str, Any]) -> None:
    now = datetime.fromisoformat(configured["planted"]["now"])
    for months, wrong in (["2026-13"], "no month"), ([f"{now:%Y-%m}"], "not over"), (None, "no whole month"):
        with pytest.raises(ConfigError, match=wrong):
            sweep(months, as_of=now)


def _after(now: datetime, minutes: int) -> datetime:
    return now + timedelta(minutes=minutes)


def _state() -> tuple[Any, ...]:
    """Current cases of both sides, and the open mismatches."""
    knobs, v, m = settings.current(), tables.version.c, tables.mismatch.c
    with transaction(open_engine(knobs), knobs) as connection:
        cases = select(v.side, v.case_code, v.content_hash).where(v.recorded_to.is_(None))
        found = select(m.case_code, m.kind).where(m.resolved_at.is_(None))
        return tuple(sorted(connection.execute(rows).tuples().all()) for rows in (cases, found))


def _lose(side: Side, month: date, rows: int) -> None:
    knobs, v = settings.current(), tables.version.c
    inside = (
        v.side == side.value,
        v.recorded_to.is_(None),
        v.listed_day >= month,
        v.listed_day < month + timedelta(28),
    )
    with transaction(open_engine(knobs), knobs) as connection:
        codes = connection.execute(select(v.case_code).where(*inside).order_by(v.case_code).limit(rows)).scalars().all()
        connection.execute(delete(tables.version).where(v.side == side.value, v.case_code.in_(codes)))


def _keeps_no_personal_data(run_id: str) -> None:
    knobs = settings.current()
    assert not list(knobs.landing_dir.rglob(f"*{run_id}*"))
    with transaction(open_engine(knobs), knobs) as connection:
        kept = select(func.count()).select_from(tables.sweep).where(tables.sweep.c.run_id == run_id)
        assert connection.execute(kept).scalar_one() == 2
