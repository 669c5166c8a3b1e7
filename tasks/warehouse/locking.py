"""One writer at a time: waiting for it, and saying who it is."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, column, func, select, table
from sqlalchemy.exc import OperationalError
from tenacity import (
    RetryError,
    Retrying,
    retry_if_exception,
    retry_if_result,
    stop_after_delay,
    wait_random_exponential,
)

from errors import WarehouseError, WarehouseLocked

WRITER_KEY = (0x484F, 0x534F)
"""The advisory lock of PostgreSQL that every writer of a database takes: "HO", "SO"."""


def connect(engine: Engine, wait_seconds: float) -> Connection:
    """A connection; to a DuckDB file as soon as no other process holds it.

    Raises WarehouseLocked when the file is held for longer, WarehouseError when the warehouse cannot be reached.
    """
    retrying = Retrying(
        stop=stop_after_delay(wait_seconds),
        wait=wait_random_exponential(0.2, 5),
        retry=retry_if_exception(_is_locked),
        reraise=True,
    )
    try:
        return retrying(engine.connect)
    except OperationalError as error:
        if _is_locked(error):
            raise WarehouseLocked(
                f"waited {wait_seconds:.0f} s for the warehouse: {_file_holder(str(error.orig))} has it open"
            ) from error
        raise WarehouseError(f"the warehouse cannot be reached: {error.orig}") from error


def _is_locked(error: BaseException) -> bool:
    return isinstance(error, OperationalError) and "Could not set lock" in str(error)


def _file_holder(message: str) -> str:
    """Who holds a DuckDB file, from DuckDB's own message, and since when that process runs."""
    found = re.search(r"\(PID (\d+)\)", message)
    if found is None:
        return "another process"
    pid = int(found.group(1))
    started = _process_start(pid)
    return f"process {pid}" + (f", running since {started:%Y-%m-%d %H:%M:%S} UTC," if started else "")


def _process_start(pid: int) -> datetime | None:
    """When a process of this machine started; None where /proc does not say."""
    try:
        ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
        boot = re.search(r"^btime (\d+)$", Path("/proc/stat").read_text(), re.MULTILINE)
    except (OSError, ValueError, IndexError):
        return None
    return boot and datetime.fromtimestamp(int(boot.group(1)) + ticks / os.sysconf("SC_CLK_TCK"), UTC)


def take_writer_lock(connection: Connection, wait_seconds: float) -> None:
    """Become PostgreSQL's one writer until the end of the transaction.

    Raises WarehouseLocked, naming the writer, when there is another one for longer than `wait_seconds`.
    """
    retrying = Retrying(
        stop=stop_after_delay(wait_seconds), wait=wait_random_exponential(0.1, 2), retry=retry_if_result(_refused)
    )
    try:
        retrying(lambda: connection.execute(select(func.pg_try_advisory_xact_lock(*WRITER_KEY))).scalar_one())
    except RetryError as error:
        raise WarehouseLocked(
            f"waited {wait_seconds:.0f} s for the warehouse: {_session_holder(connection)} is writing"
        ) from error


def _refused(taken: bool) -> bool:
    return not taken


def _session_holder(connection: Connection) -> str:
    names = ("pid", "locktype", "database", "classid", "objid", "objsubid", "granted")
    locks = table("pg_locks", *(column(name) for name in names))
    sessions = table("pg_stat_activity", *(column(name) for name in ("pid", "application_name", "xact_start")))
    databases = table("pg_database", column("oid"), column("datname"))
    holder = (
        select(sessions.c.pid, sessions.c.application_name, sessions.c.xact_start)
        .select_from(locks)
        .join(sessions, sessions.c.pid == locks.c.pid)
        .join(databases, databases.c.oid == locks.c.database)
        .where(
            databases.c.datname == func.current_database(),
            locks.c.locktype == "advisory",
            locks.c.classid == WRITER_KEY[0],
            locks.c.objid == WRITER_KEY[1],
            locks.c.objsubid == 2,  # a key of two numbers
            locks.c.granted,
        )
    )
    found = connection.execute(holder).first()
    if found is None:
        return "another session"
    since = f"since {found.xact_start.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if found.xact_start else "since unknown"
    return f"{found.application_name or 'a session'} (PID {found.pid}, {since})"
