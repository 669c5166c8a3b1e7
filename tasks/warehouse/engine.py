"""Connections to the warehouse: DuckDB file or PostgreSQL, by URL.

DuckDB lets one process at a time hold a file for writing. A writer waits for it, for a bounded time, and then says who
holds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from errors import WarehouseLocked
from settings import Settings
from tasks.warehouse.index_tables import metadata  # the same object as tables.metadata, with the index's tables in it


def open_engine(settings: Settings) -> Engine:
    """An engine on the configured warehouse. It keeps no connection open, so a DuckDB file is held only in use."""
    url = make_url(settings.warehouse)
    if url.get_backend_name() != "duckdb":
        return create_engine(url)
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    config = {
        "memory_limit": f"{settings.warehouse_memory_mb}MB",
        "temp_directory": str(settings.data_dir / "spill"),
        "preserve_insertion_order": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    return create_engine(url, poolclass=NullPool, connect_args={"config": config})


@contextmanager
def transaction(engine: Engine, settings: Settings) -> Iterator[Connection]:
    """One transaction, committed at the end, rolled back on any error.

    Raises WarehouseLocked when another process keeps the warehouse longer than `warehouse_wait_seconds`.
    """
    retrying = Retrying(
        stop=stop_after_delay(settings.warehouse_wait_seconds),
        wait=wait_random_exponential(0.2, 5),
        retry=retry_if_exception(_is_locked),
        reraise=True,
    )
    try:
        connection = retrying(engine.connect)
    except OperationalError as error:
        if _is_locked(error):
            raise WarehouseLocked(
                f"another process has held the warehouse for {settings.warehouse_wait_seconds:.0f} s: {error.orig}"
            ) from error
        raise
    with connection, connection.begin():
        yield connection


def _is_locked(error: BaseException) -> bool:
    return isinstance(error, OperationalError) and "Could not set lock" in str(error)


def create_tables(connection: Connection) -> None:
    """Create what is not there yet."""
    metadata.create_all(connection)
