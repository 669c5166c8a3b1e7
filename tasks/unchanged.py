"""Unchanged: windows that a source lists exactly as it did at the last read need not be judged again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
from prefect import task

import settings
from schemas.case import CANONICAL_VERSION
from schemas.codes import Side
from tasks.sources.columns import PAYLOAD
from tasks.sources.zone import Zone
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
    zone = Zone.of(knobs)
    changed, rows = [], 0
    with transaction(open_engine(knobs), knobs) as connection:
        for read in reads:
            window = read["window"]
            entries = last_loads(connection, side.value, window.start, window.end)
            before = _landed(zone, (side.value, window.name), entries)
            if before and _judged_alike(entries[0]) and _same_records(zone, read["files"], before):
                enter_unchanged(connection, run_id, entries[0], as_of, read["safe_until"])
                rows += read["rows"]
            else:
                changed.append(read)
    kept = {id(read) for read in changed}
    for read in reads:
        if id(read) not in kept:
            zone.forget(read["files"])
    return changed, rows


def _judged_alike(before: Any) -> bool:
    then = (before["code_version"], before["canonical_version"], before["rules_version"])
    return then == (code_version(), CANONICAL_VERSION, RULES_VERSION)


def _landed(zone: Zone, window: tuple[str, str], entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """The landed files that the warehouse's state of a window (side, name) comes from; none when they are gone.

    `entries` of the ledger, newest first: the files of those that found nothing new were deleted by this step.
    """
    for entry in entries:
        if files := zone.listed((*window, str(entry["run_id"]))):
            return files
        if entry["loaded"] or entry["gone"]:
            return []
    return []


def _same_records(zone: Zone, files: Iterable[str], before: Iterable[str]) -> bool:
    """Whether two sets of landed files hold the same records; in the same order, mostly, which is seen at once."""
    now, then = _payloads(zone, files), _payloads(zone, before)
    return len(now) == len(then) and (now.equals(then) or Counter(now.to_pylist()) == Counter(then.to_pylist()))


def _payloads(zone: Zone, files: Iterable[str]) -> pa.ChunkedArray:
    chunks = [chunk for path in files for chunk in zone.table(path, [PAYLOAD])[PAYLOAD].chunks]
    return pa.chunked_array(chunks, pa.string())
