"""A reconcile of the touched cases leaves the ledger as a full one does, whatever happened since the last."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from schemas.codes import Side
from tasks.warehouse.tables import mismatch, mismatch_event
from tasks.warehouse.touched import last_reconciled, stage_touched
from tests.oracle.path import Read, Warehouse
from tests.oracle.reading import NAMES
from tests.oracle.test_metamorphic import few, full_worlds
from tests.oracle.worlds import PRODUCT_REFERENCES, TOWNS, World

MOVING = {"last_seen", "run_id"}


def changed(before: World, after: World, towns: set[str], die: random.Random) -> World:
    """The world in which cases of some towns were replaced, lost or added."""

    def part(side: Side, one: Read, two: Read) -> Read:
        def here(record: dict[str, object]) -> bool:
            return any(str(record.get(NAMES[side]["code"])).startswith(town) for town in towns)

        windows = {}
        for window in one.windows:
            kept = [record for record in one.windows[window] if not here(record) or die.random() < 0.7]
            new = [record for record in two.windows.get(window, []) if here(record) and die.random() < 0.5]
            windows[window] = kept + new
        return Read(side, windows)

    return replace(
        before, city=part(Side.CITY, before.city, after.city), portal=part(Side.PORTAL, before.portal, after.portal)
    )


def remembered(warehouse: Warehouse, worlds: list[World], touched: bool) -> tuple[list[object], list[object], int]:
    """Ledger and events after a full run over the first world and another over the second; codes looked at then."""
    with warehouse.scratch() as connection:
        looked_at = 0
        for number, world in enumerate(worlds):
            since = last_reconciled(connection) if touched else None
            warehouse.load(connection, world.reads, PRODUCT_REFERENCES, world.as_of)
            only = stage_touched(connection, world.as_of, since) if since else None
            if only is not None:
                looked_at = connection.execute(select(func.count()).select_from(only.codes)).scalar_one()
            findings = warehouse.findings(connection, world.as_of, only=only)
            warehouse.remember(connection, findings, f"run-{number}", world.as_of, only and only.codes)
        rows = connection.execute(select(mismatch).order_by(mismatch.c.case_code, mismatch.c.kind)).mappings()
        ledger: list[object] = [{name: row[name] for name in row if name not in MOVING} for row in rows]
        e = mismatch_event.c
        events: list[object] = list(
            connection.execute(select(mismatch_event).order_by(e.at, e.event, e.case_code, e.kind))
        )
        return ledger, events, looked_at


@few
@given(full_worlds, full_worlds, st.sets(st.sampled_from(TOWNS), max_size=4), st.integers(1, 3_000), st.randoms())
def test_touched_cases_leave_the_ledger_of_a_full_reconcile(
    warehouse: Warehouse, before: World, after: World, towns: set[str], minutes: int, die: random.Random
) -> None:
    later = replace(changed(before, after, towns, die), as_of=before.as_of + timedelta(minutes=minutes))
    full, full_events, _ = remembered(warehouse, [before, later], touched=False)
    ledger, events, looked_at = remembered(warehouse, [before, later], touched=True)
    assert looked_at > 0
    assert pd.DataFrame(ledger).equals(pd.DataFrame(full))
    assert events == full_events
