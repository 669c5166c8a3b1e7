"""Tables of the index: scores, what each mismatch kind costs, how sure a score is, and publications."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Integer, Numeric, String, Table, Text

from schemas.case import CASE_SCHEMA
from schemas.measures import FLAG_COLUMNS
from tasks.warehouse import reference_tables, repair_tables  # noqa: F401  # their metadata has all tables
from tasks.warehouse.tables import columns_of, metadata

__all__ = [
    "attribution",
    "interval",
    "metadata",
    "other_score",
    "publication",
    "publication_case",
    "publication_line",
    "published",
    "recommendation",
    "score",
]

PAIR_COLUMNS: Final = (
    "agency_code",
    "procedure_code",
    "status_code",
    "received_day",
    "clock_stopped_at",
    "deadline_at",
    "due_at",
    *FLAG_COLUMNS,
)
"""What the index reads of a case."""

score: Final = Table(
    "core_index__score",
    metadata,
    Column("run_id", String(40), primary_key=True),
    Column("level", String(20), primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("period", String(10), primary_key=True),
    Column("indicator", String(60), primary_key=True),
    Column("side", String(6), primary_key=True),
    Column("numerator", BigInteger, nullable=False),
    Column("denominator", BigInteger, nullable=False),
    Column("points", Numeric(18, 10), nullable=False),
    comment="Points of one indicator for one unit and period, from the city's truth and from the portal's copy.",
)

attribution: Final = Table(
    "core_index__attribution",
    metadata,
    Column("run_id", String(40), primary_key=True),
    Column("level", String(20), primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("period", String(10), primary_key=True),
    Column("indicator", String(60), primary_key=True),
    Column("kind", String(40), primary_key=True),
    Column("points", Numeric(18, 10), nullable=False),
    comment="The gap of one unit, period and indicator by mismatch kind: Shapley values, which sum up to the gap.",
)

interval: Final = Table(
    "core_index__interval",
    metadata,
    Column("run_id", String(40), primary_key=True),
    Column("level", String(20), primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("period", String(10), primary_key=True),
    Column("indicator", String(60), primary_key=True),
    Column("side", String(6), primary_key=True),
    Column("unread", BigInteger, nullable=False),
    Column("stale", BigInteger, nullable=False),
    Column("lowest", Numeric(18, 10), nullable=False),
    Column("highest", Numeric(18, 10), nullable=False),
    comment="Points that are possible whatever the unread windows and the rows in quarantine hold.",
)

recommendation: Final = Table(
    "core_index__recommendation",
    metadata,
    Column("run_id", String(40), primary_key=True),
    Column("place", BigInteger, primary_key=True),
    Column("case_code", Text, nullable=False),
    Column("regained", Numeric(18, 10), nullable=False),
    comment="The best cases to push: `regained` is what the portal's score gains when all up to this place arrive.",
)

other_score: Final = Table(
    "core_index__other_score",
    metadata,
    Column("run_id", String(40), primary_key=True),
    Column("rules", String(40), primary_key=True),
    Column("level", String(20), primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("period", String(10), primary_key=True),
    Column("indicator", String(60), primary_key=True),
    Column("side", String(6), primary_key=True),
    Column("numerator", BigInteger, nullable=False),
    Column("denominator", BigInteger, nullable=False),
    Column("points", Numeric(18, 10), nullable=False),
    comment="The same scores by other rule sets: the city's report rules, and those of the day of an older month.",
)

published: Final = Table(
    "core_index__published",
    metadata,
    Column("run_id", String(40), primary_key=True),
    Column("period", String(10), primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("indicator", String(60), primary_key=True),
    Column("published_numerator", BigInteger),
    Column("published_denominator", BigInteger),
    Column("published", Numeric(18, 10), nullable=False),
    Column("recomputed_numerator", BigInteger),
    Column("recomputed_denominator", BigInteger),
    Column("recomputed", Numeric(18, 10)),
    Column("difference", Numeric(18, 10)),
    Column("cause", String(80), nullable=False),
    comment="What the portal published against our own count of its copy, and which reading explains a difference.",
)

publication: Final = Table(
    "core_index__publication",
    metadata,
    Column("publication_id", String(80), primary_key=True),
    Column("period", String(10), nullable=False),
    Column("period_start", Date, nullable=False),
    Column("period_end", Date, nullable=False),
    Column("as_of", DateTime(timezone=True), nullable=False),
    Column("rules", String(40), nullable=False),
    Column("inputs", Text, nullable=False),
    Column("code_version", String(40), nullable=False),
    Column("canonical_version", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("lines", Integer, nullable=False),
    comment="A score that was made public, with all that is needed to make it again: as_of, rules and other inputs.",
)

publication_line: Final = Table(
    "core_index__publication_line",
    metadata,
    Column("publication_id", String(80), primary_key=True),
    Column("level", String(20), primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("indicator", String(60), primary_key=True),
    Column("side", String(6), primary_key=True),
    Column("numerator", BigInteger, nullable=False),
    Column("denominator", BigInteger, nullable=False),
    Column("points", Numeric(18, 10), nullable=False),
    comment="One published line. Never changed.",
)

publication_case: Final = Table(
    "core_index__publication_case",
    metadata,
    Column("publication_id", String(80), primary_key=True),
    Column("side", String(6), primary_key=True),
    Column("case_code", Text, primary_key=True),
    Column("known", Boolean, nullable=False),
    *(column for column in columns_of(CASE_SCHEMA) if column.name in PAIR_COLUMNS),
    comment="What a publication counted of cases that a later-loaded, older read may change: such reads alone fill it.",
)
for _column in publication_case.c:
    _column.nullable = _column.name in PAIR_COLUMNS
