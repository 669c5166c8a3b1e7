from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from schemas.mismatch import SELECTORS
from tasks.rules.suppress import set_aside

TODAY = date(2026, 3, 2)
FINDINGS = pd.DataFrame(
    [
        ("1", "due_differs", "A", "P", "shift +07:00", "confirmed"),
        ("1", "channel_differs", "A", "P", "2 became 1", "late"),
        ("2", "due_differs", None, "P", None, "unknown"),
    ],
    columns=[*SELECTORS, "verdict"],
)


def aside(*orders: dict[str, Any]) -> list[str | None]:
    frame = pd.DataFrame(
        [
            dict.fromkeys(SELECTORS) | {"until": TODAY, "suppression_id": str(n)} | order
            for n, order in enumerate(orders)
        ],
        columns=["suppression_id", *SELECTORS, "until"],
    )
    found = set_aside(FINDINGS, frame, TODAY)
    held = found["suppression_id"].notna()
    assert (found["verdict"].where(~held) == FINDINGS["verdict"].where(~held)).loc[~held].all()
    assert (found.loc[held, "verdict"] == "suppressed").all()
    return [None if pd.isna(order) else order for order in found["suppression_id"]]


def test_an_order_means_what_has_all_that_it_names() -> None:
    assert aside() == [None, None, None]
    assert aside({"kind": "due_differs"}) == ["0", None, "0"]
    assert aside({"kind": "due_differs", "agency_code": "A"}) == ["0", None, None]
    assert aside({"cause": "2 became 1"}, {"case_code": "1"}) == ["1", "0", None]


def test_it_holds_up_to_and_with_its_day() -> None:
    assert aside({"case_code": "1", "until": date(2026, 3, 1)}) == [None, None, None]
    assert aside({"case_code": "1", "until": date(2026, 3, 2)}) == ["0", "0", None]
