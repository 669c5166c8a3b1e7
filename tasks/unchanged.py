"""Unchanged: windows that a source lists exactly as it did at the last read need not be judged again."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from prefect import task

import settings
from schemas.case import CANONICAL_VERSION
from schemas.codes import Side
from tasks.sources.columns import PAYLOAD
from tasks.warehouse.engine import open_engine, transaction
from tasks.warehouse.runs import RULES_VERSION, code_version, enter_unchanged, last_loads


@task(name="set unchanged aside", tags=["load"])
def set_unchanged_aside(
    run_id: str, as_of: datetime, side: Side, reads: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], int]:
    """The reads that say anything new, and the rows of the others: these are entered in the ledger, and their landed
    files deleted.

    A read is unchanged when its records are, byte for byte and whatever their order, those of the window's last loaded
    read, and when that one was judged by the same code and rules.
    """
    knobs = settings.current()
    changed, rows = [], 0
    with transaction(open_engine(knobs), knobs) as connection:
        for read in reads:
            window = read["window"]
            entries = last_loads(connection, side.value, window.start, window.end)
            folder = _landed(knobs.landing_dir / side / window.name, entries)
            if folder and _judged_alike(entries[0]) and _same_records(read["files"], sorted(folder.iterdir())):
                enter_unchanged(connection, run_id, entries[0], as_of, read["safe_until"])
                rows += read["rows"]
            else:
                changed.append(read)
    kept = {id(read) for read in changed}
    for read in reads:
        if id(read) not in kept and read["files"]:
            shutil.rmtree(Path(read["files"][0]).parent)
    return changed, rows


def _judged_alike(before: Any) -> bool:
    then = (before["code_version"], before["canonical_version"], before["rules_version"])
    return then == (code_version(), CANONICAL_VERSION, RULES_VERSION)


def _landed(window: Path, entries: Sequence[Mapping[str, Any]]) -> Path | None:
    """The landed files that the warehouse's state of a window comes from; None when they are gone.

    `entries` of the ledger, newest first: the files of those that found nothing new were deleted by this step.
    """
    for entry in entries:
        folder = window / str(entry["run_id"])
        if folder.is_dir():
            return folder
        if entry["loaded"] or entry["gone"]:
            return None
    return None


def _same_records(files: Iterable[str | Path], before: Iterable[str | Path]) -> bool:
    """Whether two sets of landed files hold the same records; in the same order, mostly, which is seen at once."""
    now, then = _payloads(files), _payloads(before)
    return len(now) == len(then) and (now.equals(then) or Counter(now.to_pylist()) == Counter(then.to_pylist()))


def _payloads(files: Iterable[str | Path]) -> pa.ChunkedArray:
    chunks = [chunk for path in files for chunk in pq.read_table(path, columns=[PAYLOAD])[PAYLOAD].chunks]
    return pa.chunked_array(chunks, pa.string())
