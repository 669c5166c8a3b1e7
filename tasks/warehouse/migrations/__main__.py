"""Upgrades the configured warehouse to the newest revision."""

from __future__ import annotations

import settings
from tasks.warehouse.engine import open_engine, transaction
from tasks.warehouse.migrations import head, upgrade

knobs = settings.current()
with transaction(open_engine(knobs), knobs) as connection:
    upgrade(connection)
print(f"the warehouse is at revision {head()}")
