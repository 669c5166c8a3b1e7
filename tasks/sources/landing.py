"""The landing zone: what a source said, kept as Parquet, one folder a side and window, append-only.

A window's read becomes visible at once or not at all: its files are written in a hidden folder beside the final one,
which is renamed when the source's count has added up. Files are private (0600): they hold personal data.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.codes import Side
from schemas.window import Window
from schemas.wire import FIELDS

PAYLOAD = "payload"
ABSENT = "absent_fields"
FILE_ROWS = 50_000
"""Rows of one file: a window of any size is landed in bounded memory."""


@dataclass(frozen=True)
class Landed:
    """One window's read: its files in order, rows, and pages."""

    files: list[str]
    rows: int
    pages: int


def land(pages: Iterable[list[dict[str, Any]]], side: Side, window: Window, root: Path, run_id: str) -> Landed:
    """Write a window's pages below `root` and return what was written.

    Whatever the iterator raises passes through, and leaves nothing behind that a later step could mistake for a read.
    """
    folder = root / side / window.name / run_id
    aside = folder.with_name(f".{run_id}.part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True, mode=0o700)
    names: list[str] = []
    rows = page_count = 0
    pending: list[dict[str, Any]] = []
    for page in pages:
        page_count += 1
        rows += len(page)
        pending += page
        if len(pending) >= FILE_ROWS:
            names.append(_write(pending, side, aside, len(names)))
            pending = []
    if pending or not names:
        names.append(_write(pending, side, aside, len(names)))
    shutil.rmtree(folder, ignore_errors=True)  # an earlier attempt of the same run
    aside.rename(folder)
    return Landed([str(folder / name) for name in names], rows, page_count)


def _write(records: list[dict[str, Any]], side: Side, folder: Path, number: int) -> str:
    name = f"{number:05d}.parquet"
    path = folder / name
    pq.write_table(to_table(records, side), path, compression="zstd", compression_level=1)
    os.chmod(path, 0o600)
    return name


def to_table(records: list[dict[str, Any]], side: Side) -> pa.Table:
    """Text columns under our names, in the order of `schemas.wire`, with the raw record beside them.

    Absent and null keys become null, `""` stays `""`; a value of another JSON type is kept as its JSON text.
    `absent_fields` names the required keys that a record does not have, null when it has them all.
    """
    fields = FIELDS[side]
    columns: dict[str, pa.Array] = {}
    for field in fields:
        name = field.name
        columns[field.column] = pa.array([_text(record.get(name)) for record in records], pa.string())
    required = {field.name for field in fields if field.required}
    absent = [None if required <= record.keys() else ",".join(sorted(required - record.keys())) for record in records]
    columns[ABSENT] = pa.array(absent, pa.string())
    columns[PAYLOAD] = pa.array([orjson.dumps(record).decode() for record in records], pa.string())
    return pa.table(columns)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value).decode()
