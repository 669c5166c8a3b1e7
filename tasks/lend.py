"""Lend: the catalogues that rows are judged against, put where a part of a run works."""

from __future__ import annotations

import os
from pathlib import Path

import settings
from tasks.warehouse.catalogue import lend_catalogues
from tasks.warehouse.engine import open_reader

CATALOGUES = ("agencies.parquet", "procedures.parquet")


def lend(run_dir: Path, folder: Path) -> None:
    """Put a run's catalogues into a folder, which is made: those in the run's folder, and on a machine that does not
    have it those of the warehouse, where the run has entered them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in CATALOGUES:
        (folder / name).unlink(missing_ok=True)
    if all((run_dir / name).exists() for name in CATALOGUES):
        for name in CATALOGUES:
            os.link(run_dir / name, folder / name)
        return
    with open_reader(settings.current()).connect() as connection:
        lend_catalogues(connection, folder)
