"""The tables of repair: what was sent to the portal and what came of it, and whether anything may be sent."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, DateTime, String, Table, Text

from tasks.warehouse.tables import metadata

attempt: Final = Table(
    "core_repair__attempt",
    metadata,
    Column("attempt_id", String(60), primary_key=True),
    Column("plan_digest", String(64), nullable=False),
    Column("case_code", Text, nullable=False),
    Column("closes", Text, nullable=False),
    Column("is_updating", Boolean, nullable=False),
    Column("fields", Text, nullable=False),
    Column("push_hash", String(32), nullable=False),
    Column("before_hash", String(32)),
    Column("outcome", String(20), nullable=False),
    Column("portal_code", String(20)),
    Column("differing", Text),
    Column("intended_at", DateTime(timezone=True), nullable=False),
    Column("settled_at", DateTime(timezone=True)),
    Column("run_id", String(40), nullable=False),
    comment="One push to the portal: entered before it is sent, settled by what was read back. No values, only hashes.",
)

breaker: Final = Table(
    "core_repair__breaker",
    metadata,
    Column("breaker_id", String(40), primary_key=True),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("reason", Text, nullable=False),
    Column("run_id", String(40), nullable=False),
    Column("reset_at", DateTime(timezone=True)),
    Column("reset_reason", Text),
    comment="Openings of the circuit breaker of repairs: while one is not reset, nothing is sent to the portal.",
)
