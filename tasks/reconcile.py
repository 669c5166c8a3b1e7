"""Reconcile: the pairs that differ become mismatches with a verdict and a history."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from prefect import get_run_logger, task

import settings
from errors import CanonicalMismatch
from schemas.crash import point
from schemas.period import day_of
from tasks.measure import measure_lags
from tasks.reconcile_part import reconcile_in_parts
from tasks.rules.reconcile import Ground, reconcile
from tasks.rules.suppress import set_aside
from tasks.warehouse import queries
from tasks.warehouse.engine import open_engine, transaction
from tasks.warehouse.lag import clock_skews
from tasks.warehouse.ledger import FINDING_SCHEMA, remember
from tasks.warehouse.suppression import orders
from tasks.warehouse.touched import last_reconciled, stage_touched


@task(name="reconcile", tags=["reconcile"])
def reconcile_sides(run_id: str, as_of: datetime, run_dir: str, touched: bool = False) -> dict[str, int]:
    """Judge every differing case and bring the ledger up to date; returns findings and ledger events by count.

    `touched`: only the cases that can have changed since the last reconcile (all of them where that is not known, or
    was later than `as_of`); the ledger is then as after a full one.
    Raises CanonicalMismatch when there are hashes of another canonical version among the cases to be compared.
    """
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        since, skew = last_reconciled(connection), clock_skews(connection)
        only = stage_touched(connection, as_of, since) if touched and since and since < as_of else None
        if mixed := queries.mixed_canonical_versions(connection, only):
            raise CanonicalMismatch(
                f"the warehouse holds cases of canonical version {mixed}: run python -m flows.rehash"
            )
        quarantined = queries.open_quarantine(connection)
        confirm = pd.Timedelta(hours=knobs.confirm_hours)
        ground = Ground(
            as_of=pd.Timestamp(as_of),
            lag=pd.Timedelta(minutes=knobs.lag_minutes),
            confirm=confirm,
            unreadable=frozenset(quarantined["probable_code"].dropna()),
            windows=queries.windows_read(connection),
            measured=measure_lags(connection, since, as_of, confirm, skew, only),
            skew=skew,
        )
        doubled = queries.doubled_records(connection, only)
        if knobs.reconcile_parts > 1 and only is None:
            findings = reconcile_in_parts(connection, doubled, ground, run_id, run_dir, knobs)
        else:
            findings = reconcile(queries.disagreeing(connection, knobs.pair_rows, only), doubled, ground)
        findings = set_aside(findings, orders(connection), day_of(as_of))
        point("reconcile.after_judging")
        path = Path(run_dir) / "findings.parquet"
        table = pa.Table.from_pandas(findings[FINDING_SCHEMA.names], schema=FINDING_SCHEMA, preserve_index=False)
        pq.write_table(table, path)
        point("reconcile.after_findings")
        events = remember(connection, run_id, as_of, [str(path)], only.codes if only else None)
        point("reconcile.before_commit")
    point("reconcile.after_commit")
    by_verdict = findings["verdict"].value_counts().to_dict()
    get_run_logger().info("%d mismatches %s, ledger %s", len(findings), by_verdict, events)
    return {"findings": len(findings), **events}
