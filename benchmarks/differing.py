"""A warehouse with both sides' current versions, of which a given share of pairs differ; made by DuckDB itself.

Every column that comparison and judgement read is filled in realistic widths. Each thirteenth of the differing cases
lacks one side, or differs in status, a time, the owner, the procedure, or a field that feeds the index.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from benchmarks.knobs import settings_for
from schemas.case import CASE_SCHEMA, COMPARED, UNVERSIONED
from schemas.codes import Side
from tasks.warehouse.engine import create_tables, open_engine, transaction

FIRST, END = date(2026, 1, 1), date(2027, 1, 1)
NOW = datetime(2027, 1, 4, 19, tzinfo=UTC)
FAULTS = 13

_SQL_TYPES = {
    "string": "VARCHAR", "int16": "SMALLINT", "int64": "BIGINT", "bool": "BOOLEAN", "date32[day]": "DATE",
    "timestamp[us, tz=UTC]": "TIMESTAMPTZ",
}  # fmt: skip


def prepare(folder: Path, name: str, cases: int, seed: int, share: float, *, clustered: bool = False) -> int:
    """Make the warehouse `name`; returns how many cases differ. `clustered`: they are neighbours in time and place."""
    knobs = settings_for(folder, f"duckdb:///{folder / name}")
    with transaction(open_engine(knobs), knobs) as connection:
        create_tables(connection)
    with duckdb.connect(
        str(folder / name), config={"memory_limit": "2GB", "preserve_insertion_order": True}
    ) as database:
        database.execute("SET TimeZone = 'UTC'")
        wanted = round(share * cases)
        start = cases // 2
        if clustered:
            differs = f"n >= {start} AND n < {start + wanted}"
        else:
            differs = f"hash(n, {seed}, 5) % 1000000 < {round(share * 1_000_000)}"
        database.execute(_FACTS.format(cases=cases, seed=seed, differs=differs, faults=FAULTS))
        for side in Side:
            _fill(database, side)
            database.execute(
                "INSERT INTO ops__window (run_id, side, window_start, window_end, read_at, extracted, loaded,"
                " unchanged, duplicate, quarantined, gone) VALUES ('made', ?, ?, ?, ?, 0, 0, 0, 0, 0, 0)",
                [side.value, FIRST, END, NOW],
            )
        (differing,) = database.execute("SELECT count(*) FILTER (fault > 0) FROM facts").fetchall()[0]
        database.execute("DROP TABLE facts")
    return int(differing)


_FACTS = """
    CREATE TABLE facts AS
    WITH drawn AS (
        SELECT n, hash(n, {seed}, 1) AS a, hash(n, {seed}, 2) AS b, hash(n, {seed}, 3) AS c,
            TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_seconds(n * 31000000 // {cases}) AS received_at,
            CASE WHEN {differs} THEN 1 + hash(n, {seed}, 6) % {faults} ELSE 0 END AS fault
        FROM range({cases}) AS numbers(n)
    )
    SELECT *, received_at + to_hours(48 + (b % 600)::INT) AS due_at,
        CASE WHEN c % 100 < 97 THEN received_at + to_hours(24 + (c % 640)::INT) END AS finished_at
    FROM drawn ORDER BY n
"""

_BASE = {
    "case_code": "format('000.00.{:02d}.H26-{}-{:07d}', a % 60, strftime(received_at, '%y%m%d'), n)",
    "record_id": "n::VARCHAR",
    "agency_code": "format('000.00.{:03d}.H26', a % 166)",
    "agency_name": "format('Ủy ban nhân dân phường số {}', a % 166)",
    "procedure_code": "format('1.{:06d}', b % 600)",
    "submission_channel": "1 + a % 2",
    "submitted_at": "received_at - INTERVAL 2 HOUR",
    "received_at": "received_at",
    "received_precision": "0", "due_precision": "0", "finished_precision": "0",
    "received_day": "(received_at + INTERVAL 7 HOUR)::DATE",
    "listed_day": "(received_at + INTERVAL 7 HOUR)::DATE",
    "due_at": "due_at",
    "deadline_at": "due_at",
    "finished_at": "finished_at",
    "clock_stopped_at": "finished_at",
    "status_code": "CASE WHEN finished_at IS NULL THEN 4 ELSE 10 END",
    "online_payment": "b % 3",
    "fee_total": "10000 * (b % 3)",
    "has_digitised_component": "a % 4 > 0",
    "has_reused_component": "a % 5 = 0", "has_stored_component": "b % 8 = 0", "account_verified_vneid": "b % 2 = 0",
    "has_result": "finished_at IS NOT NULL",
    "supplement_requests": "0",
    "agency_rung": "0",
    "applicant_fingerprint": "(c >> 1)::BIGINT",
    "canonical_version": "1",
    "window_start": "DATE '2026-01-01'",
    "landing_file": "'data/landing/city/20260105-20260112/20270104T190000-00000000/00000.parquet'",
}  # fmt: skip

_CHANGED = {
    "status_code": ("fault = 3", "2"),
    "due_at": ("fault = 4", "due_at + INTERVAL 7 HOUR"), "deadline_at": ("fault = 4", "due_at + INTERVAL 7 HOUR"),
    "finished_at": ("fault IN (3, 5)", "CASE WHEN fault = 5 THEN finished_at + INTERVAL 1 HOUR END"),
    "clock_stopped_at": ("fault IN (3, 5)", "CASE WHEN fault = 5 THEN finished_at + INTERVAL 1 HOUR END"),
    "received_at": ("fault = 6", "received_at + INTERVAL 7 HOUR"),
    "agency_code": ("fault = 7", "format('000.00.{:03d}.H26', (a + 1) % 166)"),
    "agency_name": ("fault = 7", "format('Ủy ban nhân dân phường số {}', (a + 1) % 166)"),
    "procedure_code": ("fault = 8", "format('1.{:06d}.H26', b % 600)"),
    "submission_channel": ("fault = 9", "2 - a % 2"),
    "online_payment": ("fault = 10", "(b + 1) % 3"),
    "fee_total": ("fault = 11", "10000 * (b % 3) + 5000"),
    "has_digitised_component": ("fault = 12", "a % 4 = 0"),
    "account_verified_vneid": ("fault = 13", "b % 2 = 1"),
}  # fmt: skip


def _fill(database: duckdb.DuckDBPyConnection, side: Side) -> None:
    said = dict(_BASE)
    if side is Side.CITY:
        said["modified_at"] = "coalesce(finished_at, received_at)"
    else:
        said |= {
            name: f"CASE WHEN {where} THEN {value} ELSE {_BASE[name]} END" for name, (where, value) in _CHANGED.items()
        }
    columns = [
        f"({said.get(field.name, 'NULL')})::{_SQL_TYPES[str(field.type)]} AS {field.name}"
        for field in CASE_SCHEMA
        if field.name not in ("row_hash", "content_hash")
    ]
    content = [name for name in CASE_SCHEMA.names if name not in UNVERSIONED]
    hashes = {"row_hash": COMPARED, "content_hash": content}
    names = [f"(hash({', '.join(over)}) >> 1)::BIGINT AS {name}" for name, over in hashes.items()]
    order = ", ".join(CASE_SCHEMA.names)
    absent = 2 if side is Side.CITY else 1
    database.execute(
        f"INSERT INTO core_cases__version (side, recorded_from, run_id, {order})"
        f" SELECT '{side}', TIMESTAMPTZ '2027-01-04 18:00:00+00', 'made', {order}"
        f" FROM (SELECT *, {', '.join(names)} FROM (SELECT {', '.join(columns)} FROM facts WHERE fault <> {absent}))"
    )
