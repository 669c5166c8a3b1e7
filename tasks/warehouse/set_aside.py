"""Rows that a load sets aside, each kept once, and released when its window shows it no longer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa
from sqlalchemy import Connection, Table, and_, exists, func, literal, select
from sqlalchemy.dialects.postgresql import insert as upsert

from schemas.codes import Side
from schemas.crash import point
from schemas.window import Window
from tasks.warehouse import tables
from tasks.warehouse.days import inside

QUARANTINE_SCHEMA = pa.schema(
    [
        pa.field("quarantine_id", pa.string(), nullable=False),
        pa.field("case_code", pa.string()),
        pa.field("probable_code", pa.string()),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("reasons", pa.string(), nullable=False),
        pa.field("window_start", pa.date32(), nullable=False),
        pa.field("payload", pa.string(), nullable=False),
        pa.field("landing_file", pa.string()),
    ]
)
"""Rows set aside, as the validate step writes them to Parquet."""

SEEN_AGAIN = ("last_seen", "reason", "reasons", "window_start", "landing_file", "run_id")
"""What a bad row that is read once more takes over from the newer read."""


def keep_quarantine(
    connection: Connection, run_id: str, side: Side, bad: Table, as_of: datetime, windows: Sequence[Window]
) -> None:
    """Keep bad rows, each once; release those that their window no longer shows as bad."""
    kept = tables.quarantine
    once = func.row_number().over(partition_by=bad.c.quarantine_id).label("copy")
    rows = select(bad, once).subquery()
    names = ["side", *QUARANTINE_SCHEMA.names, "first_seen", "last_seen", "run_id"]
    values = [
        literal(side.value),
        *(rows.c[name] for name in QUARANTINE_SCHEMA.names),
        literal(as_of),
        literal(as_of),
        literal(run_id),
    ]
    insert = upsert(kept).from_select(names, select(*values).where(rows.c.copy == 1))
    again = {name: insert.excluded[name] for name in SEEN_AGAIN}
    connection.execute(
        insert.on_conflict_do_update(index_elements=["quarantine_id"], set_={**again, "released_at": None})
    )
    point("warehouse.load.after_quarantine_kept")
    covered = inside(kept.c.window_start, windows)
    still = exists().where(bad.c.quarantine_id == kept.c.quarantine_id)
    open_here = and_(kept.c.side == side.value, kept.c.released_at.is_(None), covered)
    connection.execute(kept.update().values(released_at=as_of).where(open_here, ~still))
    point("warehouse.load.after_quarantine_released")
