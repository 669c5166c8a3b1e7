"""The commands that change what is known without reading anything: orders to set aside, hashes made anew."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flows import rehash, suppress
from schemas.period import day_of

TOMORROW = str(day_of(datetime.now(UTC)) + timedelta(days=1))


def said(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_an_order_is_given_listed_and_taken_back(
    configured: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    order = ["--kind", "due_differs", "--agency", "H26.01", "--until", TOMORROW, "--reason", "the vendor mends it"]
    assert suppress.main(order) == 0
    given = said(capsys)
    assert given["suppressed"] == 0
    assert suppress.main(["--list"]) == 0
    (listed,) = said(capsys)["orders"]
    told = {name: listed[name] for name in ("suppression_id", "kind", "agency_code", "case_code", "until", "reason")}
    assert told == {
        "suppression_id": given["suppression_id"], "kind": "due_differs", "agency_code": "H26.01", "case_code": None,
        "until": TOMORROW, "reason": "the vendor mends it",
    }  # fmt: skip
    assert suppress.main(["--lift", given["suppression_id"]]) == 0
    assert suppress.main(["--list"]) == 0
    assert json.loads(capsys.readouterr().out.split("\n}\n", 1)[1])["orders"] == []
    assert suppress.main(["--lift", given["suppression_id"]]) == 2
    assert suppress.main(["--kind", "due_differs", "--reason", "no day"]) == 2
    assert suppress.main([*order[:-1], ""]) == 2
    assert "a reason is needed" in capsys.readouterr().err


def test_hashes_are_made_anew_by_a_command(configured: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert suppress.main(["--list"]) == 0  # makes the tables
    said(capsys)
    assert rehash.main() == 0
    assert said(capsys) == {"rehashed": 0}
