"""Loading one side's canonical cases, ours beside the barest load of the same Parquet files, on both engines.

`ours` is the first load into an empty warehouse: one transaction with history, ledger and conservation, into indexed
tables. `ours_again` loads the same files once more: nothing changed. `bare` is `CREATE TABLE AS` from the files in
DuckDB, and in PostgreSQL (`postgresql_bare`) a COPY of the files, turned into CSV by Arrow, into a table without index.
The cases are synthetic: every column filled in realistic widths, in files as the clean step writes them.
"""

from __future__ import annotations

import statistics
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
from sqlalchemy import MetaData, Table, create_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateTable

from benchmarks.knobs import settings_for
from benchmarks.measure import Contestant, measure, ratios
from benchmarks.postgres import recreate, server, url_of
from schemas.case import CASE_SCHEMA, COMPARED, UNVERSIONED
from schemas.codes import Side
from schemas.window import Window, split
from tasks.rules.canonical import row_hash
from tasks.warehouse.engine import create_tables, open_engine, transaction
from tasks.warehouse.tables import columns_of
from tasks.warehouse.window_ledger import WindowRows
from tasks.warehouse.writer import SideLoad, load_side

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
NOW = datetime(2027, 1, 4, 19, tzinfo=UTC)
FILE_ROWS = 20_000
RUNS = 3
ENGINES = ("", "postgresql_")
PARTS = ("bare", "ours", "ours_again")


def run(cases: int, seed: int, folder: Path) -> dict[str, Any]:
    """`cases` cases of one side."""
    prepare(cases, seed, folder)
    with server(folder):
        _make_templates(folder)
        rounds = []
        for _ in range(RUNS):
            _reset(folder)
            names = [engine + part for engine in ENGINES for part in PARTS]
            rounds.append(measure([Contestant(name, f"benchmarks.load:{name}") for name in names], folder, 1))
    results = [_together(list(taken)) for taken in zip(*rounds, strict=True)]
    pairs = [(f"{e}ours", f"{e}bare") for e in ENGINES] + [(f"{e}ours", f"{e}ours_again") for e in ENGINES]
    return {"results": results, "ratios": ratios(results, pairs)}


def _together(taken: list[dict[str, Any]]) -> dict[str, Any]:
    return taken[-1] | {
        "seconds": statistics.median(once["seconds"] for once in taken),
        "peak_mb": max(once["peak_mb"] for once in taken),
        "rounds": [once["rounds"][0] for once in taken],
    }


def prepare(cases: int, seed: int, folder: Path) -> None:
    """The files, in the order in which a run reads them: window by window."""
    table = synthetic(cases, np.random.default_rng(seed))
    (folder / "cases").mkdir()
    for number, start in enumerate(range(0, cases, FILE_ROWS)):
        path = folder / "cases" / f"cases-{number:04d}.parquet"
        pq.write_table(table.slice(start, FILE_ROWS), path, compression="zstd", compression_level=1)


def synthetic(cases: int, dice: np.random.Generator) -> pa.Table:
    """Canonical cases of a year of 166 agencies and 600 procedures, with true hashes, sorted by received day."""
    hour = np.timedelta64(3_600_000_000, "us")
    second = np.timedelta64(1_000_000, "us")
    span = (LAST - FIRST).days * 24 * 3600
    received = np.sort(np.datetime64(FIRST, "us") + dice.integers(0, span, cases) * second)
    due = received + dice.integers(2 * 24, 30 * 24, cases) * hour
    ended = np.where(
        dice.random(cases) < 0.97, received + dice.integers(24, 32 * 24, cases) * hour, np.datetime64("NaT")
    )
    times: dict[str, Any] = {
        "submitted_at": received - 2 * hour,
        "received_at": received,
        "due_at": due,
        "deadline_at": due,
    }
    times |= {"finished_at": ended, "returned_at": ended + hour, "clock_stopped_at": ended, "modified_at": ended}
    frame = pd.DataFrame({name: pd.Series(at).dt.tz_localize("UTC") for name, at in times.items()})
    day = pd.Series(received).dt.date
    agency = dice.integers(1, 167, cases)
    number = pd.Series(np.arange(cases))
    frame["case_code"] = [
        f"000.00.{a % 60:02d}.H26-{d:%y%m%d}-{n % 10_000_000:07d}" for a, d, n in zip(agency, day, number, strict=True)
    ]
    frame["record_id"] = number.astype(str)
    frame["agency_code"] = [f"000.00.{a:02d}.H26" for a in agency]
    frame["agency_name"] = [f"Ủy ban nhân dân phường số {a}" for a in agency]
    frame["procedure_code"] = [f"1.{n:06d}" for n in dice.integers(0, 600, cases)]
    frame["received_day"] = frame["listed_day"] = day
    frame["applicant_fingerprint"] = dice.integers(0, 2**62, cases)
    frame["window_start"] = [_window(each).start for each in day]
    frame["landing_file"] = "data/landing/city/20260105-20260112/20270104T190000-00000000/00000.parquet"
    frame["status_code"] = np.where(np.isnat(ended), 4, 10)
    frame["fee_total"] = dice.integers(0, 3, cases) * 10_000
    frame["canonical_version"] = 1
    for name in (f.name for f in CASE_SCHEMA if f.name not in frame and f.name not in ("row_hash", "content_hash")):
        flags = dice.random(cases) < 0.5
        kind = CASE_SCHEMA.field(name).type
        frame[name] = None if kind == pa.string() else flags if kind == pa.bool_() else flags.astype("int16")
    schema = pa.schema([f for f in CASE_SCHEMA if f.name in frame])
    table = pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False)
    content = [name for name in schema.names if name not in UNVERSIONED]
    table = table.append_column("row_hash", row_hash(table, COMPARED))
    return table.append_column("content_hash", row_hash(table, content)).select(CASE_SCHEMA.names).cast(CASE_SCHEMA)


