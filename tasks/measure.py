"""Measure: how long changes take from one side to the other, from those that a run saw arrive."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection

from schemas.codes import Side
from schemas.lag import MONTHS_KEPT
from tasks.rules.lag import intervals, lags, observed
from tasks.warehouse import lag
from tasks.warehouse.touched import Touched


def measure_lags(
    connection: Connection,
    since: datetime | None,
    as_of: datetime,
    confirm: pd.Timedelta,
    skew: Mapping[Side, pd.Timedelta],
    only: Touched | None = None,
) -> pd.DataFrame:
    """Add what was seen to arrive since the last reconcile to the counts and measure again; returns
    `tasks.rules.lag.LAG_COLUMNS`.

    A replay of kept rows reads nothing, so it sees nothing arrive. `confirm` as in `tasks.rules.lag.lags`; `skew`: how
    far each side's clock is ahead of ours; `only` as in `tasks.warehouse.lag.arrived`.
    """
    if since is not None and lag.has_read(connection, since):
        news = lag.arrived(connection, since, only)
        seen = observed(news, lag.reads_until(connection, since), skew)
        before = lag.measured(connection)["deadline_seconds"]
        counts = intervals(seen, max([confirm, *(pd.Timedelta(seconds=int(s)) for s in before)]))
        if len(counts):
            month = pd.Period(as_of.strftime("%Y-%m"), freq="M")
            running, oldest = (period.start_time.date() for period in (month, month - (MONTHS_KEPT - 1)))
            lag.keep_counts(connection, running, oldest, counts)
            lag.replace_lags(connection, lags(lag.kept_counts(connection), confirm), as_of)
    return lag.measured(connection)
