from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tasks.rules.approval import digest, refusals, still_due

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def push(code: str, *closes: str, updating: bool = True) -> dict[str, Any]:
    return {"case_code": code, "closes": list(closes), "is_updating": updating, "points": "0.1"}


def plan(**changed: Any) -> dict[str, Any]:
    told = {"run_id": "r", "made_at": AT.isoformat(), "pushes": [push("A", "due_differs")]}
    return told | {"digest": digest(told)} | changed


def test_the_digest_is_of_what_is_said_and_not_of_how_it_is_written() -> None:
    told = plan()
    assert digest(json.loads(json.dumps(told, indent=7))) == told["digest"]
    assert digest(plan(pushes=[push("B", "due_differs")])) != told["digest"]
    assert digest(plan(made_at=(AT + DAY).isoformat())) != told["digest"], "an old plan cannot be made young"


@pytest.mark.parametrize(
    ("told", "later", "approved", "wrong"),
    [
        (plan(), timedelta(0), plan()["digest"], []),
        (plan(), DAY, plan()["digest"].upper(), []),
        (plan(), timedelta(0), None, []),
        (plan(), timedelta(0), "", ["approval"]),
        (plan(), timedelta(0), "ệ", ["approval"]),
        (plan(pushes=[]), timedelta(0), None, ["altered"]),
        (plan(pushes=[]), timedelta(0), plan()["digest"], ["altered", "approval"]),
        (plan(), DAY + timedelta(seconds=1), None, ["24 h old, more than 24"]),
        (plan(), -timedelta(seconds=1), None, ["future"]),
    ],
)
def test_why_a_plan_is_refused(told: dict[str, Any], later: timedelta, approved: str | None, wrong: list[str]) -> None:
    found = refusals(told, AT + later, DAY, approved)
    assert len(found) == len(wrong)
    assert all(word in text for word, text in zip(wrong, found, strict=True))


def test_what_is_still_due() -> None:
    approved = [
        push("A", "due_differs", "status_behind"),
        push("B", "due_differs"),
        push("C", "missing_on_portal", updating=False),
        push("D", "due_differs"),
        push("E", "due_differs"),
    ]
    now = [
        push("A", "due_differs"),
        push("B", "due_differs", "status_behind"),
        push("C", "due_differs"),
        push("E", "due_differs"),
        push("F", "due_differs"),
    ]
    due, left = still_due(approved, now, {"E"})
    assert [each["case_code"] for each in due] == ["A"], "less than was approved is approved"
    assert left == {"changed": 2, "gone": 1, "settled": 1}
