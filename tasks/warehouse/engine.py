"""Connections to the warehouse: DuckDB file or PostgreSQL, by URL. One writer at a time, and readers that it never
stops.

DuckDB lets one process at a time hold a file for writing, and then nobody else can even read it: readers are given a
snapshot file. On PostgreSQL writers take an advisory lock, and readers a read-only transaction that sees one state.
Errors of either do not repeat the values of a statement: they may be personal.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from errors import WarehouseError
from settings import Settings
from tasks.warehouse import migrations
from tasks.warehouse.locking import connect, take_writer_lock

_COPY = "import os, shutil, sys; shutil.copyfile(*sys.argv[1:]); f = open(sys.argv[2], 'rb+'); os.fsync(f.fileno())"


def open_engine(settings: Settings) -> Engine:
    """An engine on the configured warehouse, for `transaction`. It keeps no connection open, so a DuckDB file is held
    only in use."""
    url = make_url(settings.warehouse)
    if url.get_backend_name() == "duckdb":
        if file := _file(url):
            file.parent.mkdir(parents=True, exist_ok=True)
        return _duckdb(url, settings)
    return create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=_session())


def open_reader(settings: Settings) -> Engine:
    """An engine that can only read: on DuckDB the latest snapshot, on PostgreSQL one state a transaction.

    Raises WarehouseError when no snapshot was published yet.
    """
    url = make_url(settings.warehouse)
    if url.get_backend_name() == "duckdb":
        file = _file(url)
        if file is None or not _snapshot(file).exists():
            raise WarehouseError("there is no snapshot of the warehouse to read: a run publishes one at its end")
        return _duckdb(url.set(database=str(_snapshot(file))), settings, access_mode="READ_ONLY")
    return create_engine(
        url,
        poolclass=NullPool,
        hide_parameters=True,
        connect_args=_session(),
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
    )


@contextmanager
def transaction(engine: Engine, settings: Settings) -> Iterator[Connection]:
    """One transaction of the one writer, committed at the end, rolled back on any error.

    Raises WarehouseLocked, saying who writes and since when, when another writer does not end within
    `warehouse_wait_seconds`; WarehouseError when the warehouse cannot be reached.
    """
    with connect(engine, settings.warehouse_wait_seconds) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            take_writer_lock(connection, settings.warehouse_wait_seconds)
        yield connection


def publish_snapshot(settings: Settings) -> Path | None:
    """Give readers the warehouse as it is now: a copy of the DuckDB file, renamed into place; its path.

    Nothing to do on PostgreSQL: None. Not to be called while this process writes.
    Raises WarehouseLocked as `transaction` does, WarehouseError when the file cannot be copied.
    """
    url = make_url(settings.warehouse)
    if url.get_backend_name() != "duckdb" or (file := _file(url)) is None:
        return None
    target = _snapshot(file)
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    with connect(open_engine(settings), settings.warehouse_wait_seconds) as connection:
        connection.exec_driver_sql("CHECKPOINT")  # all there is into the one file
        # Copied by a child: closing the file here would release this process's lock on it (POSIX), and with it the
        # promise that no other process writes meanwhile.
        copied = subprocess.run([sys.executable, "-I", "-c", _COPY, str(file), str(draft)], capture_output=True)
    if copied.returncode:
        draft.unlink(missing_ok=True)
        raise WarehouseError(f"the snapshot could not be written: {copied.stderr.decode(errors='replace')[-300:]}")
    draft.replace(target)
    return target


def create_tables(connection: Connection) -> None:
    """Bring the schema up to date; quick when it is."""
    migrations.upgrade(connection)


def _file(url: URL) -> Path | None:
    return Path(url.database) if url.database and url.database != ":memory:" else None


def _snapshot(file: Path) -> Path:
    return file.with_suffix(f".snapshot{file.suffix}")


def _duckdb(url: URL, settings: Settings, **config: Any) -> Engine:
    config |= {
        "memory_limit": f"{settings.warehouse_memory_mb}MB",
        "temp_directory": str(settings.data_dir / "spill"),
        "preserve_insertion_order": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "enable_external_file_cache": False,  # it takes a file rewritten within its clock tick for the old one
    }
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args={"config": config})
    event.listen(engine, "connect", _in_utc)
    return engine


def _in_utc(connection: Any, _record: Any) -> None:
    connection.execute("SET TimeZone = 'UTC'")  # no option of the connection: it belongs to a built-in extension


def _session() -> dict[str, str]:
    """Who we are, for those who wait for us, and the zone in which times are written and read."""
    return {"application_name": f"hoso-sync {socket.gethostname()[:40]}:{os.getpid()}", "options": "-c timezone=UTC"}
