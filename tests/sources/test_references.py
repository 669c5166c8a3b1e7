from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from errors import ConfigError
from tasks.sources.references import read_references

HEAD = "alias,agency_code,valid_from,valid_to\n"


def test_files_are_optional_and_read_as_text_and_days(tmp_path: Path) -> None:
    assert all(table.empty for table in read_references(None).values())
    (tmp_path / "agency_aliases.csv").write_text(
        "\ufeff" + HEAD + "UBND phường Láng, 01.10 ,,2025-07-01\nUBND phường Láng,01.20,2025-07-01,\n", encoding="utf-8"
    )
    tables = read_references(tmp_path)
    assert tables["agency_aliases"].to_numpy().tolist() == [
        ["UBND phường Láng", "01.10", None, date(2025, 7, 1)],
        ["UBND phường Láng", "01.20", date(2025, 7, 1), None],
    ]
    assert tables["case_codes"].empty


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ("A,B,,\nA,C,2025-07-01,\n", "line 3: another line holds"),
        ("A,B,,\nB,C,,\n", "line 2: agency_code is itself replaced"),
        ("A,B,,\nC,,,\n", "line 3: alias and agency_code are needed"),
        ("A,B,1.7.2025,\n", "line 2: valid_from is no day"),
    ],
)
def test_what_contradicts_itself_is_refused_whole(tmp_path: Path, lines: str, wrong: str) -> None:
    (tmp_path / "agency_aliases.csv").write_text(HEAD + lines, encoding="utf-8")
    with pytest.raises(ConfigError, match=wrong):
        read_references(tmp_path)
    (tmp_path / "agency_aliases.csv").write_text(HEAD.replace("alias,", "name,") + lines, encoding="utf-8")
    with pytest.raises(ConfigError, match="columns"):
        read_references(tmp_path)
