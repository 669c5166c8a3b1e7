"""Arrivals are seen, counted and measured on both engines."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import Connection, func, select

from schemas.case import CASE_SCHEMA
from schemas.codes import Side
from schemas.lag import ALL, MIN_OBSERVATIONS
from tasks.measure import measure_lags
from tasks.warehouse import lag, queries, tables

READS = [datetime(2026, 3, 2, 2, tzinfo=UTC) + timedelta(hours=n) for n in range(3)]
DAY = date(2026, 3, 1)
CONFIRM = pd.Timedelta("24h")


def open_version(connection: Connection, side: Side, number: int, read: int, **said: Any) -> None:
    """A current version of a case, recorded by the read."""
    row = dict.fromkeys(CASE_SCHEMA.names) | {
        "side": side.value, "case_code": f"H26.01-260301-{number:04}", "status_code": 4, "procedure_code": "1.000001",
        "listed_day": DAY, "canonical_version": 1, "row_hash": number, "content_hash": number, "window_start": DAY,
        "recorded_from": READS[read], "run_id": f"run {read}",
    }  # fmt: skip
    connection.execute(tables.version.insert().values(row | said))


def read_windows(connection: Connection, read: int, skew: int | None = None) -> None:
    for side in Side:
        connection.execute(
            tables.window.insert().values(
                run_id=f"run {read}", side=side.value, window_start=DAY, window_end=DAY + timedelta(days=7),
                read_at=READS[read], clock_skew_seconds=skew if side is Side.CITY else None, extracted=0, loaded=0,
                unchanged=0, duplicate=0, quarantined=0, gone=0,
            )
        )  # fmt: skip


def test_changes_that_arrive_are_measured(warehouse: Any) -> None:
    with warehouse.begin() as connection:
        read_windows(connection, 0)
        read_windows(connection, 1, skew=600)
        changed = READS[1] - timedelta(minutes=20)  # ten minutes earlier by our clock: half an hour before the read
        for number in range(MIN_OBSERVATIONS):
            open_version(connection, Side.CITY, number, 1, modified_at=changed)
            open_version(connection, Side.PORTAL, number, 1)
        open_version(connection, Side.CITY, 9_001, 1, modified_at=changed)  # not there yet
        open_version(connection, Side.CITY, 9_002, 1, modified_at=changed)
        open_version(connection, Side.PORTAL, 9_002, 1, row_hash=-1)  # there, and still otherwise
        open_version(connection, Side.PORTAL, 9_003, 0, received_at=READS[0])  # on the portal first
        open_version(connection, Side.CITY, 9_003, 1)
        measured = measure_lags(connection, READS[0], READS[1], CONFIRM, lag.clock_skews(connection))
        assert lag.clock_skews(connection) == {Side.CITY: pd.Timedelta("10min")}
        to_portal = measured.loc[measured["direction"] == "to_portal"].set_index("procedure_code")
        assert set(to_portal.index) == {ALL, "1.000001"}
        assert to_portal.loc[ALL, "observations"] == MIN_OBSERVATIONS
        assert 1_800 <= to_portal.loc[ALL, "p99_seconds"] <= 1_800 * 1.11
        counted = dict(
            connection.execute(
                select(tables.arrival.c.direction, func.sum(tables.arrival.c.arrivals)).group_by("direction")
            )
            .tuples()
            .all()
        )
        assert counted == {"to_portal": MIN_OBSERVATIONS, "to_city": 1}


def test_the_first_read_and_a_replay_see_nothing_arrive(warehouse: Any) -> None:
    with warehouse.begin() as connection:
        read_windows(connection, 0)
        open_version(connection, Side.CITY, 1, 0, modified_at=READS[0] - timedelta(hours=1))
        open_version(connection, Side.PORTAL, 1, 0)
        assert measure_lags(connection, None, READS[0], CONFIRM, lag.clock_skews(connection)).empty
        open_version(connection, Side.CITY, 2, 1, modified_at=READS[0] - timedelta(hours=1))
        open_version(connection, Side.PORTAL, 2, 1)
        assert measure_lags(connection, READS[0], READS[1], CONFIRM, lag.clock_skews(connection)).empty
        assert connection.execute(select(func.count()).select_from(tables.arrival)).scalar_one() == 0
        assert queries.windows_read(connection)["read_at"].nunique() == 1


def test_counts_add_up_and_old_months_are_forgotten(warehouse: Any) -> None:
    row = {"direction": "to_portal", "procedure_code": "a", "low": 1, "high": 2, "arrivals": 5}
    months = [date(2026, month, 1) for month in (1, 2, 3, 4)]
    with warehouse.begin() as connection:
        for month in (*months, months[-1]):
            lag.keep_counts(connection, month, months[1], pd.DataFrame([row]))
        kept = dict(connection.execute(select(tables.arrival.c.month, tables.arrival.c.arrivals)).tuples().all())
        assert kept == {months[1]: 5, months[2]: 5, months[3]: 10}
        assert lag.kept_counts(connection)["arrivals"].tolist() == [20]
