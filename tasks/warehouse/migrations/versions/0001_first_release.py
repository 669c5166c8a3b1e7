"""All tables of the first release."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "core_cases__quarantine",
        sa.Column("quarantine_id", sa.String(length=40), nullable=False),
        sa.Column("side", sa.String(length=6), nullable=False),
        sa.Column("case_code", sa.Text(), nullable=True),
        sa.Column("probable_code", sa.Text(), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("window_start", sa.Date(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("landing_file", sa.Text(), nullable=True),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("quarantine_id"),
    )
    op.create_table(
        "core_cases__version",
        sa.Column("side", sa.String(length=6), nullable=False),
        sa.Column("case_code", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=True),
        sa.Column("status_code", sa.SmallInteger(), nullable=False),
        sa.Column("procedure_code", sa.Text(), nullable=True),
        sa.Column("agency_code", sa.Text(), nullable=True),
        sa.Column("agency_name", sa.Text(), nullable=True),
        sa.Column("submission_channel", sa.SmallInteger(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_precision", sa.SmallInteger(), nullable=True),
        sa.Column("received_day", sa.Date(), nullable=True),
        sa.Column("listed_day", sa.Date(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_precision", sa.SmallInteger(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_precision", sa.SmallInteger(), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_precision", sa.SmallInteger(), nullable=True),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("online_payment", sa.SmallInteger(), nullable=True),
        sa.Column("fee_total", sa.BigInteger(), nullable=True),
        sa.Column("has_digitised_component", sa.Boolean(), nullable=True),
        sa.Column("has_reused_component", sa.Boolean(), nullable=True),
        sa.Column("has_stored_component", sa.Boolean(), nullable=True),
        sa.Column("account_verified_vneid", sa.Boolean(), nullable=True),
        sa.Column("population_linked", sa.Boolean(), nullable=True),
        sa.Column("has_result", sa.Boolean(), nullable=True),
        sa.Column("supplement_requests", sa.SmallInteger(), nullable=True),
        sa.Column("supplement_precision", sa.SmallInteger(), nullable=True),
        sa.Column("clock_stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agency_rung", sa.SmallInteger(), nullable=True),
        sa.Column("applicant_fingerprint", sa.Text(), nullable=True),
        sa.Column("canonical_version", sa.SmallInteger(), nullable=False),
        sa.Column("row_hash", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("window_start", sa.Date(), nullable=False),
        sa.Column("landing_file", sa.Text(), nullable=True),
        sa.Column("recorded_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("run_id", sa.String(length=40), nullable=False),
    )
    op.create_index("ix_version_case", "core_cases__version", ["side", "case_code"], unique=False)
    if op.get_context().dialect.name == "postgresql":
        op.create_index(
            "uq_version_current",
            "core_cases__version",
            ["side", "case_code"],
            unique=True,
            postgresql_where=sa.text("recorded_to IS NULL"),
            postgresql_include=["row_hash", "content_hash"],
        )
    op.create_table(
        "core_index__attribution",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("indicator", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("points", sa.Numeric(precision=18, scale=10), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "level", "unit", "period", "indicator", "kind"),
    )
    op.create_table(
        "core_index__interval",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("indicator", sa.String(length=60), nullable=False),
        sa.Column("side", sa.String(length=6), nullable=False),
        sa.Column("unread", sa.BigInteger(), nullable=False),
        sa.Column("stale", sa.BigInteger(), nullable=False),
        sa.Column("lowest", sa.Numeric(precision=18, scale=10), nullable=False),
        sa.Column("highest", sa.Numeric(precision=18, scale=10), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "level", "unit", "period", "indicator", "side"),
    )
    op.create_table(
        "core_index__publication",
        sa.Column("publication_id", sa.String(length=80), nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rules", sa.String(length=40), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("code_version", sa.String(length=40), nullable=False),
        sa.Column("canonical_version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("publication_id"),
    )
    op.create_table(
        "core_index__publication_line",
        sa.Column("publication_id", sa.String(length=80), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("indicator", sa.String(length=60), nullable=False),
        sa.Column("side", sa.String(length=6), nullable=False),
        sa.Column("numerator", sa.BigInteger(), nullable=False),
        sa.Column("denominator", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.Numeric(precision=18, scale=10), nullable=False),
        sa.PrimaryKeyConstraint("publication_id", "level", "unit", "indicator", "side"),
    )
    op.create_table(
        "core_index__recommendation",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("case_code", sa.Text(), nullable=False),
        sa.Column("regained", sa.Numeric(precision=18, scale=10), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "place"),
    )
    op.create_table(
        "core_index__score",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("indicator", sa.String(length=60), nullable=False),
        sa.Column("side", sa.String(length=6), nullable=False),
        sa.Column("numerator", sa.BigInteger(), nullable=False),
        sa.Column("denominator", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.Numeric(precision=18, scale=10), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "level", "unit", "period", "indicator", "side"),
    )
    op.create_table(
        "core_sync__arrival",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("direction", sa.String(length=10), nullable=False),
        sa.Column("procedure_code", sa.Text(), nullable=False),
        sa.Column("low", sa.SmallInteger(), nullable=False),
        sa.Column("high", sa.SmallInteger(), nullable=False),
        sa.Column("arrivals", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("month", "direction", "procedure_code", "low", "high"),
    )
    op.create_table(
        "core_sync__lag",
        sa.Column("direction", sa.String(length=10), nullable=False),
        sa.Column("procedure_code", sa.Text(), nullable=False),
        sa.Column("observations", sa.BigInteger(), nullable=False),
        sa.Column("p50_seconds", sa.BigInteger(), nullable=False),
        sa.Column("p99_seconds", sa.BigInteger(), nullable=False),
        sa.Column("deadline_seconds", sa.BigInteger(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("direction", "procedure_code"),
    )
    op.create_table(
        "core_sync__mismatch",
        sa.Column("case_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("leading", sa.Boolean(), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("field", sa.String(length=60), nullable=False),
        sa.Column("city_value", sa.Text(), nullable=True),
        sa.Column("portal_value", sa.Text(), nullable=True),
        sa.Column("agency_code", sa.Text(), nullable=True),
        sa.Column("procedure_code", sa.Text(), nullable=True),
        sa.Column("cause", sa.String(length=60), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("points_lost", sa.Numeric(precision=18, scale=10), nullable=False),
        sa.Column("suppression_id", sa.String(length=40), nullable=True),
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("case_code", "kind"),
    )
    op.create_table(
        "core_sync__mismatch_event",
        sa.Column("case_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("event", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("city_value", sa.Text(), nullable=True),
        sa.Column("portal_value", sa.Text(), nullable=True),
        sa.Column("suppression_id", sa.String(length=40), nullable=True),
        sa.Column("run_id", sa.String(length=40), nullable=False),
    )
    op.create_table(
        "core_sync__suppression",
        sa.Column("suppression_id", sa.String(length=40), nullable=False),
        sa.Column("case_code", sa.Text(), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=True),
        sa.Column("agency_code", sa.Text(), nullable=True),
        sa.Column("procedure_code", sa.Text(), nullable=True),
        sa.Column("cause", sa.String(length=60), nullable=True),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("suppression_id"),
    )
    op.create_table(
        "ops__run",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("flow", sa.String(length=40), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("range_start", sa.Date(), nullable=False),
        sa.Column("range_end", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("code_version", sa.String(length=40), nullable=False),
        sa.Column("canonical_version", sa.SmallInteger(), nullable=False),
        sa.Column("rules_version", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id"),
    )
    op.create_table(
        "ops__window",
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("side", sa.String(length=6), nullable=False),
        sa.Column("window_start", sa.Date(), nullable=False),
        sa.Column("window_end", sa.Date(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("watermark", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clock_skew_seconds", sa.BigInteger(), nullable=True),
        sa.Column("extracted", sa.BigInteger(), nullable=False),
        sa.Column("loaded", sa.BigInteger(), nullable=False),
        sa.Column("unchanged", sa.BigInteger(), nullable=False),
        sa.Column("duplicate", sa.BigInteger(), nullable=False),
        sa.Column("quarantined", sa.BigInteger(), nullable=False),
        sa.Column("gone", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "side", "window_start"),
    )
    op.create_table(
        "ref__agency",
        sa.Column("agency_code", sa.Text(), nullable=False),
        sa.Column("agency_name", sa.Text(), nullable=False),
        sa.Column("agency_level", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("agency_code", "agency_name"),
    )
    op.create_table(
        "ref__procedure",
        sa.Column("procedure_code", sa.Text(), nullable=False),
        sa.Column("procedure_name", sa.Text(), nullable=True),
        sa.Column("field_code", sa.Text(), nullable=True),
        sa.Column("field_name", sa.Text(), nullable=True),
        sa.Column("max_days", sa.SmallInteger(), nullable=True),
        sa.Column("has_fee", sa.Boolean(), nullable=True),
        sa.Column("returns_document", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("procedure_code"),
    )


def downgrade() -> None:
    raise NotImplementedError("the schema only goes forward: restore a backup instead")
