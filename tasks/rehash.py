"""Rehash: after an upgrade that hashes cases otherwise, what is stored is hashed anew, in bulk."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from prefect import get_run_logger, task
from sqlalchemy import Connection

import settings
from schemas.case import CANONICAL_VERSION, CASE_SCHEMA
from tasks.rules.canonical import hashed
from tasks.warehouse import rehash as store
from tasks.warehouse.engine import create_tables, open_engine, transaction


def renew_hashes(connection: Connection, rows: int) -> int:
    """Hash what has hashes of another canonical form, `rows` versions in memory at a time; returns how many it was.

    A form that reads more out of the wire's text than is stored cannot be made this way: its windows must be read
    again.
    """
    if not store.outdated(connection):
        return 0
    with tempfile.TemporaryDirectory(prefix="hoso-rehash-") as folder:
        files = []
        for number, batch in enumerate(store.outdated_batches(connection, rows)):
            old = pa.Table.from_batches([batch])
            new = hashed(old.select(CASE_SCHEMA.names))
            for field in store.KEY:
                new = new.append_column(field.name, old[field.name])
            files.append(str(Path(folder) / f"{number:05d}.parquet"))
            pq.write_table(new.select(store.HASH_SCHEMA.names).cast(store.HASH_SCHEMA), files[-1])
        return store.write_hashes(connection, files)


@task(name="rehash", tags=["ledger"])
def rehash_all() -> int:
    """Hash everything that has hashes of another canonical form; returns how many versions that was."""
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        create_tables(connection)
        renewed = renew_hashes(connection, knobs.batch_rows)
    get_run_logger().info("%d versions hashed anew for canonical version %d", renewed, CANONICAL_VERSION)
    return renewed
