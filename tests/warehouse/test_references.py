from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select

from tasks.sources.references import read_references
from tasks.warehouse import reference_tables
from tasks.warehouse.catalogue import replace_references


def test_the_warehouse_shows_the_files_as_they_are_now(warehouse: Any, tmp_path: Path) -> None:
    head = "alias,agency_code,valid_from,valid_to\n"
    with warehouse.begin() as connection:
        for lines in ("A,B,,2025-07-01\nA,C,2025-07-01,\n", "A,B,,2025-07-01\n"):
            (tmp_path / "agency_aliases.csv").write_text(head + lines, encoding="utf-8")
            replace_references(connection, read_references(tmp_path))
        alias = reference_tables.agency_alias.c
        shown = connection.execute(select(alias.alias, alias.agency_code, alias.valid_from, alias.valid_to)).all()
        assert [(a, b, c, str(d)) for a, b, c, d in shown] == [("A", "B", None, "2025-07-01")]
