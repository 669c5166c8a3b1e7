"""Tools that compare two tables, over the same two sides. Runs in the peers' environment.

Each takes the city's and the portal's compared columns from Parquet files. Counted is the way from the files to the
rows that differ, since ours begins with tables on disk as well; `compare_seconds` and `compare_cpu_seconds` are without
the reading. A tool on frames has compared a few rows before. reladiff works inside a database: its tables are there
before the count begins.
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


def _timed(folder: str, read: Callable[[str], Any], compare: Callable[[Any, Any], int]) -> dict[str, Any]:
    compare(*(read(f"{folder}/{side}.parquet").head(500) for side in SIDES))
    gc.collect()
    start = _clocks()
    city, portal = (read(f"{folder}/{side}.parquet") for side in SIDES)
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


def datacompy_polars(folder: str) -> dict[str, Any]:
    """datacompy on Polars frames."""
    import polars as pl
    from datacompy import PolarsCompare

    return _timed(folder, pl.read_parquet, partial(_reported, PolarsCompare))


def datacompy_pandas(folder: str) -> dict[str, Any]:
    """datacompy on pandas frames."""
    import pandas as pd
    from datacompy import PandasCompare

    return _timed(folder, pd.read_parquet, partial(_reported, PandasCompare))


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

    return _timed(folder, pd.read_parquet, compare)


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