WINDOWS = split(FIRST, LAST + timedelta(days=1), 7)


def _window(day: date) -> Window:
    """The week that holds a day; the first and the last of the year are cut off."""
    place = (day - WINDOWS[0].end).days // 7 + 1
    return WINDOWS[max(0, min(place, len(WINDOWS) - 1))]


def _load(folder: Path) -> SideLoad:
    files = sorted(str(path) for path in (folder / "cases").iterdir())
    windows, counts = np.unique(
        np.concatenate([pq.read_table(f, columns=["window_start"])["window_start"].to_numpy() for f in files]),
        return_counts=True,
    )
    rows = dict(zip(windows.astype("datetime64[D]").tolist(), counts.tolist(), strict=True))
    return SideLoad(
        Side.CITY, files, [], [WindowRows(w, rows.get(w.start, 0), rows.get(w.start, 0), 0, 0) for w in WINDOWS]
    )


def _make_templates(folder: Path) -> None:
    recreate(folder, template_ours="template1")
    for url in (f"duckdb:///{folder / 'template.duckdb'}", url_of(folder, "template_ours")):
        knobs = settings_for(folder, url)
        with transaction(open_engine(knobs), knobs) as connection:
            create_tables(connection)


def _reset(folder: Path) -> None:
    """Empty warehouses again: files for DuckDB, databases for PostgreSQL."""
    for name in ("bare.duckdb", "ours.duckdb"):
        (folder / name).unlink(missing_ok=True)
        (folder / f"{name}.wal").unlink(missing_ok=True)
    (folder / "ours.duckdb").write_bytes((folder / "template.duckdb").read_bytes())
    recreate(folder, bare="template1", ours="template_ours")


def bare(folder: str) -> dict[str, int]:
    """DuckDB: `CREATE TABLE AS` from the files."""
    with duckdb.connect(str(Path(folder) / "bare.duckdb")) as database:
        files = [str(path) for path in sorted((Path(folder) / "cases").iterdir())]
        database.execute("CREATE TABLE cases AS SELECT * FROM read_parquet($1)", [files])
        return {"rows": database.execute("SELECT count(*) FROM cases").fetchall()[0][0]}


def ours(folder: str) -> dict[str, int]:
    """DuckDB: the first load."""
    return _once(Path(folder), f"duckdb:///{Path(folder) / 'ours.duckdb'}", 0)


def ours_again(folder: str) -> dict[str, int]:
    """DuckDB: the same cases a day later."""
    return _once(Path(folder), f"duckdb:///{Path(folder) / 'ours.duckdb'}", 1)


def postgresql_bare(folder: str) -> dict[str, int]:
    """PostgreSQL: COPY of the files into a table without index."""
    url = url_of(Path(folder), "bare")
    engine = create_engine(url, poolclass=NullPool)
    rows = 0
    with engine.begin() as connection:
        connection.execute(CreateTable(Table("cases", MetaData(), *columns_of(CASE_SCHEMA))))
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        with driver.cursor() as cursor, cursor.copy("COPY cases FROM STDIN (FORMAT csv)") as copy:
            for path in sorted((Path(folder) / "cases").iterdir()):
                table, text = pq.read_table(path), pa.BufferOutputStream()
                pcsv.write_csv(table, text, pcsv.WriteOptions(include_header=False))
                copy.write(text.getvalue().to_pybytes())
                rows += table.num_rows
    return {"rows": rows}


def postgresql_ours(folder: str) -> dict[str, int]:
    """PostgreSQL: the first load."""
    return _once(Path(folder), url_of(Path(folder), "ours"), 0)


def postgresql_ours_again(folder: str) -> dict[str, int]:
    """PostgreSQL: the same cases a day later."""
    return _once(Path(folder), url_of(Path(folder), "ours"), 1)


def _once(folder: Path, url: str, day: int) -> dict[str, int]:
    knobs = settings_for(folder, url)
    with transaction(open_engine(knobs), knobs) as connection:
        counts = load_side(connection, f"run-{day}", NOW + timedelta(days=day), _load(folder))
    expected = "unchanged" if day else "loaded"
    if counts[expected] != counts["extracted"]:
        raise SystemExit(f"{counts[expected]} rows {expected} of {counts['extracted']}")
    return counts
