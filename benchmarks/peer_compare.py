"""Tools that compare two tables, over the same two sides. Runs in the peers' environment.

Each takes the city's and the portal's compared columns from Parquet files made for it, or, as ours does, from the
warehouse (`..._warehouse`, read by DuckDB into frames). Counted is the way from the files to the rows that differ;
`compare_seconds` and `compare_cpu_seconds` are without the reading. A tool on frames has compared a few rows before.
reladiff works inside a database: its tables are there before the count begins.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

KEY = "case_code"
SIDES = ("city", "portal")


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _timed(folder: str, read: Callable[[str, str], Any], compare: Callable[[Any, Any], int]) -> dict[str, Any]:
    compare(*(read(folder, side).head(500) for side in SIDES))
    gc.collect()
    start = _clocks()
    city, portal = (read(folder, side) for side in SIDES)
    loaded = _clocks()
    differing = compare(city, portal)
    end = _clocks()
    names = ("seconds", "cpu_seconds", "compare_seconds", "compare_cpu_seconds")
    told = (end[0] - start[0], end[1] - start[1], end[0] - loaded[0], end[1] - loaded[1])
    return dict(zip(names, told, strict=True)) | {"differing": differing}


def _reported(comparer: Any, city: Any, portal: Any) -> int:
    """The rows that a comparison of datacompy finds, its report with samples included: that is all it tells of them."""
    result = comparer(city, portal, join_columns=KEY, df1_name="city", df2_name="portal")
    result.report()
    return len(result.df1_unq_rows) + len(result.df2_unq_rows) + len(result.all_mismatch())


def _exported(reader: Callable[[str], Any], folder: str, side: str) -> Any:
    return reader(f"{folder}/{side}.parquet")


def _polars_from_warehouse(folder: str, side: str) -> Any:
    import duckdb
    from pyarrow.parquet import read_schema

    columns = ", ".join(read_schema(f"{folder}/{side}.parquet").names)
    with duckdb.connect(f"{folder}/ours.duckdb", read_only=True) as database:
        database.execute("SET TimeZone = 'UTC'")
        current = f"core_cases__version WHERE side = '{side}' AND recorded_to IS NULL"
        return database.sql(f"SELECT {columns} FROM {current}").pl()


def datacompy_polars(folder: str) -> dict[str, Any]:
    """datacompy on Polars frames."""
    import polars as pl
    from datacompy import PolarsCompare

    return _timed(folder, partial(_exported, pl.read_parquet), partial(_reported, PolarsCompare))


def datacompy_polars_warehouse(folder: str) -> dict[str, Any]:
    """datacompy on Polars frames of the rows in the warehouse: where ours begins."""
    from datacompy import PolarsCompare

    return _timed(folder, _polars_from_warehouse, partial(_reported, PolarsCompare))


def datacompy_pandas(folder: str) -> dict[str, Any]:
    """datacompy on pandas frames."""
    import pandas as pd
    from datacompy import PandasCompare

    return _timed(folder, partial(_exported, pd.read_parquet), partial(_reported, PandasCompare))


def pandas_merge(folder: str) -> dict[str, Any]:
    """An outer merge in pandas and a comparison of every pair of columns: the rows that differ, unnamed."""
    import pandas as pd

    def compare(city: Any, portal: Any) -> int:
        both = city.merge(portal, on=KEY, how="outer", suffixes=("_city", "_portal"), indicator=True)
        differs = both["_merge"] != "both"
        for name in city.columns.drop(KEY):
            a, b = both[f"{name}_city"], both[f"{name}_portal"]
            differs |= ~((a == b) | (a.isna() & b.isna()))
        return len(both.loc[differs])

    return _timed(folder, partial(_exported, pd.read_parquet), compare)


def reladiff(folder: str) -> dict[str, Any]:
    """reladiff's bisection of two DuckDB tables, over three of the compared columns (status, due time, owner)."""
    import duckdb
    from reladiff import connect_to_table, diff_tables

    path = f"{folder}/reladiff-{os.getpid()}.duckdb"
    with duckdb.connect(path) as database:
        for side in SIDES:
            database.execute(f"CREATE TABLE {side} AS SELECT * FROM '{folder}/{side}_narrow.parquet' ORDER BY id")
    columns = ("status_code", "due_at", "agency_code")
    city, portal = (
        connect_to_table({"driver": "duckdb", "filepath": path}, side, "id", extra_columns=columns) for side in SIDES
    )
    start = _clocks()
    differing = len({row[0] for _, row in diff_tables(city, portal)})
    end = _clocks()
    return {"seconds": end[0] - start[0], "cpu_seconds": end[1] - start[1], "differing": differing}
