"""The landing zone: all or nothing, private, and true to the wire's three kinds of nothing."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest

from errors import CountMismatch
from schemas.codes import Side
from schemas.window import Window
from schemas.wire import CITY_FIELDS
from tasks.sources.landing import land

WINDOW = Window(date(2026, 3, 2), date(2026, 3, 9))
WHOLE = {field.name: "x" for field in CITY_FIELDS if field.required}


def test_absent_null_and_empty_stay_apart(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        WHOLE | {"dossierNote": ""},
        WHOLE | {"dossierNote": None},
        {name: value for name, value in WHOLE.items() if name != "dueDate"},
        WHOLE | {"dossierNote": 7, "metaData": {"a": [1]}, "unheard": True},
    ]
    landed = land([rows], Side.CITY, WINDOW, tmp_path, "r1")
    table = pq.read_table(landed.files[0])
    assert table["note"].to_pylist() == ["", None, None, "7"]
    assert table["site_extension"].to_pylist()[3] == '{"a":[1]}'
    assert table["absent_fields"].to_pylist() == [None, None, "dueDate", None]
    assert [orjson.loads(text) for text in table["payload"].to_pylist()] == rows
    assert landed.rows == 4
    assert stat.S_IMODE(Path(landed.files[0]).stat().st_mode) == 0o600


def test_a_failed_read_leaves_nothing_to_mistake(tmp_path: Path) -> None:
    def pages() -> Iterator[list[dict[str, Any]]]:
        yield [WHOLE]
        raise CountMismatch(Side.CITY, "1 rows read, 2 announced")

    with pytest.raises(CountMismatch):
        land(pages(), Side.CITY, WINDOW, tmp_path, "r1")
    assert not (tmp_path / Side.CITY / WINDOW.name / "r1").exists()
    again = land([[WHOLE, WHOLE]], Side.CITY, WINDOW, tmp_path, "r1")
    assert sum(pq.read_metadata(path).num_rows for path in again.files) == 2


def test_an_empty_window_is_a_read_too(tmp_path: Path) -> None:
    landed = land([], Side.PORTAL, WINDOW, tmp_path, "r1")
    assert (landed.rows, len(landed.files)) == (0, 1)
    assert pq.read_table(landed.files[0]).num_rows == 0
