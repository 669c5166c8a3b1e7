"""Tables of the index beside its scores: what each mismatch kind costs, how sure a score is, and publications."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Date, DateTime, Integer, Numeric, String, Table, Text

from tasks.warehouse.tables import metadata

__all__ = ["attribution", "interval", "metadata", "publication", "publication_line", "recommendation"]

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
