"""Reconciling two sides of which 3 % of the cases differ: ours beside the barest join and beside tools that compare.

`ours` is the product's reconcile step into an empty ledger: narrow join, fetch of the differing pairs, judgement,
mismatches and events written, committed. `bare_join` only counts the differing keys in DuckDB over the same tables,
`bare` fetches their whole rows as well. The tools read the compared columns from Parquet files, or from the warehouse
as ours does (`..._warehouse`), and only count and sample (`peer_compare`). `ours_1pct`, `ours_6pct` and
`ours_clustered` (3 % that are neighbours) are the same step over other differences; `ours_again` is a full reconcile
after 10,000 cases changed, `ours_touched` one of the touched alone. `postgresql_...` are the last two and the bare join
on a PostgreSQL server with the same content.

Ours, and the tools on frames, have done the same over a few rows before the count begins: what a process does once, as
loading a driver, a run has behind it when it comes to this step.
"""

from __future__ import annotations

import shutil
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
from prefect.logging import disable_run_logger
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from benchmarks.differing import NOW, prepare
from benchmarks.knobs import adopt, settings_for
from benchmarks.measure import PEERS_PYTHON, Contestant, measure, ratios
from benchmarks.postgres import recreate, server, url_of
from schemas.case import CASE_SCHEMA, COMPARED
from schemas.codes import Side
from tasks.reconcile import reconcile_sides
from tasks.warehouse.bulk import append
from tasks.warehouse.engine import create_tables, open_engine, transaction
from tasks.warehouse.tables import mismatch, mismatch_event, version, window

ROUNDS = 3
TOUCHED = 10_000
MOST_FOR_PEERS = 2_000_000
"""More cases than this do not fit into memory with the tools that hold both sides there."""
LATER = NOW + timedelta(days=1)
WORK = "work.duckdb"
PEERS = ("datacompy_polars", "datacompy_polars_warehouse", "datacompy_pandas", "pandas_merge", "reladiff")
SLOW = "datacompy_pandas"
OURS = ("ours_1pct", "ours_6pct", "ours_clustered", "ours_again", "ours_touched")
ON_POSTGRES = ("postgresql_join", "postgresql_again", "postgresql_touched")
FILLED = (version, window, mismatch, mismatch_event)


