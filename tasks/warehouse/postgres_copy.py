"""COPY between Arrow and PostgreSQL: CSV written and read by Arrow, so no Python object is made for a value.

An unquoted empty field is NULL, a quoted one is empty text, in both directions.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
from psycopg import sql
from sqlalchemy import Connection, Integer, Numeric, Select, Table
from sqlalchemy.types import TypeEngine

from errors import WarehouseError

_NUL, _REPLACEMENT = "\x00", "\ufffd"
_WRITE = pcsv.WriteOptions(include_header=False, quoting_style="needed")
_PARSE = pcsv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False)
_NUMERIC_OID = 1700
_ARROW_TYPES = {
    16: pa.bool_(),
    20: pa.int64(),
    21: pa.int16(),
    23: pa.int32(),
    25: pa.string(),
    700: pa.float32(),
    701: pa.float64(),
    1042: pa.string(),
    1043: pa.string(),
    1082: pa.date32(),
    1114: pa.timestamp("us"),
    1184: pa.timestamp("us", tz="UTC"),
}
"""Type numbers of PostgreSQL's catalogue (pg_type.oid), which never change."""


def copy_in(connection: Connection, table: Table, schema: pa.Schema, files: Sequence[str], rows: int) -> None:
    """Append Parquet files to a table, `rows` rows in memory at a time, and refresh its statistics.

    PostgreSQL's text cannot hold the NUL character: it becomes U+FFFD.
    Raises WarehouseError when the server refuses a row; the message has the table and the SQLSTATE, never the row.
    """
    copy_batches(connection, table, schema, batches_of(files, schema, rows))
    refresh_statistics(connection, table)


def refresh_statistics(connection: Connection, *tables: Table, columns: Sequence[str] = ()) -> None:
    """ANALYZE, which takes a sample however large the table is; of some `columns` only, if there are any."""
    names = sql.SQL(", ").join(sql.Identifier(table.name) for table in tables)
    some = sql.SQL(" ({})").format(sql.SQL(", ").join(map(sql.Identifier, columns))) if columns else sql.SQL("")
    _driver(connection).execute(sql.SQL("ANALYZE {}{}").format(names, some))


def copy_batches(connection: Connection, table: Table, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Append record batches of `schema` to a table; returns their rows. NUL and refusals as in `copy_in`."""
    name, columns = sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, schema.names))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(name, columns)
    written = 0
    with _driver(connection).cursor() as cursor:
        try:
            with cursor.copy(statement) as copy:
                for batch in batches:
                    copy.write(_csv(batch))
                    written += batch.num_rows
        except psycopg.Error as error:
            refused = f"PostgreSQL refused a row for {table.name}: {type(error).__name__} ({error.sqlstate})"
            raise WarehouseError(refused) from None
    return written


def _csv(batch: pa.RecordBatch) -> memoryview:
    text = io.BytesIO()
    pcsv.write_csv(_without_nul(batch), text, _WRITE)
    return text.getbuffer()


def batches_of(files: Sequence[str], schema: pa.Schema, rows: int) -> Iterator[pa.RecordBatch]:
    """The columns of `schema` from Parquet files, at most `rows` rows at a time."""
    for file in files:
        for batch in pq.ParquetFile(file).iter_batches(batch_size=rows, columns=schema.names):
            yield batch.select(schema.names).cast(schema)


def copy_out(connection: Connection, statement: Select[Any], rows: int) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The schema of a query's result, and the result in batches of `rows` rows.

    The connection is busy until the batches have been taken to their end.
    """
    compiled = statement.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    driver = _driver(connection)
    query = sql.SQL(psycopg.ClientCursor(driver).mogrify(str(compiled), compiled.params))
    schema = _schema(driver, query, [column.type for column in statement.selected_columns])
    return schema, _batches(driver, query, schema, rows)


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def _without_nul(batch: pa.RecordBatch) -> pa.RecordBatch:
    for place, field in enumerate(batch.schema):
        if field.type == pa.string() and pc.any(pc.match_substring(batch.column(place), _NUL)).as_py():
            clean = pc.replace_substring(batch.column(place), _NUL, _REPLACEMENT)
            batch = batch.set_column(place, field, clean)
    return batch


def _schema(driver: psycopg.Connection[Any], query: sql.SQL, declared: Sequence[TypeEngine[Any]]) -> pa.Schema:
    """Names and Arrow types of a query's columns, asked of the server without running the query."""
    with driver.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT * FROM ({}) AS described LIMIT 0").format(query))
        described = cursor.description or []
    return pa.schema([(column.name, _type(column, kind)) for column, kind in zip(described, declared, strict=True)])


def _type(column: psycopg.Column, declared: TypeEngine[Any]) -> pa.DataType:
    """Raises TypeError for a type that the warehouse does not use."""
    if column.type_code == _NUMERIC_OID:
        if column.precision is not None:
            return pa.decimal128(column.precision, column.scale or 0)
        # Sums have no precision in PostgreSQL; DuckDB makes them 38 digits with the scale of what is summed.
        if isinstance(declared, Integer):
            return pa.decimal128(38, 0)
        scale = declared.scale if isinstance(declared, Numeric) else None
        return pa.float64() if scale is None else pa.decimal128(38, scale)
    if column.type_code not in _ARROW_TYPES:
        raise TypeError(f"column {column.name} has the PostgreSQL type {column.type_display}, which has no Arrow type")
    return _ARROW_TYPES[column.type_code]


def _batches(driver: psycopg.Connection[Any], query: sql.SQL, schema: pa.Schema, rows: int) -> Iterator[pa.RecordBatch]:
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv)").format(query)
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        lines = iter(copy)
        while part := list(islice(lines, rows)):  # the protocol sends one row a message
            yield _parsed(b"".join(part), schema)


def _parsed(text: bytes, schema: pa.Schema) -> pa.RecordBatch:
    places = [str(place) for place in range(len(schema))]  # a query may name two columns alike
    table = pcsv.read_csv(
        io.BytesIO(text),
        read_options=pcsv.ReadOptions(column_names=places, block_size=len(text) + 1),
        parse_options=_PARSE,
        convert_options=pcsv.ConvertOptions(
            column_types=dict(zip(places, schema.types, strict=True)),
            null_values=[""],
            true_values=["t"],
            false_values=["f"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    columns = [pa.concat_arrays(column.chunks) for column in table.columns]
    return pa.record_batch(columns, schema=schema)
