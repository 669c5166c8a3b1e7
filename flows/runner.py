"""Where windows and parts of a reconcile are carried: threads of this process, or a Dask cluster when its address is
set."""

from __future__ import annotations

import os
from typing import Any, cast

from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from errors import ConfigError
from settings import Settings

ADDRESS = "HOSO_DASK_ADDRESS"
THREADS = 8


def runner() -> TaskRunner[PrefectFuture[Any]]:
    """The task runner of this process. It is chosen when a flow is defined, before there are settings to ask: the
    address is read from the environment (`settings.dask_address` is the same variable)."""
    address = os.environ.get(ADDRESS, "")
    if not address:
        return cast(TaskRunner[PrefectFuture[Any]], ThreadPoolTaskRunner(max_workers=THREADS))
    from prefect_dask.task_runners import DaskTaskRunner  # slow to import, and installed with the `scale` extra alone

    return cast(TaskRunner[PrefectFuture[Any]], DaskTaskRunner(address=address))


def check_writers(knobs: Settings) -> None:
    """Raises ConfigError when many processes were to write to a warehouse that takes one."""
    if knobs.dask_address and knobs.warehouse.startswith("duckdb"):
        raise ConfigError(
            "HOSO_DASK_ADDRESS needs a warehouse in PostgreSQL (HOSO_WAREHOUSE_URL): a DuckDB file takes one writer"
        )