def run(cases: int, seed: int, folder: Path) -> dict[str, Any]:
    """Median of three rounds in turn, one round for what takes minutes."""
    differing = prepare(folder, "ours.duckdb", cases, seed, 0.03)
    prepare(folder, "few.duckdb", 1_000, seed, 0.5)
    main = [Contestant(name, f"benchmarks.reconcile:{name}") for name in ("bare_join", "bare", "ours")]
    if cases > MOST_FOR_PEERS:
        results = measure(main, folder, 1)
        return {"differing": differing, "results": results, **_ratios(results)}
    for name, share in (("ours_1pct", 0.01), ("ours_6pct", 0.06), ("ours_clustered", 0.03)):
        prepare(folder, f"{name}.duckdb", cases, seed, share, clustered=name == "ours_clustered")
    _touch(folder, min(TOUCHED, cases // 10))
    _export(folder)
    results = measure(main, folder, ROUNDS)
    results += measure([Contestant(name, f"benchmarks.reconcile:{name}") for name in OURS], folder, ROUNDS)
    with server(folder):
        for name, file in (("filled", "ours_again.duckdb"), ("few", "few.duckdb")):
            _fill_postgres(folder, name, file)
        named = [Contestant(name, f"benchmarks.reconcile:{name}") for name in ON_POSTGRES]
        results += measure(named, folder, ROUNDS)
    if PEERS_PYTHON.exists():
        tools = [Contestant(name, f"benchmarks.peer_compare:{name}", peer=True) for name in PEERS]
        slow = [tool for tool in tools if tool.name == SLOW]
        results += measure([tool for tool in tools if tool not in slow], folder, ROUNDS) + measure(slow, folder, 1)
    else:
        print("no .venv-bench: the tools that compare are left out", file=sys.stderr)
    return {"differing": differing, "results": results, **_ratios(results)}


def _ratios(results: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    pairs = [("ours", "bare_join"), ("ours", "bare"), *((peer, "ours") for peer in PEERS)]
    pairs += [(name, "ours") for name in ("ours_1pct", "ours_6pct", "ours_clustered")]
    pairs += [("ours_again", "ours_touched"), ("postgresql_again", "postgresql_touched")]
    pairs.append(("postgresql_again", "postgresql_join"))
    return {"ratios": ratios(results, pairs), "cpu_ratios": ratios(results, pairs, "cpu_seconds")}


def _touch(folder: Path, cases: int) -> None:
    """A warehouse a day later: reconciled once, then `cases` cases were read anew, a third of them with another fee."""
    shutil.copyfile(folder / "ours.duckdb", folder / "ours_again.duckdb")
    _step(folder, f"duckdb:///{folder / 'ours_again.duckdb'}", 0, False)
    names = ", ".join(CASE_SCHEMA.names)
    other = "(content_hash % 3 = 0)::INT"
    news = {"row_hash": f"row_hash + {other}", "fee_total": f"fee_total + 1000 * {other}"}
    said = ", ".join(news.get(name, name) for name in CASE_SCHEMA.names)
    with duckdb.connect(str(folder / "ours_again.duckdb")) as database:
        database.execute("SET TimeZone = 'UTC'")
        database.execute(
            "CREATE TEMP TABLE changed AS SELECT * FROM core_cases__version WHERE side = 'city' AND recorded_to IS NULL"
            f" ORDER BY content_hash LIMIT {cases}"
        )
        database.execute(
            "UPDATE core_cases__version AS v SET recorded_to = $1 FROM changed AS c"
            " WHERE v.side = 'city' AND v.recorded_to IS NULL AND v.case_code = c.case_code",
            [LATER],
        )
        database.execute(
            f"INSERT INTO core_cases__version (side, recorded_from, run_id, {names})"
            f" SELECT 'city', $1, 'touched', {said} FROM changed",
            [LATER],
        )
        database.execute("UPDATE ops__window SET read_at = $1", [LATER])
    shutil.copyfile(folder / "ours_again.duckdb", folder / "ours_touched.duckdb")


def _export(folder: Path) -> None:
    """What the tools get: Parquet files of the key and the compared columns, and tables for those that want them."""
    with duckdb.connect(str(folder / "ours.duckdb"), read_only=True) as database:
        database.execute("SET TimeZone = 'UTC'")
        for side in Side:
            database.execute(
                f"COPY (SELECT case_code, {', '.join(COMPARED)} FROM core_cases__version"
                f" WHERE side = '{side}' AND recorded_to IS NULL) TO '{folder / side}.parquet'"
            )
            database.execute(  # reladiff takes no text with full stops for a key, and no small integers
                "COPY (SELECT record_id::BIGINT AS id, status_code::INTEGER AS status_code, due_at::TIMESTAMP AS due_at"
                f", agency_code FROM core_cases__version WHERE side = '{side}' AND recorded_to IS NULL)"
                f" TO '{folder / side}_narrow.parquet'"
            )


def _fill_postgres(folder: Path, name: str, file: str) -> None:
    """A database with what a DuckDB warehouse holds."""
    recreate(folder, **{name: "template1"})
    knobs = settings_for(folder, url_of(folder, name))
    with transaction(open_engine(knobs), knobs) as connection:
        create_tables(connection)
    with (
        duckdb.connect(str(folder / file), read_only=True) as database,
        transaction(open_engine(knobs), knobs) as connection,
    ):
        database.execute("SET TimeZone = 'UTC'")
        for table in FILLED:
            rows = str(folder / f"{table.name}.parquet")
            database.execute(f"COPY {table.name} TO '{rows}'")
            append(connection, table, pq.read_schema(rows), [rows], {})
    engine = create_engine(url_of(folder, name), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("VACUUM ANALYZE"))


def bare_join(folder: str) -> dict[str, Any]:
    """DuckDB: how many keys lack a partner or have another hash."""
    return _bare(folder, f"SELECT count(*) FROM ({_NARROW})")


def bare(folder: str) -> dict[str, Any]:
    """DuckDB: those keys, and the whole rows of both sides, as an Arrow table."""
    sides = (
        f"LEFT JOIN core_cases__version {side[0]} ON {side[0]}.case_code = d.case_code AND {side[0]}.side = '{side}'"
        f" AND {side[0]}.recorded_to IS NULL"
        for side in Side
    )
    return _bare(folder, f"WITH d AS MATERIALIZED ({_NARROW}) SELECT d.case_code, c.*, p.* FROM d {' '.join(sides)}")


_NARROW = """
    SELECT coalesce(c.case_code, p.case_code) AS case_code
    FROM (SELECT case_code, row_hash FROM core_cases__version WHERE side = 'city' AND recorded_to IS NULL) c
    FULL JOIN (SELECT case_code, row_hash FROM core_cases__version WHERE side = 'portal' AND recorded_to IS NULL) p
        ON c.case_code = p.case_code
    WHERE c.row_hash IS DISTINCT FROM p.row_hash
"""


def _bare(folder: str, query: str) -> dict[str, Any]:
    started, worked = time.perf_counter(), time.process_time()
    with duckdb.connect(f"{folder}/ours.duckdb", read_only=True, config={"memory_limit": "1GB"}) as database:
        rows = database.execute(query).to_arrow_table()
    seconds, cpu = time.perf_counter() - started, time.process_time() - worked
    return {"seconds": seconds, "cpu_seconds": cpu, "rows": rows.num_rows}


def ours(folder: str) -> dict[str, Any]:
    """The reconcile step."""
    return _ours(folder, "ours")


def ours_1pct(folder: str) -> dict[str, Any]:
    return _ours(folder, "ours_1pct")


def ours_6pct(folder: str) -> dict[str, Any]:
    return _ours(folder, "ours_6pct")


def ours_clustered(folder: str) -> dict[str, Any]:
    return _ours(folder, "ours_clustered")


def ours_again(folder: str) -> dict[str, Any]:
    """Full, a day later."""
    return _ours(folder, "ours_again", 1)


def ours_touched(folder: str) -> dict[str, Any]:
    """The touched cases, a day later."""
    return _ours(folder, "ours_touched", 1, touched=True)


def postgresql_join(folder: str) -> dict[str, Any]:
    """PostgreSQL: how many keys lack a partner or have another hash."""
    recreate(Path(folder), work="filled")
    started = time.perf_counter()
    with create_engine(url_of(Path(folder), "work"), poolclass=NullPool).connect() as connection:
        rows = connection.execute(text(f"SELECT count(*) FROM ({_NARROW}) AS differing")).scalar_one()
    return {"seconds": time.perf_counter() - started, "rows": rows}


def postgresql_again(folder: str) -> dict[str, Any]:
    """PostgreSQL: full, a day later."""
    return _on_postgres(Path(folder), False)


def postgresql_touched(folder: str) -> dict[str, Any]:
    """PostgreSQL: the touched cases, a day later."""
    return _on_postgres(Path(folder), True)


def _on_postgres(folder: Path, touched: bool) -> dict[str, Any]:
    recreate(folder, warm="few", work="filled")
    _warm_up(folder, url_of(folder, "warm"))
    return _step(folder, url_of(folder, "work"), 1, touched)


def _ours(folder: str, name: str, day: int = 0, *, touched: bool = False) -> dict[str, Any]:
    url = f"duckdb:///{Path(folder) / WORK}"
    shutil.copyfile(Path(folder) / "few.duckdb", Path(folder) / WORK)
    _warm_up(Path(folder), url)
    shutil.copyfile(Path(folder) / f"{name}.duckdb", Path(folder) / WORK)
    return _step(Path(folder), url, day, touched)


def _warm_up(folder: Path, url: str) -> None:
    for day, touched in enumerate((False, True)):
        _step(folder, url, day, touched)


def _step(folder: Path, url: str, day: int, touched: bool) -> dict[str, Any]:
    adopt(folder, HOSO_WAREHOUSE_URL=url)
    with disable_run_logger():
        started, worked = time.perf_counter(), time.process_time()
        counts = reconcile_sides.fn(f"run-{day}", NOW + timedelta(days=day), str(folder), touched)
        seconds, cpu = time.perf_counter() - started, time.process_time() - worked
    return {"seconds": seconds, "cpu_seconds": cpu, **counts}
