"""Purge: landed reads and working files of runs that nobody needs any more."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prefect import get_run_logger, task

import settings
from schemas.codes import Side
from tasks.warehouse.engine import create_tables, open_engine, transaction
from tasks.warehouse.needed import Known, known

COUNTED = ("reads", "landed_files", "unfinished", "run_files", "bytes", "kept_latest", "kept_for_quarantine")


@task(name="purge", tags=["purge"])
def purge_files(as_of: datetime, dry_run: bool) -> dict[str, int]:
    """Delete what is older than `landing_retention_days`: landed reads, reads that were never finished, and the Parquet
    files in the folders of runs; their reports stay. With `dry_run`, only count.

    Never deleted: the latest read of a window, and files that hold a row in quarantine. A read's age is that of its run
    as the ledger has it, else that of its newest file. Returns counts: `reads` emptied, `landed_files`, `unfinished`
    reads, `run_files`, their `bytes`, and the old files spared: `kept_latest`, `kept_for_quarantine`.
    """
    knobs = settings.current()
    before = as_of - timedelta(days=knobs.landing_retention_days)
    with transaction(open_engine(knobs), knobs) as connection:  # no run loads while its files are looked at
        create_tables(connection)
        ledger = known(connection)
        counts: Counter[str] = Counter(dict.fromkeys(COUNTED, 0))
        for side in Side:
            for window in _folders(knobs.landing_dir / side):
                _purge_window(window, ledger, before, counts, dry_run)
        for run in _folders(knobs.runs_dir):
            if ledger.run_at.get(run.name, _newest(run)) < before:
                for path in sorted(run.rglob("*.parquet")):
                    counts["run_files"] += 1
                    _delete(path, counts, dry_run)
    told = ", ".join(f"{count} {name}" for name, count in counts.items())
    get_run_logger().info("%s before %s: %s", "would purge" if dry_run else "purged", before.date(), told)
    return dict(counts)


def _purge_window(window: Path, ledger: Known, before: datetime, counts: Counter[str], dry_run: bool) -> None:
    """Purge the reads of one window's folder."""
    side = window.parent.name
    ages: dict[Path, datetime] = {}
    for read in _folders(window):
        if not read.name.startswith("."):
            ages[read] = ledger.read_at.get((side, window.name, read.name), _newest(read))
        elif _newest(read) < before:
            counts["unfinished"] += 1
            counts["bytes"] += sum(path.stat().st_size for path in read.rglob("*") if path.is_file())
            if not dry_run:
                shutil.rmtree(read)
    # A read that was never loaded can be the latest, too: the ledger's latest and the newest folder both stay.
    newest = max(ages, key=lambda read: (ages[read], read.name), default=None)
    for read, age in ages.items():
        if age >= before:
            continue
        files = sorted(path for path in read.iterdir() if path.is_file())
        if read == newest or (side, window.name, read.name) in ledger.latest:
            counts["kept_latest"] += len(files)
            continue
        spared = [path for path in files if path.parts[-4:] in ledger.quarantined]
        counts["kept_for_quarantine"] += len(spared)
        for path in (path for path in files if path not in spared):
            counts["landed_files"] += 1
            _delete(path, counts, dry_run)
        if not spared:
            counts["reads"] += 1
            if not dry_run:
                read.rmdir()


def _folders(parent: Path) -> Iterator[Path]:
    """The folders in a folder, none when it is not there; links are not followed."""
    if parent.is_dir():
        yield from (path for path in sorted(parent.iterdir()) if path.is_dir() and not path.is_symlink())


def _newest(folder: Path) -> datetime:
    times = [path.stat().st_mtime for path in (folder, *folder.rglob("*"))]
    return datetime.fromtimestamp(max(times), UTC)


def _delete(path: Path, counts: Counter[str], dry_run: bool) -> None:
    counts["bytes"] += path.stat().st_size
    if not dry_run:
        path.unlink()
