"""The ledger of runs."""

from __future__ import annotations

from datetime import date, datetime
from importlib.metadata import PackageNotFoundError, version

from sqlalchemy import Connection

from schemas.case import CANONICAL_VERSION
from schemas.crash import point
from tasks.warehouse.tables import run

RULES_VERSION = 1
"""Version of the comparison and scoring rules, kept with every run."""


def code_version() -> str:
    """The installed version of this project."""
    try:
        return version("hoso-sync")
    except PackageNotFoundError:
        return "uninstalled"


def open_run(connection: Connection, run_id: str, flow: str, as_of: datetime, days: tuple[date, date]) -> None:
    """Record that a run's data are in the warehouse; committed together with them."""
    connection.execute(
        run.insert().values(
            run_id=run_id,
            flow=flow,
            as_of=as_of,
            range_start=days[0],
            range_end=days[1],
            state="loaded",
            code_version=code_version(),
            canonical_version=CANONICAL_VERSION,
            rules_version=RULES_VERSION,
        )
    )


def close_run(connection: Connection, run_id: str, state: str) -> None:
    """Record how a run ended."""
    point("warehouse.runs.before_close")
    connection.execute(run.update().values(state=state).where(run.c.run_id == run_id))
    point("warehouse.runs.after_close")
