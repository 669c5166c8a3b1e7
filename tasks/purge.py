"""Purge: landed reads and working files of runs that nobody needs any more."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

from prefect import get_run_logger, task

import settings
from schemas.codes import Side
from tasks.sources.zone import Kept, Zone
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
            _purge_near(knobs.landing_dir / side.value, ledger, before, counts, dry_run)
        if knobs.landing_is_far:
            _purge_far(Zone.of(knobs), ledger, before, counts, dry_run)
        for run in _folders(knobs.runs_dir):
            if ledger.run_at.get(run.name, _newest(run)) < before:
                for path in sorted(run.rglob("*.parquet")):
                    counts["run_files"] += 1
                    _delete(path, counts, dry_run)
    told = ", ".join(f"{count} {name}" for name, count in counts.items())
    get_run_logger().info("%s before %s: %s", "would purge" if dry_run else "purged", before.date(), told)
    return dict(counts)


def _purge_near(root: Path, ledger: Known, before: datetime, counts: Counter[str], dry_run: bool) -> None:
    """Purge the folders of one side's windows on this machine."""
    for window in _folders(root):
        reads = []
        for folder in _folders(window):
            read = (root.name, window.name, folder.name)
            if not folder.name.startswith("."):
                sizes = {str(path): path.stat().st_size for path in sorted(folder.iterdir()) if path.is_file()}
                reads.append(Kept(read, sizes, _newest(folder)))
            elif _newest(folder) < before:
                counts["unfinished"] += 1
                counts["bytes"] += sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
                if not dry_run:
                    shutil.rmtree(folder)
        for kept, files in _unneeded(reads, ledger, before, counts):
            if not dry_run:
                for file in files:
                    Path(file).unlink()
                if len(files) == len(kept.files):
                    (window / kept.read[2]).rmdir()


def _purge_far(zone: Zone, ledger: Known, before: datetime, counts: Counter[str], dry_run: bool) -> None:
    """Purge a landing zone elsewhere."""
    for _, kept_in_window in groupby(zone.everything(), lambda kept: kept.read[:2]):
        reads = []
        for kept in kept_in_window:
            if not kept.read[2].startswith("."):
                reads.append(kept)
            elif kept.newest < before:
                counts["unfinished"] += 1
                counts["bytes"] += sum(kept.files.values())
                if not dry_run:
                    zone.delete(kept, list(kept.files))
        for kept, files in _unneeded(reads, ledger, before, counts):
            if not dry_run:
                zone.delete(kept, files)


def _unneeded(
    reads: list[Kept], ledger: Known, before: datetime, counts: Counter[str]
) -> Iterator[tuple[Kept, list[str]]]:
    """Of one window's reads those that may go, with the files to delete; both are counted."""
    ages = [(ledger.read_at.get(kept.read, kept.newest), kept.read[2]) for kept in reads]
    for age, kept in zip(ages, reads, strict=True):
        if age[0] >= before:
            continue
        # A read that was never loaded can be the latest, too: the ledger's latest and the newest folder both stay.
        if age == max(ages) or kept.read in ledger.latest:
            counts["kept_latest"] += len(kept.files)
            continue
        files = [path for path in kept.files if (*kept.read, path.rpartition("/")[2]) not in ledger.quarantined]
        counts["kept_for_quarantine"] += len(kept.files) - len(files)
        counts["landed_files"] += len(files)
        counts["bytes"] += sum(kept.files[path] for path in files)
        counts["reads"] += len(files) == len(kept.files)
        yield kept, files


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
