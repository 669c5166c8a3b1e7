"""The landing zone: all or nothing, private, and true to the wire's three kinds of nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest

from errors import CountMismatch
from schemas.codes import Side
from schemas.systems import OPENCPS
from schemas.window import Window
from schemas.wire import CITY_FIELDS
from settings import Settings
from tasks.sources.landing import read_and_land
from tasks.sources.protocol import Page, Part, Source

WINDOW = Window(date(2026, 3, 2), date(2026, 3, 9))
WHOLE = {field.name: "x" for field in CITY_FIELDS if field.required}


def source_of(*pages: list[dict[str, Any]], total: int | None = None) -> Source:
    """A source that gives these pages, in one go, for the whole window."""

    class Given:
        side, system, clock_skew = Side.CITY, OPENCPS, None

        def parts(self, window: Window) -> list[Part]:
            return [Part("given", window.start, window.start)]

        def close(self) -> None: ...

        def stream(self, part: Part) -> Iterator[Page]:
            rows = sum(map(len, pages)) if total is None else total
            for number, page in enumerate(pages, start=1):
                yield Page(page, rows, None if number == len(pages) else number)

    return Given()


def test_absent_null_and_empty_stay_apart(tmp_path: Path, knobs: Callable[..., Settings]) -> None:
    rows: list[dict[str, Any]] = [
        WHOLE | {"dossierNote": "", "dossierId": "1"},
        WHOLE | {"dossierNote": None, "dossierId": "2"},
        {name: value for name, value in WHOLE.items() if name != "dueDate"} | {"dossierId": "3"},
        WHOLE | {"dossierNote": 7, "metaData": {"a": [1]}, "unheard": True, "dossierId": "4"},
    ]
    landed = read_and_land(source_of(rows), WINDOW, tmp_path, "r1", knobs())
    table = pq.read_table(landed.files[0])
    assert table["note"].to_pylist() == ["", None, None, "7"]
    assert table["site_extension"].to_pylist()[3] == '{"a":[1]}'
    assert table["absent_fields"].to_pylist() == [None, None, "dueDate", None]
    assert [orjson.loads(text) for text in table["payload"].to_pylist()] == rows
    assert landed.rows == 4


def test_what_is_landed_is_private_whatever_the_umask(tmp_path: Path, knobs: Callable[..., Settings]) -> None:
    """Landed rows hold personal data: 0600 files in 0700 folders, and the spool of a read that failed no less."""
    before = os.umask(0)
    try:
        landed = read_and_land(source_of([WHOLE]), WINDOW, tmp_path, "r1", knobs())
        with pytest.raises(CountMismatch):
            read_and_land(source_of([WHOLE], [WHOLE | {"dossierId": "2"}], total=3), WINDOW, tmp_path, "r2", knobs())
    finally:
        os.umask(before)
    kept = tmp_path / Side.CITY / WINDOW.name
    assert [path.name for path in sorted(kept.iterdir())] == [".r2.part", "r1"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept.iterdir()} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept.glob("*/*")} == {0o600}
    assert landed.files == [str(kept / "r1" / "00000.parquet")]


def test_a_failed_read_leaves_nothing_to_mistake(tmp_path: Path, knobs: Callable[..., Settings]) -> None:
    with pytest.raises(CountMismatch, match="1 rows read, 2 announced"):
        read_and_land(source_of([WHOLE], total=2), WINDOW, tmp_path, "r1", knobs())
    assert not (tmp_path / Side.CITY / WINDOW.name / "r1").exists()
    again = read_and_land(source_of([WHOLE | {"dossierId": n} for n in "ab"]), WINDOW, tmp_path, "r1", knobs())
    assert sum(pq.read_metadata(path).num_rows for path in again.files) == 2


def test_an_empty_window_is_a_read_too(tmp_path: Path, knobs: Callable[..., Settings]) -> None:
    landed = read_and_land(source_of([]), WINDOW, tmp_path, "r1", knobs())
    assert (landed.rows, len(landed.files)) == (0, 1)
    assert pq.read_table(landed.files[0]).num_rows == 0
