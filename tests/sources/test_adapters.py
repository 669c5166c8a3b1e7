"""What the page on adapters promises to whoever adds one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from schemas.codes import Side
from schemas.systems import STATUS_WORDS
from schemas.wire import FIELDS
from settings import CityAdapter, PortalAdapter, Settings
from tasks.sources.adapters import CITY, PORTAL
from tasks.sources.protocol import Paged, Source, Streamed
from tests.sources.matrix import ADAPTERS, PAGE
from tests.sources.test_landing import WINDOW

BOTH = [*((Side.CITY, name) for name in CITY), *((Side.PORTAL, name) for name in PORTAL)]


@pytest.mark.parametrize(("side", "name"), BOTH)
def test_an_adapter_keeps_its_promises(side: Side, name: str, knobs: Callable[..., Settings], tmp_path: Path) -> None:
    """Made from settings alone, one of the two shapes, days covered, and our columns and no others."""
    address = {"files": str(tmp_path), "replica": f"sqlite:///{tmp_path / 'replica.db'}"}.get(
        name, "http://127.0.0.1:9"
    )
    settings = knobs(**{f"{side}_url": address, f"{side}_adapter": name, "city_username": ""})
    source: Source = (CITY if side is Side.CITY else PORTAL)[name](settings)
    try:
        assert (source.side, source.system.side) == (side, side)
        assert isinstance(source, Paged) != isinstance(source, Streamed)
        assert all((part.first, part.last) == (WINDOW.start, WINDOW.last_day) for part in source.parts(WINDOW))
        assert {field.column for field in source.system.fields} <= {field.column for field in FIELDS[side]}
        assert not source.system.ignored & {field.name.split(".")[0] for field in source.system.fields}
        assert hasattr(source, "catalogue") == (side is Side.PORTAL)
    finally:
        source.close()


def test_every_setting_has_its_adapter_its_words_and_its_line() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert set(CITY) == set(get_args(CityAdapter)) == set(STATUS_WORDS)
    assert set(PORTAL) == set(get_args(PortalAdapter))
    for side, name in BOTH:
        assert f"HOSO_{side.upper()}_ADAPTER={name}`" in page
    assert set(ADAPTERS) == {*CITY, *PORTAL} - {"files", "replica"}
