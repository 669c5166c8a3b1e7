"""Tools that compare two tables, over the same two sides. Runs in the peers' environment.

Each takes the city's and the portal's compared columns: frames in memory, or tables in a DuckDB file. Loading them is
not counted; what is counted is the comparison with the rows that differ in hand.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

KEY = "case_code"


def _timed(compare: Callable[[], int]) -> dict[str, Any]:
    started, worked = time.perf_counter(), time.process_time()
    differing = compare()
    seconds, cpu = time.perf_counter() - started, time.process_time() - worked
    return {"seconds": seconds, "cpu_seconds": cpu, "differing": differing}


def _frames(folder: str, read: Callable[[str], Any]) -> list[Any]:
    return [read(f"{folder}/{side}.parquet") for side in ("city", "portal")]


def datacompy_polars(folder: str) -> dict[str, Any]:
    """datacompy on Polars frames, its report with samples included: that is all it tells about the rows."""
    import polars as pl
    from datacompy import PolarsCompare

    city, portal = _frames(folder, pl.read_parquet)

    def compare() -> int:
        result = PolarsCompare(city, portal, join_columns=KEY, df1_name="city", df2_name="portal")
        result.report()
        return len(result.df1_unq_rows) + len(result.df2_unq_rows) + len(result.all_mismatch())

    return _timed(compare)


def datacompy_pandas(folder: str) -> dict[str, Any]:
    """datacompy on pandas frames, its report with samples included."""
    import pandas as pd
    from datacompy import PandasCompare

    city, portal = _frames(folder, pd.read_parquet)

    def compare() -> int:
        result = PandasCompare(city, portal, join_columns=KEY, df1_name="city", df2_name="portal")
        result.report()
        return len(result.df1_unq_rows) + len(result.df2_unq_rows) + len(result.all_mismatch())

    return _timed(compare)


def pandas_merge(folder: str) -> dict[str, Any]:
    """An outer merge in pandas and a comparison of every pair of columns: the rows that differ, unnamed."""
    import pandas as pd

    city, portal = _frames(folder, pd.read_parquet)

    def compare() -> int:
        both = city.merge(portal, on=KEY, how="outer", suffixes=("_city", "_portal"), indicator=True)
        differs = both["_merge"] != "both"
        for name in city.columns.drop(KEY):
            a, b = both[f"{name}_city"], both[f"{name}_portal"]
            differs |= ~((a == b) | (a.isna() & b.isna()))
        return len(both.loc[differs])

    return _timed(compare)


def reladiff(folder: str) -> dict[str, Any]:
    """reladiff's bisection of two DuckDB tables, over three of the compared columns (status, due time, owner)."""
    import duckdb
    from reladiff import connect_to_table, diff_tables

    path = f"{folder}/reladiff-{os.getpid()}.duckdb"
    with duckdb.connect(path) as database:
        for side in ("city", "portal"):
            database.execute(f"CREATE TABLE {side} AS SELECT * FROM '{folder}/{side}_narrow.parquet' ORDER BY id")
    columns = ("status_code", "due_at", "agency_code")
    city, portal = (
        connect_to_table({"driver": "duckdb", "filepath": path}, side, "id", extra_columns=columns)
        for side in ("city", "portal")
    )
    return _timed(lambda: len({row[0] for _, row in diff_tables(city, portal)}))
