"""Replayed rows in the warehouse, on both engines: each row gets one fate, and newer words stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Connection, select

from errors import ConfigError, ConservationBroken
from schemas.case import CASE_SCHEMA
from schemas.codes import QuarantineReason, Side
from schemas.window import Window
from tasks.warehouse.late import REPLAY
from tasks.warehouse.replay import KEPT_SCHEMA, Replayed, kept_rows, load_replayed
from tasks.warehouse.runs import open_run
from tasks.warehouse.set_aside import QUARANTINE_SCHEMA
from tasks.warehouse.tables import quarantine, version
from tasks.warehouse.window_ledger import WindowRows
from tasks.warehouse.writer import SideLoad, load_side

WEEKS = [Window(date(2026, 3, 2), date(2026, 3, 9)), Window(date(2026, 3, 9), date(2026, 3, 16))]


def at(hour: int) -> datetime:
    return datetime(2026, 3, 20, tzinfo=UTC) + timedelta(hours=hour)


def cases(said: dict[str, int], week: Window) -> pa.Table:
    values: dict[str, Any] = {field.name: [None] * len(said) for field in CASE_SCHEMA}
    values |= {"case_code": list(said), "row_hash": list(said.values()), "content_hash": list(said.values())}
    values |= {name: [1] * len(said) for name in ("status_code", "canonical_version")}
    values |= {name: [week.start] * len(said) for name in ("listed_day", "received_day", "window_start")}
    return pa.table(values | {"landing_file": ["restored"] * len(said)}, schema=CASE_SCHEMA)


def bad(rows: Sequence[tuple[str, str]], reason: str, week: Window = WEEKS[0]) -> pa.Table:
    """`rows`: identifier and case code."""
    texts = [{"quarantine_id": name, "case_code": code, "probable_code": code, "payload": "{}"} for name, code in rows]
    more = {"reason": reason, "reasons": reason, "window_start": week.start}
    return pa.Table.from_pylist(
        [row | more | {"landing_file": f"landed {row['quarantine_id']}"} for row in texts], schema=QUARANTINE_SCHEMA
    )


class City:
    """The city of one warehouse, read and replayed by hand."""

    def __init__(self, connection: Connection, folder: Path) -> None:
        self.connection, self.folder, self.number = connection, folder, 0

    def file(self, table: pa.Table) -> str:
        self.number += 1
        path = self.folder / f"{self.number}.parquet"
        pq.write_table(table, path)
        return str(path)

    def read(self, hour: int, said: dict[str, int], aside: pa.Table | None = None, week: Window = WEEKS[0]) -> None:
        aside = bad([], "bad_status") if aside is None else aside
        rows = WindowRows(week, len(said) + aside.num_rows, len(said), 0, aside.num_rows)
        load = SideLoad(Side.CITY, [self.file(cases(said, week))], [self.file(aside)], [rows])
        load_side(self.connection, f"read {hour}", at(hour), load)

    def replay(
        self, hour: int, kept: Sequence[tuple[str, str, int, bool]], said: dict[str, int], still: pa.Table | None = None
    ) -> dict[str, int]:
        """`kept`: identifier, case code, hour last seen, whether a later reading was taken out too."""
        names = KEPT_SCHEMA.names
        rows = [dict(zip(names, (i, c, at(h), f"landed {i}", older), strict=True)) for i, c, h, older in kept]
        still = bad([], "bad_status") if still is None else still
        taken = self.file(pa.Table.from_pylist(rows, schema=KEPT_SCHEMA))
        replayed = Replayed(Side.CITY, taken, [self.file(cases(said, WEEKS[0]))], [self.file(still)])
        counts = load_replayed(self.connection, f"replay {hour}", at(hour), replayed)
        open_run(self.connection, f"replay {hour}", REPLAY, at(hour), (WEEKS[0].start, WEEKS[0].end))
        return counts

    def now(self) -> dict[str, int]:
        v = version.c
        rows = select(v.case_code, v.content_hash).where(v.recorded_to.is_(None))
        return dict(self.connection.execute(rows).tuples().all())

    def aside(self) -> dict[str, str]:
        q = quarantine.c
        rows = select(q.quarantine_id, q.reason).where(q.released_at.is_(None))
        return dict(self.connection.execute(rows).tuples().all())


def test_every_row_gets_one_fate(warehouse: Any, tmp_path: Path) -> None:
    with warehouse.begin() as connection:
        city = City(connection, tmp_path)
        city.read(1, {"same": 7, "changed": 1, "moved": 1})
        codes = [("1", "same"), ("2", "changed"), ("3", "new"), ("4", "stays"), ("5", "moved"), ("6", "again")]
        city.read(2, {}, bad([*codes, ("7", "again")], "bad_status"))
        city.read(3, {"moved": 9}, week=WEEKS[1])
        kept = [(name, code, 2, False) for name, code in codes]
        said = {"same": 7, "changed": 2, "new": 5, "moved": 4, "again": 6}
        counts = city.replay(4, [*kept, ("7", "again", 1, True)], said, bad([("4", "stays")], "code_bad"))

        fates = {"loaded": 3, "unchanged": 1, "superseded": 2, "quarantined": 1}
        assert counts == {"replayed": 7, **fates}
        assert city.now() == {"same": 7, "changed": 2, "new": 5, "moved": 9, "again": 6}
        assert city.aside() == {"4": "code_bad"}
        v = version.c
        opened = select(v.case_code, v.recorded_from, v.landing_file).where(v.run_id == "replay 4")
        expected = {("changed", at(4), "landed 2"), ("new", at(4), "landed 3"), ("again", at(4), "landed 6")}
        assert set(connection.execute(opened).tuples().all()) == expected
        last = connection.execute(select(quarantine.c.last_seen).where(quarantine.c.quarantine_id == "4")).scalar_one()
        assert last == at(2)  # judged again, not seen again


def test_rows_that_went_missing_on_the_way_are_noticed(warehouse: Any, tmp_path: Path) -> None:
    with warehouse.begin() as connection:
        city = City(connection, tmp_path)
        city.read(1, {}, bad([("1", "a"), ("2", "b")], "bad_status"))
        with pytest.raises(ConservationBroken, match="2 rows replayed"):
            city.replay(2, [("1", "a", 1, False), ("2", "b", 1, False)], {"a": 1})


def test_a_row_released_meanwhile_is_not_loaded(warehouse: Any, tmp_path: Path) -> None:
    with warehouse.begin() as connection:
        city = City(connection, tmp_path)
        city.read(1, {}, bad([("1", "a")], "bad_status"))
        city.read(2, {})  # the source has deleted it
        assert city.replay(3, [("1", "a", 1, False)], {"a": 1})["superseded"] == 1
        assert city.now() == {}


def test_reads_and_replays_keep_their_order_in_time(warehouse: Any, tmp_path: Path) -> None:
    with warehouse.begin() as connection:
        city = City(connection, tmp_path)
        city.read(1, {}, bad([("1", "a")], "bad_status"))
        city.replay(5, [("1", "a", 1, False)], {"a": 1})
        with pytest.raises(ConfigError, match="replay after that"):
            city.replay(4, [], {})
        city.read(3, {"a": 3})  # arrives late: newer than the kept row, older than its replay
        assert city.now() == {"a": 3}
        v = version.c
        spans = connection.execute(select(v.recorded_from, v.recorded_to)).tuples().all()
        assert all(end is None or start < end for start, end in spans)


def test_rows_that_share_a_code_come_along(warehouse: Any, tmp_path: Path) -> None:
    with warehouse.begin() as connection:
        city = City(connection, tmp_path)
        doubled, single = bad([("1", "a"), ("2", "b")], "bad_status"), bad([("3", "a"), ("4", "c")], "duplicate_key")
        city.read(1, {}, pa.concat_tables([doubled, single]))
        batches = list(kept_rows(connection, Side.CITY, [QuarantineReason.BAD_STATUS], 10))
        assert [name for batch in batches for name in batch["quarantine_id"]] == ["1", "2", "3"]
        assert list(kept_rows(connection, Side.PORTAL, [QuarantineReason.BAD_STATUS], 10)) == []
