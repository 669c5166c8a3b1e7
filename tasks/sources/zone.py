"""The landing zone: a folder `side/window/run` of Parquet files for every read, here or on a file system of fsspec.

Here, a read is renamed into place as a folder. Elsewhere its files go up under a name that nobody reads, and each is
moved into place when all are there: object stores and file servers alike show a file whole or not at all. A read is
the list of its files, and no two attempts give a file the same name, so what a killed attempt left is in no list.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.core import url_to_fs

from errors import LandingError
from settings import Settings

Read = tuple[str, str, str]
"""A landed read, as its folder is named: side, window, run."""


class Kept(NamedTuple):
    """A folder of the zone: its files with their bytes, and when the newest of them was written."""

    read: Read
    files: dict[str, int]
    newest: datetime


@dataclass(frozen=True)
class Zone:
    """Where reads land. `files`: fsspec's file system of a far zone; `root`: the zone's folder; `far`: whether it is at
    `landing_url`.

    All of its methods raise LandingError when the file system of a far zone fails.
    """

    files: Any
    root: str
    far: bool

    @classmethod
    def of(cls, knobs: Settings, root: Path | None = None) -> Zone:
        """The configured zone; `root` takes the place of its folder on this machine."""
        if not knobs.landing_is_far:
            return cls(None, str(root or knobs.landing_dir), far=False)
        with _told():
            files, place = url_to_fs(knobs.landing_url)
        return cls(files, place.rstrip("/"), far=True)

    def table(self, file: str, columns: Sequence[str] | None = None, filters: Any = None) -> pa.Table:
        """Rows of a landed file, or of one of this machine in the same form; `filters` as pyarrow has them."""
        if "://" not in file:
            return pq.read_table(file, columns=columns, filters=filters)
        with _told():
            path = self.files._strip_protocol(file)
            return pq.read_table(path, columns=columns, filters=filters, filesystem=self.files)

    def names(self, file: str) -> list[str]:
        """The columns of a landed file."""
        if "://" not in file:
            return list(pq.read_schema(file).names)
        with _told():
            return list(pq.read_schema(self.files._strip_protocol(file), filesystem=self.files).names)

    def holds(self, file: str) -> bool:
        """Whether a landed file is still there."""
        if "://" not in file:
            return Path(file).exists()
        with _told():
            return bool(self.files.exists(self.files._strip_protocol(file)))

    def listed(self, read: Read) -> list[str]:
        """The files of a read, in order; none when it is not there."""
        folder = self._folder(*read)
        if not self.far:
            return sorted(map(str, Path(folder).iterdir())) if Path(folder).is_dir() else []
        with _told():
            self.files.invalidate_cache()  # another worker may have written since
            return sorted(map(self.files.unstrip_protocol, self.files.find(folder)))

    def keep(self, table: pa.Table, read: Read, name: str) -> str:
        """Write one file in a folder of a far zone; its name. It is whole once this returns."""
        folder = self._folder(*read)
        with _told():
            self.files.makedirs(folder, exist_ok=True)
            pq.write_table(table, f"{folder}/{name}", filesystem=self.files)
            return str(self.files.unstrip_protocol(f"{folder}/{name}"))

    def everything(self) -> Iterator[Kept]:
        """All that a far zone holds, in order: reads, and what attempts that were killed had sent."""
        with _told():
            self.files.invalidate_cache()
            found = self.files.find(self.root, detail=True)
            parts = {path: tuple(path.removeprefix(self.root).strip("/").split("/")) for path in sorted(found)}
            for read, paths in groupby((path for path in parts if len(parts[path]) == 4), lambda at: parts[at][:3]):
                sizes = {path: int(found[path]["size"]) for path in paths}
                yield Kept((read[0], read[1], read[2]), sizes, max(map(self.files.modified, sizes)))

    def delete(self, kept: Kept, files: Sequence[str]) -> None:
        """Delete some files of a folder of `everything`, and the folder with the last of them."""
        with _told():
            if len(files) == len(kept.files):
                self._remove(self._folder(*kept.read))
            else:
                self.files.rm(list(files))

    def forget(self, files: Iterable[str]) -> None:
        """Delete the reads that these files belong to; those that are gone are no matter."""
        for folder in sorted({file.rpartition("/")[0] for file in files}):
            if "://" not in folder:
                shutil.rmtree(folder, ignore_errors=True)
                continue
            with _told():
                self._remove(self.files._strip_protocol(folder))

    def send(self, aside: Path, read: Read) -> list[str]:
        """Bring the files of a folder of this machine up, not yet visible; the paths on which they wait."""
        side, window, run = read
        attempt = uuid.uuid4().hex[:8]
        waiting = self._folder(side, window, f".{run}.{attempt}.new")
        with _told():
            self.files.makedirs(waiting, exist_ok=True)
            sent = []
            for path in sorted(aside.iterdir()):
                sent.append(f"{waiting}/{attempt}-{path.name}")
                self.files.put_file(str(path), sent[-1])
        return sent

    def show(self, sent: Sequence[str], read: Read) -> list[str]:
        """Move files that were sent into place, instead of what an earlier attempt left there; their names, by which
        `table` finds them."""
        folder = self._folder(*read)
        placed = [f"{folder}/{PurePosixPath(path).name}" for path in sent]
        with _told():
            self._remove(folder)
            self.files.makedirs(folder, exist_ok=True)
            for path, place in zip(sent, placed, strict=True):
                self.files.mv(path, place)
            self._remove(sent[0].rpartition("/")[0])
            return [self.files.unstrip_protocol(place) for place in placed]

    def _folder(self, *parts: str) -> str:
        return "/".join((self.root, *parts)) if self.root else "/".join(parts)

    def _remove(self, folder: str) -> None:
        self.files.invalidate_cache()
        if self.files.exists(folder):  # an object store's folder is gone with its last file
            self.files.rm(folder, recursive=True)


@contextmanager
def _told() -> Iterator[None]:
    """Errors of a file system as one of ours. Their texts may hold addresses and keys of access: only the kind is
    told."""
    try:
        yield
    except OSError as error:
        raise LandingError(f"the landing zone (HOSO_LANDING_URL) failed: {type(error).__name__}") from error
