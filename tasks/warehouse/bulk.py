"""Moving many rows at once: Parquet into a temporary table, a query into Arrow, alike on both engines."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import IO, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import ARRAY, Column, Connection, MetaData, Select, String, Table, func, literal, select
from sqlalchemy.schema import DropTable

from tasks.warehouse.postgres_copy import batches_of, copy_batches, copy_in, copy_out, refresh_statistics
from tasks.warehouse.tables import columns_of

COPY_ROWS = 50_000
"""Rows in memory at once on their way to or from PostgreSQL."""

_UTC = pa.timestamp("us", tz="UTC")


def temporary(connection: Connection, name: str, *columns: Column[Any]) -> Table:
    """An empty temporary table in place of an earlier one of its name; gone with the connection."""
    table = Table(name, MetaData(), *columns, prefixes=["TEMPORARY"])
    connection.execute(DropTable(table, if_exists=True))
    table.create(connection, checkfirst=False)
    return table


def stage(connection: Connection, name: str, schema: pa.Schema, files: Sequence[str]) -> Table:
    """A temporary table `name` of `schema`, filled from Parquet files; gone with the connection.

    DuckDB reads the files itself, in parallel and without a copy in Python; PostgreSQL takes COPY, a batch at a time.
    """
    table = temporary(connection, name, *columns_of(schema))
    if connection.dialect.name == "postgresql":
        copy_in(connection, table, schema, files, COPY_ROWS)
    elif files:
        source = func.read_parquet(literal(list(files), type_=ARRAY(String))).table_valued(*schema.names)
        rows = select(*(source.c[column] for column in schema.names))
        connection.execute(table.insert().from_select(schema.names, rows))
    return table


def append(
    connection: Connection,
    table: Table,
    schema: pa.Schema,
    files: Sequence[str],
    constants: Mapping[str, Any],
    only: Select[Any] | None = None,
) -> int:
    """Append the columns of `schema` from Parquet files to a table that stays; returns the rows written.

    `constants` are values of further columns. `only` is a query of one column, named as in `schema`: rows whose value
    is not in it are left out before they are moved. NUL becomes U+FFFD on PostgreSQL.
    """
    if connection.dialect.name == "postgresql":
        return _append_by_copy(connection, table, schema, files, constants, only)
    source = func.read_parquet(literal(list(files), type_=ARRAY(String))).table_valued(*schema.names)
    rows = select(*(source.c[name] for name in schema.names), *(literal(value) for value in constants.values()))
    if only is not None:
        rows = rows.where(source.c[only.selected_columns[0].name].in_(only))
    return connection.execute(table.insert().from_select([*schema.names, *constants], rows)).rowcount


def _append_by_copy(
    connection: Connection,
    table: Table,
    schema: pa.Schema,
    files: Sequence[str],
    constants: Mapping[str, Any],
    only: Select[Any] | None,
) -> int:
    scalars = {name: pa.scalar(value) for name, value in constants.items()}
    whole = pa.schema([*schema, *(pa.field(name, scalar.type) for name, scalar in scalars.items())])
    wanted = None if only is None else fetch(connection, only).column(0)
    key = "" if only is None else only.selected_columns[0].name

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in batches_of(files, schema, COPY_ROWS):
            if wanted is not None:
                batch = batch.filter(pc.is_in(batch.column(key), value_set=wanted))
            fixed = [pa.repeat(scalar, batch.num_rows) for scalar in scalars.values()]
            yield pa.record_batch([*batch.columns, *fixed], schema=whole)

    return copy_batches(connection, table, whole, batches())


def analyze(connection: Connection, *filled: Table, columns: Sequence[str] = ()) -> None:
    """Tell PostgreSQL what is in tables that were just filled: until then it plans the next joins for empty ones, which
    takes several times as long. DuckDB looks by itself. `columns`: of one wide table, those that are asked for."""
    if connection.dialect.name == "postgresql":
        refresh_statistics(connection, *filled, columns=columns)


def fetch(connection: Connection, statement: Select[Any]) -> pa.Table:
    """The whole result of a query as an Arrow table."""
    schema, batches = _read(connection, statement, COPY_ROWS)
    return pa.Table.from_batches(batches, schema)


def fetch_batches(connection: Connection, statement: Select[Any], rows: int) -> Iterator[pa.RecordBatch]:
    """The result of a query in record batches of about `rows` rows, as it is at the time of the call.

    The query is run to its end at once, and what is more than one batch waits on disk: memory holds a batch or two, and
    the connection is free for other statements while the batches are consumed.
    """
    schema, batches = _read(connection, statement, rows)
    head = [batch for batch in (next(batches, None), next(batches, None)) if batch is not None]
    if len(head) < 2:
        return iter(head)
    spool = tempfile.TemporaryFile(prefix="hoso-")  # noqa: SIM115  # closed by the reader, or with the iterator
    with pa.ipc.new_stream(spool, schema) as writer:
        for batch in chain(head, batches):
            writer.write_batch(batch)
    return _spooled(spool)


def _spooled(spool: IO[bytes]) -> Iterator[pa.RecordBatch]:
    with spool:
        spool.seek(0)
        yield from pa.ipc.open_stream(spool)


def _read(connection: Connection, statement: Select[Any], rows: int) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    if connection.dialect.name == "postgresql":
        return copy_out(connection, statement, rows)
    result = connection.execute(statement)
    reader = result.cursor.to_arrow_reader(rows)
    # The driver labels times with the session's zone; the label is ours to choose, the instants are the same.
    zoned = (field.with_type(_UTC) if getattr(field.type, "tz", None) else field for field in reader.schema)
    schema = pa.schema(list(zoned))

    def batches() -> Iterable[pa.RecordBatch]:
        try:
            for batch in reader:
                yield batch.cast(schema)
        finally:
            result.close()  # an open result would be read once more by the commit, which then fails

    return schema, iter(batches())


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
