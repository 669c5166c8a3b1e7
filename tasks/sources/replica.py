"""The city's system through a SQL replica of its OpenCPS database: one snapshot a part, read by a server-side cursor.

The connection is read-only and its transaction sees one state, so a part cannot shift while it is read. Memory does not
depend on the number of rows: the cursor stays on the server and is fetched page by page.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError

from errors import SourceRefused, TransportError
from schemas.codes import Side
from schemas.systems import REPLICA
from schemas.window import Window
from settings import Settings
from tasks.sources.protocol import Page, Part, parts_of

RECEIVED, UNRECEIVED = "received", "unreceived"


class Replica:
    """Reads cases from a table that has the columns of the OpenCPS record. One instance serves many threads."""

    side = Side.CITY
    system = REPLICA
    clock_skew = None

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        url = sa.make_url(settings.city_url)
        if settings.city_username:
            url = url.set(username=settings.city_username, password=settings.city_password.get_secret_value())
        self._engine = sa.create_engine(url, pool_pre_ping=True, hide_parameters=True)
        names = {field.name: settings.replica_columns.get(field.name, field.name) for field in self.system.fields}
        schema, _, table = settings.replica_table.rpartition(".")
        self._table = sa.table(table, *(sa.column(name) for name in names.values()), schema=schema or None)
        self._columns = {name: self._table.c[column] for name, column in names.items()}

    def close(self) -> None:
        self._engine.dispose()

    def parts(self, window: Window) -> list[Part]:
        return parts_of(window, RECEIVED, UNRECEIVED)

    def stream(self, part: Part) -> Iterator[Page]:
        """The part's rows in order of their number, with the count that the same snapshot gives.

        Raises TransportError when the database cannot be reached, SourceRefused when it refuses the query.
        """
        try:
            with self._snapshot() as connection:
                where = self._condition(part)
                total = connection.scalar(sa.select(sa.func.count()).select_from(self._table).where(where))
                query = sa.select(*(c.label(name) for name, c in self._columns.items())).where(where)
                rows = connection.execution_options(
                    stream_results=True, max_row_buffer=self._settings.city_page_rows
                ).execute(query.order_by(self._columns["dossierId"]))
                read = 0
                for fetched in rows.mappings().partitions(self._settings.city_page_rows):
                    read += len(fetched)
                    records = [{name: _text(value) for name, value in row.items()} for row in fetched]
                    yield Page(records, total, None if read == total else read)
                if not total:
                    yield Page([], 0, None)
        except OperationalError as error:
            raise TransportError(Side.CITY, f"the replica: {type(error.orig).__name__}", window=part.name) from error
        except DBAPIError as error:
            raise SourceRefused(Side.CITY, f"the replica: {type(error.orig).__name__}", window=part.name) from error

    def _snapshot(self) -> sa.Connection:
        """A connection whose one transaction reads one state and can write nothing."""
        connection = self._engine.connect()
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        elif connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA query_only = ON")
        return connection

    def _condition(self, part: Part) -> sa.ColumnElement[bool]:
        """The rows of a part; the end is exclusive, so that the last day's evening is inside."""
        day = self._columns["receiveDate" if part.listing == RECEIVED else "submitDate"]
        inside = sa.and_(day >= _midnight(part.first), day < _midnight(part.last + timedelta(days=1)))
        if part.listing == RECEIVED:
            return inside
        return sa.and_(inside, self._columns["dossierStatus"] == self._settings.city_unreceived_status)


def _midnight(day: date) -> sa.ColumnElement[datetime]:
    return sa.literal(datetime(day.year, day.month, day.day), sa.DateTime())


def _text(value: Any) -> str | None:
    """A database value as the wire would write it; times without an offset are Vietnam's wall clock."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return value.isoformat(sep=" " if value.tzinfo is None else "T", timespec="seconds")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
