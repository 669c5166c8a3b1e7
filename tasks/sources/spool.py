"""The spool: pages of one window as they come, so that a killed run goes on where it stopped.

A part's pages are Arrow batches appended to a file, each with the position of the page after it; a batch that was cut
off by a crash is not read again. A part that was split, or whose pages contradicted each other, says so by a marker or
loses its files. When all parts are whole, the window is written as Parquet and put into place in the landing zone.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.codes import Side
from schemas.crash import point
from tasks.sources.columns import PAYLOAD, landing_schema
from tasks.sources.protocol import Part
from tasks.sources.zone import Zone

STATE = b"page"
GROUP_ROWS = 2_500
"""Rows of a Parquet row group: as much of a window is in memory while it is written."""
UNIQUE = frozenset(
    {PAYLOAD, "record_id", "case_code", "applicant_name", "applicant_id_no", "phone", "email", "submitted_at"}
    | {"received_at", "due_at", "finished_at", "returned_at", "modified_at", "site_extension", "components", "results"}
)
"""Columns with hardly a repeated value: a dictionary of them only costs time."""


@dataclass(frozen=True)
class SpooledPage:
    """One page of a part: its rows as landing columns, and what was known when it was stored.

    `state` has `following` (position of the next page, null at the end), `total`, `rows` (the page size asked for),
    and `whole` (true on the last batch of a part that has been checked).
    """

    table: pa.Table
    state: dict[str, Any]


class Spool:
    """The folder of a window that is being read. One thread at a time."""

    def __init__(self, folder: Path, side: Side) -> None:
        self.folder = folder
        self.schema = landing_schema(side)
        self._sink: Any = None
        self._writer: Any = None
        self._open_part: Part | None = None
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        mark = folder / "begun"
        if not mark.exists():
            mark.touch(mode=0o600)
        self.begun = datetime.fromtimestamp(mark.stat().st_mtime, UTC)
        """When the first attempt began: pages that it stored say nothing of later changes."""

    def append(self, part: Part, table: pa.Table, state: dict[str, Any]) -> None:
        """Store one page; it survives the end of this process once this returns."""
        if self._open_part != part:
            self.rest()
            self._open(part)
        point("spool.before_page")
        batches = table.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], schema=self.schema)]
        for number, batch in enumerate(batches):
            last = number == len(batches) - 1
            self._writer.write_batch(batch, custom_metadata={STATE: orjson.dumps(state if last else {})})
            point("spool.after_page")

    def rest(self) -> None:
        """Close the part's file; it can still be appended to, in another file."""
        if self._writer is not None:
            self._writer.close()
            self._sink.close()
        self._writer = self._sink = self._open_part = None

    def pages(self, part: Part) -> Iterator[SpooledPage]:
        """The stored pages of a part in order, one in memory at a time; a batch that a crash cut off ends its file."""
        for path in self._files(part):
            if not path.stat().st_size:
                continue
            try:
                with pa.OSFile(str(path)) as source, pa.ipc.open_stream(source) as stream:
                    while True:
                        batch, metadata = stream.read_next_batch_with_custom_metadata()
                        state = orjson.loads(metadata[STATE]) if metadata else {}
                        yield SpooledPage(pa.Table.from_batches([batch]), state)
            except (StopIteration, pa.ArrowInvalid, OSError):
                continue

    def is_split(self, part: Part) -> bool:
        return self._marker(part).exists()

    def split(self, part: Part) -> None:
        """Forget the part's pages: its halves are read instead."""
        self._marker(part).touch()
        self.discard(part)

    def discard(self, part: Part) -> None:
        """Forget the part's pages."""
        if self._open_part == part:
            self.rest()
        for path in self._files(part):
            path.unlink()

    def _open(self, part: Part) -> None:
        path = self.folder / f"{part.name}.{len(self._files(part)):04d}.arrow"
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        self._sink = pa.OSFile(str(path), "wb")  # unbuffered, and written without the interpreter's lock
        self._writer = pa.ipc.new_stream(self._sink, self.schema)
        self._open_part = part

    def _files(self, part: Part) -> list[Path]:
        return sorted(self.folder.glob(f"{part.name}.*.arrow"))

    def _marker(self, part: Part) -> Path:
        return self.folder / f"{part.name}.split"


def publish(spool: Spool, parts: list[Part], final: Path, file_rows: int, zone: Zone) -> tuple[list[str], int]:
    """Write the window's parts as Parquet files of about `file_rows` rows and put them into place when all are whole.

    `final` is the read's folder on this machine; where the zone is far, what is written beside it goes there.
    Returns the files in order, and their rows. Files are private: they hold personal data. Memory holds one row group.
    """
    read = (final.parent.parent.name, final.parent.name, final.name)
    spool.rest()
    aside = final.with_name(f".{final.name}.new")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True, mode=0o700)
    point("land.before_files")
    files = _Files(aside, spool.schema, file_rows)
    for part in parts:
        for page in spool.pages(part):
            files.add(page.table)
    files.end()
    point("land.after_files")
    sent = zone.send(aside, read) if zone.far else []
    shutil.rmtree(final, ignore_errors=True)
    point("land.before_rename")
    if zone.far:
        landed = zone.show(sent, read)
        shutil.rmtree(aside)
    else:
        aside.rename(final)
        landed = [str(final / name) for name in files.names]
    point("land.after_rename")
    shutil.rmtree(spool.folder)
    point("land.after_spool_removed")
    return landed, files.rows


class _Files:
    """Numbered Parquet files in a folder, written a row group at a time."""

    def __init__(self, folder: Path, schema: pa.Schema, file_rows: int) -> None:
        self.names: list[str] = []
        self.rows = 0
        self._folder, self._schema, self._file_rows = folder, schema, file_rows
        self._repeated = [name for name in schema.names if name not in UNIQUE]
        self._writer: Any = None
        self._written = self._waiting = 0
        self._pending: list[pa.Table] = []

    def add(self, table: pa.Table) -> None:
        self._pending.append(table)
        self._waiting += len(table)
        self.rows += len(table)
        if self._waiting >= GROUP_ROWS:
            self._flush()

    def end(self) -> None:
        """Write what is left; there is a file even when there are no rows."""
        if self._pending or not self.names:
            self._flush()
        self._close()

    def _flush(self) -> None:
        if self._writer is None:
            self.names.append(f"{len(self.names):05d}.parquet")
            path = self._folder / self.names[-1]
            self._writer = pq.ParquetWriter(
                path,
                self._schema,
                compression="zstd",
                compression_level=1,
                use_dictionary=self._repeated,
                write_statistics=False,
            )
            path.chmod(0o600)
        if self._pending:
            self._writer.write_table(pa.concat_tables(self._pending))
        self._written += self._waiting
        self._pending, self._waiting = [], 0
        if self._written >= self._file_rows:
            self._close()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            point("land.after_file")
        self._writer, self._written = None, 0
