"""What an approval covers: the very plan that a person read, while it is fresh, and what of it is still so."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Any

DIGEST = "digest"


def digest(plan: Mapping[str, Any]) -> str:
    """SHA-256, 64 hexadecimal digits, over everything in a plan but its own `digest`."""
    told = {name: value for name, value in plan.items() if name != DIGEST}
    return sha256(json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def refusals(plan: Mapping[str, Any], as_of: datetime, most_age: timedelta, approved: str | None) -> list[str]:
    """Why a plan must not be applied, one text a reason; empty: it may.

    `plan` has `made_at` (ISO, with an offset) and `digest`. `approved` is the digest that a person gave, None when
    nobody was asked yet.
    """
    own = digest(plan)
    age = as_of - datetime.fromisoformat(plan["made_at"])
    wrong = []
    if not compare_digest(own, str(plan[DIGEST])):
        wrong.append("the plan was altered after it was written: its digest is another")
    if approved is not None and not compare_digest(own.encode(), approved.strip().lower().encode()):
        wrong.append("the approval is for another plan: its digest is not this one's")
    if age > most_age:
        wrong.append(f"the plan is {age.total_seconds() / 3600:.0f} h old, more than {most_age / timedelta(hours=1):g}")
    if age < timedelta(0):
        wrong.append("the plan is from the future")
    return wrong


def still_due(
    approved: Sequence[Mapping[str, Any]], current: Sequence[Mapping[str, Any]], settled: Collection[str]
) -> tuple[list[Mapping[str, Any]], Counter[str]]:
    """The approved pushes that are to be made now, in the plan's order, and how many are not, by reason.

    `current` is the plan that today's ledger gives. `settled`: an attempt of this plan came to its end; another try
    needs a new plan. `gone`: no longer confirmed, or no longer safe. `changed`: the case has a mismatch that nobody
    approved, or is created where an update was approved (or the reverse).
    """
    now = {push["case_code"]: push for push in current}
    due, left = [], Counter[str]()
    for push in approved:
        known = now.get(push["case_code"])
        if push["case_code"] in settled:
            left["settled"] += 1
        elif known is None:
            left["gone"] += 1
        elif not set(known["closes"]) <= set(push["closes"]) or known["is_updating"] != push["is_updating"]:
            left["changed"] += 1
        else:
            due.append(push)
    return due, left
