"""Moving many rows at once: Parquet into a temporary table, a query into Arrow. The only file that knows how each
engine likes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
from sqlalchemy import ARRAY, Connection, MetaData, Select, String, Table, func, literal, select

from tasks.warehouse.tables import columns_of


def stage(connection: Connection, name: str, schema: pa.Schema, files: Sequence[str]) -> Table:
    """A temporary table `name` of `schema`, filled from Parquet files; gone with the connection.

    DuckDB reads the files itself, in parallel and without a copy in Python.
    """
    table = Table(name, MetaData(), *columns_of(schema), prefixes=["TEMPORARY"])
    table.drop(connection, checkfirst=True)
    table.create(connection)
    if not files:
        return table
    source = func.read_parquet(literal(list(files), type_=ARRAY(String))).table_valued(*schema.names)
    rows = select(*(source.c[column] for column in schema.names))
    connection.execute(table.insert().from_select(schema.names, rows))
    return table


def fetch(connection: Connection, statement: Select[Any]) -> pa.Table:
    """The whole result of a query as an Arrow table."""
    cursor = connection.execute(statement).cursor
    return cursor.to_arrow_table()


def fetch_batches(connection: Connection, statement: Select[Any], rows: int) -> Iterator[pa.RecordBatch]:
    """The result of a query in record batches of about `rows` rows."""
    cursor = connection.execute(statement).cursor
    yield from cursor.to_arrow_reader(rows)


def to_frame(table: pa.Table | pa.RecordBatch) -> pd.DataFrame:
    """Arrow to pandas without losing what pandas' defaults lose: text stays Arrow text, integers and flags stay
    nullable."""
    nullable = {
        pa.int16(): pd.Int16Dtype(),
        pa.int32(): pd.Int32Dtype(),
        pa.int64(): pd.Int64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
        pa.string(): pd.StringDtype("pyarrow"),
        pa.large_string(): pd.StringDtype("pyarrow"),
    }
    frame: pd.DataFrame = table.to_pandas(types_mapper=nullable.get)
    return frame
