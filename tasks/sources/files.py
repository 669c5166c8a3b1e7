"""Either side from exported files: every `.csv` and `.xlsx` in a folder, headers by the table of `schemas.wire_files`.

The files are read once, row by row, into a private temporary index by day, so that a window is a look-up and memory
does not depend on the size of the export. A row whose day cannot be read is filed with the row above it: it is then
judged, and quarantined, like any other.
"""

from __future__ import annotations

import csv
import re
import sqlite3
import tempfile
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import orjson

from errors import ConfigError, MalformedPage
from schemas.codes import Side
from schemas.systems import FILES, WireSystem
from schemas.window import Window
from schemas.wire_files import IGNORED_LABELS, LABELS
from settings import Settings
from tasks.sources.protocol import Page, Part, Record

PAGE_ROWS = 1_000
_DAYS = (
    re.compile(r"(?P<d>\d{2})/(?P<m>\d{2})/(?P<y>\d{4})"),
    re.compile(r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"),
    re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})"),
)


class _Files:
    """The exports of one side. One instance serves many threads."""

    clock_skew = None

    def __init__(self, side: Side, folder: str) -> None:
        self.side, self.system = side, FILES[side]
        self._folder = Path(folder)
        if not self._folder.is_dir():
            raise ConfigError(f"{side}: the folder of exports does not exist")
        self._lock = threading.Lock()
        self._index: tempfile.TemporaryDirectory[str] | None = None

    def close(self) -> None:
        with self._lock:
            if self._index:
                self._index.cleanup()
                self._index = None

    def parts(self, window: Window) -> list[Part]:
        return [Part("file", window.start, window.last_day)]

    def stream(self, part: Part) -> Iterator[Page]:
        """The part's rows in the order of the files. Raises MalformedPage for a file that cannot be read."""
        days = (part.first.toordinal(), part.last.toordinal())
        with closing(sqlite3.connect(self._indexed())) as base:
            (total,) = base.execute("select count(*) from rows where day between ? and ?", days).fetchone()
            found = base.execute("select record from rows where day between ? and ? order by number", days)
            read = 0
            while rows := [orjson.loads(text) for (text,) in found.fetchmany(PAGE_ROWS)]:
                read += len(rows)
                yield Page(rows, total, None if read == total else read)
            if not total:
                yield Page([], 0, None)

    def _indexed(self) -> str:
        """The index of all files, made on first use in a folder that only this user can read."""
        with self._lock:
            if self._index is None:
                index = tempfile.TemporaryDirectory(prefix="hoso-exports-")
                with closing(sqlite3.connect(f"{index.name}/rows.db")) as base, base:
                    base.execute("create table rows (number integer primary key, day integer, record blob)")
                    base.executemany("insert into rows (day, record) values (?, ?)", self._dated())
                    base.execute("create index by_day on rows (day)")
                self._index = index
            return f"{self._index.name}/rows.db"

    def _dated(self) -> Iterator[tuple[int, bytes]]:
        for path in sorted(self._folder.iterdir()):
            if path.suffix.lower() not in (".csv", ".xlsx") or path.name.startswith((".", "~")):
                continue
            day, undated = None, []
            for record in self._records(path):
                day = _day(record, self.system) or day
                if day is None:
                    undated.append(record)
                    continue
                for earlier in [*undated, record]:
                    yield day.toordinal(), orjson.dumps(earlier)
                undated = []
            if undated:
                raise MalformedPage(self.side, f"{path.name}: no row has a day of receipt or submission")

    def _records(self, path: Path) -> Iterator[Record]:
        try:
            rows = _csv_rows(path) if path.suffix.lower() == ".csv" else _xlsx_rows(path)
            header = next(rows, None)
            if header is None:
                return
            names = wire_names(self.system, header)
            for row in rows:
                if any(value not in (None, "") for value in row):
                    yield {n: _text(v) for n, v in zip(names, row, strict=False) if n is not None}
        except (UnicodeDecodeError, csv.Error, OSError, KeyError, ValueError) as error:
            raise MalformedPage(self.side, f"{path.name} cannot be read: {type(error).__name__}") from error


class CityFiles(_Files):
    """Exports of the city's system."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(Side.CITY, settings.city_url)


class PortalFiles(_Files):
    """Exports of the portal; catalogues are files named after their service, such as `LayThuTuc.json`."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(Side.PORTAL, settings.portal_url)

    def catalogue(self, service: str, **arguments: str) -> list[Record]:
        """The rows of `<service>.json` whose values are those of `arguments` (compared without case in the key)."""
        path = self._folder / f"{service}.json"
        try:
            rows = orjson.loads(path.read_bytes())
        except (OSError, orjson.JSONDecodeError) as error:
            raise MalformedPage(self.side, f"{path.name}: {type(error).__name__}") from error
        wanted = {name.casefold(): value for name, value in arguments.items()}
        return [row for row in rows if wanted.items() <= {k.casefold(): v for k, v in row.items()}.items()]


def wire_names(system: WireSystem, header: list[Any]) -> list[str | None]:
    """The wire name of each column; None for a column that is not read. An unknown header keeps its own name."""
    by_column = {field.column: field.name for field in system.fields}
    known = {_folded(label): by_column.get(column) for label, column in LABELS.items()}
    known |= {_folded(field.name): field.name for field in system.fields} | dict.fromkeys(map(_folded, IGNORED_LABELS))
    return [known.get(_folded(str(cell)), str(cell)) if cell not in (None, "") else None for cell in header]


def _folded(label: str) -> str:
    """Without case, diacritics, and anything that is no letter or digit."""
    plain = unicodedata.normalize("NFD", label.replace("Đ", "D").replace("đ", "d").casefold())
    return "".join(letter for letter in plain if letter.isalnum())


def _csv_rows(path: Path) -> Iterator[list[Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        head = file.readline()
        file.seek(0)
        yield from csv.reader(file, delimiter=max(",;\t", key=head.count))


def _xlsx_rows(path: Path) -> Iterator[list[Any]]:
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        for row in book.worksheets[0].iter_rows(values_only=True):
            yield list(row)
    finally:
        book.close()


def _text(value: Any) -> str | None:
    """A cell as the wire would write it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _day(record: Record, system: WireSystem) -> date | None:
    """The day under which a row is filed: of receipt, or of submission for a case that is not received yet."""
    for column in ("received_at", "submitted_at"):
        name = next(field.name for field in system.fields if field.column == column)
        for pattern in _DAYS:
            if match := pattern.match(record.get(name) or ""):
                try:
                    return date(int(match["y"]), int(match["m"]), int(match["d"]))
                except ValueError:
                    break
    return None
