"""The warehouse's tables, once, for both engines. Names read `layer_source__noun`; views named `out_...` are for
readers.

Times are `timestamptz` in UTC; days are days of Vietnam's wall clock. Money is whole dong.
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    and_,
)
from sqlalchemy.types import TypeEngine

from schemas.case import CASE_SCHEMA

metadata: Final = MetaData()

_ARROW_TYPES: Final[dict[pa.DataType, type[TypeEngine[Any]] | TypeEngine[Any]]] = {
    pa.string(): Text,
    pa.int16(): SmallInteger,
    pa.int64(): BigInteger,
    pa.bool_(): Boolean,
    pa.date32(): Date,
    pa.timestamp("us", tz="UTC"): DateTime(timezone=True),
}


def columns_of(schema: pa.Schema) -> list[Column[Any]]:
    """SQLAlchemy columns of an Arrow schema, in order."""
    return [Column(field.name, _ARROW_TYPES[field.type], nullable=field.nullable) for field in schema]


def _instant(name: str, nullable: bool = True) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


version: Final = Table(
    "core_cases__version",
    metadata,
    Column("side", String(6), nullable=False),
    *columns_of(CASE_SCHEMA),
    _instant("recorded_from", nullable=False),
    _instant("recorded_to"),
    Column("run_id", String(40), nullable=False),
    comment="What one side said about one case from recorded_from until recorded_to (null: still says it).",
)
# DuckDB uses no index of two columns to find a row, and would pay for it with every load.
Index("ix_version_case", version.c.case_code, version.c.side).ddl_if(dialect="postgresql")
Index(  # the narrow join of reconcile reads nothing else; and a case has one current version
    "uq_version_current",
    version.c.side,
    version.c.case_code,
    unique=True,
    postgresql_where=version.c.recorded_to.is_(None),
    postgresql_include=["row_hash", "content_hash"],
).ddl_if(dialect="postgresql")

# What an incremental reconcile asks of the whole: what is new (rows are appended, so a range of blocks is a time), what
# was closed, and whose deadline passed.
Index("ix_version_recorded", version.c.recorded_from, postgresql_using="brin").ddl_if(dialect="postgresql")
Index("ix_version_closed", version.c.recorded_to, postgresql_where=version.c.recorded_to.is_not(None)).ddl_if(
    dialect="postgresql"
)
Index(
    "ix_version_running",
    version.c.deadline_at,
    postgresql_where=and_(version.c.recorded_to.is_(None), version.c.clock_stopped_at.is_(None)),
).ddl_if(dialect="postgresql")
Index(  # what a window no longer lists
    "ix_version_listed",
    version.c.side,
    version.c.listed_day,
    postgresql_where=version.c.recorded_to.is_(None),
    postgresql_include=["case_code"],
).ddl_if(dialect="postgresql")

quarantine: Final = Table(
    "core_cases__quarantine",
    metadata,
    Column("quarantine_id", String(40), primary_key=True),
    Column("side", String(6), nullable=False),
    Column("case_code", Text),
    Column("probable_code", Text),
    Column("reason", String(40), nullable=False),
    Column("reasons", Text, nullable=False),
    Column("window_start", Date, nullable=False),
    Column("payload", Text, nullable=False),
    Column("landing_file", Text),
    _instant("first_seen", nullable=False),
    _instant("last_seen", nullable=False),
    _instant("released_at"),
    Column("run_id", String(40), nullable=False),
    comment="Rows that cannot be trusted, kept whole with the reason. The payload holds personal data.",
)

mismatch: Final = Table(
    "core_sync__mismatch",
    metadata,
    Column("case_code", Text, primary_key=True),
    Column("kind", String(40), primary_key=True),
    Column("leading", Boolean, nullable=False),
    Column("verdict", String(20), nullable=False),
    Column("field", String(60), nullable=False),
    Column("city_value", Text),
    Column("portal_value", Text),
    Column("agency_code", Text),
    Column("procedure_code", Text),
    Column("cause", String(60)),
    _instant("since"),
    _instant("first_seen", nullable=False),
    _instant("last_seen", nullable=False),
    _instant("confirmed_at"),
    _instant("resolved_at"),
    Column("reopened", Integer, nullable=False),
    Column("points_lost", Numeric(18, 10), nullable=False),
    Column("suppression_id", String(40)),
    Column("run_id", String(40), nullable=False),
    comment="One disagreement within one case, with its memory: the current state.",
)

mismatch_event: Final = Table(
    "core_sync__mismatch_event",
    metadata,
    Column("case_code", Text, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("event", String(20), nullable=False),
    _instant("at", nullable=False),
    Column("verdict", String(20), nullable=False),
    Column("city_value", Text),
    Column("portal_value", Text),
    Column("suppression_id", String(40)),
    Column("run_id", String(40), nullable=False),
    comment="What happened to a mismatch: opened, confirmed, changed, resolved, reopened, suppressed, returned.",
)

suppression: Final = Table(
    "core_sync__suppression",
    metadata,
    Column("suppression_id", String(40), primary_key=True),
    Column("case_code", Text),
    Column("kind", String(40)),
    Column("agency_code", Text),
    Column("procedure_code", Text),
    Column("cause", String(60)),
    Column("until", Date, nullable=False),
    Column("reason", Text, nullable=False),
    _instant("made_at", nullable=False),
    _instant("lifted_at"),
    comment="Orders to set mismatches aside up to and with a day, for a reason; what an order leaves empty is any.",
)

arrival: Final = Table(
    "core_sync__arrival",
    metadata,
    Column("month", Date, primary_key=True),
    Column("direction", String(10), primary_key=True),
    Column("procedure_code", Text, primary_key=True),
    Column("low", SmallInteger, primary_key=True),
    Column("high", SmallInteger, primary_key=True),
    Column("arrivals", BigInteger, nullable=False),
    comment="How many changes were seen to reach the other side, by the interval in which their lag lies.",
)

lag: Final = Table(
    "core_sync__lag",
    metadata,
    Column("direction", String(10), primary_key=True),
    Column("procedure_code", Text, primary_key=True),
    Column("observations", BigInteger, nullable=False),
    Column("p50_seconds", BigInteger, nullable=False),
    Column("p99_seconds", BigInteger, nullable=False),
    Column("deadline_seconds", BigInteger, nullable=False),
    _instant("measured_at", nullable=False),
    comment="How long changes take to the other side, by procedure (empty: all), where enough were seen to arrive.",
)

run: Final = Table(
    "ops__run",
    metadata,
    Column("run_id", String(40), primary_key=True),
    Column("flow", String(40), nullable=False),
    _instant("as_of", nullable=False),
    Column("range_start", Date, nullable=False),
    Column("range_end", Date, nullable=False),
    Column("state", String(20), nullable=False),
    Column("code_version", String(40), nullable=False),
    Column("canonical_version", SmallInteger, nullable=False),
    Column("rules_version", SmallInteger, nullable=False),
    comment="One execution. Committed together with the data that it loaded.",
)

window: Final = Table(
    "ops__window",
    metadata,
    Column("run_id", String(40), primary_key=True),
    Column("side", String(6), primary_key=True),
    Column("window_start", Date, primary_key=True),
    Column("window_end", Date, nullable=False),
    _instant("read_at", nullable=False),
    _instant("watermark"),
    Column("clock_skew_seconds", BigInteger),
    Column("extracted", BigInteger, nullable=False),
    Column("loaded", BigInteger, nullable=False),
    Column("unchanged", BigInteger, nullable=False),
    Column("duplicate", BigInteger, nullable=False),
    Column("quarantined", BigInteger, nullable=False),
    Column("gone", BigInteger, nullable=False),
    comment="One window's read, with its conservation: extracted = loaded + unchanged + duplicate + quarantined.",
)

sweep: Final = Table(
    "ops__sweep",
    metadata,
    Column("run_id", String(40), primary_key=True),
    Column("side", String(6), primary_key=True),
    Column("month", Date, primary_key=True),
    _instant("read_at", nullable=False),
    Column("listed", BigInteger, nullable=False),
    Column("lost", BigInteger, nullable=False),
    Column("gone", BigInteger, nullable=False),
    comment="Keys of a whole month held against the warehouse: how many the change cursor lost.",
)
