"""Snapshot: readers of a DuckDB warehouse are given its new state."""

from __future__ import annotations

from prefect import task

import settings
from tasks.warehouse.engine import publish_snapshot


@task(name="share snapshot", tags=["report"])
def share_snapshot() -> str:
    """Publish the snapshot; its path, empty on PostgreSQL, where readers need none."""
    return str(publish_snapshot(settings.current()) or "")
