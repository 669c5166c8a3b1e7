"""What of the landing zone is still needed, and how old the rest is, as the ledgers know it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from sqlalchemy import Connection, func, select

from schemas.codes import Side
from schemas.window import Window
from tasks.warehouse.tables import quarantine, run, window

Read = tuple[str, str, str]
"""A landed read, as its folder is named: side, window, run."""


@dataclass(frozen=True)
class Known:
    """`read_at` of every loaded read, the `latest` read of each window, the clock reading `run_at` of every run, and
    the
    `quarantined` files (side, window, run, file) that hold rows in quarantine now."""

    read_at: dict[Read, datetime]
    latest: frozenset[Read]
    run_at: dict[str, datetime]
    quarantined: frozenset[tuple[str, ...]]


def known(connection: Connection) -> Known:
    """What the warehouse knows of reads and runs."""
    w, q = window.c, quarantine.c
    place = func.row_number().over(partition_by=(w.side, w.window_start, w.window_end), order_by=w.read_at.desc())
    read_at: dict[Read, datetime] = {}
    latest: set[Read] = set()
    reads = select(w.side, w.window_start, w.window_end, w.run_id, w.read_at, place.label("place"))
    for side, start, end, run_id, at, number in connection.execute(reads):
        read = (Side(side).value, Window(start, end).name, run_id)
        read_at[read] = at
        if number == 1:
            latest.add(read)
    runs = connection.execute(select(run.c.run_id, run.c.as_of)).tuples().all()
    files = select(q.landing_file).where(q.released_at.is_(None), q.landing_file.is_not(None)).distinct()
    quarantined = frozenset(PurePath(file).parts[-4:] for file in connection.execute(files).scalars())
    return Known(read_at, frozenset(latest), dict(runs), quarantined)
