from __future__ import annotations

from decimal import Decimal

import pandas as pd

from tasks.rules.faults import FAULT_COLUMNS, faults

COLUMNS = ["agency_code", "procedure_code", "field", "cause", "rows", "points"]


def lines(*rows: tuple[object, ...]) -> list[tuple[object, ...]]:
    found = faults(pd.DataFrame(rows, columns=COLUMNS))
    assert tuple(found.columns) == FAULT_COLUMNS
    shown = found.astype(object).where(found.notna(), None)
    return list(shown[["field", "cause", "agency_code", "procedure_code", "rows"]].itertuples(index=False, name=None))


def test_a_cause_that_is_everywhere_is_one_fault() -> None:
    spread = [(f"A{n % 9}", f"P{n}", "due_at", "shift +07:00", 100 + n, Decimal(1)) for n in range(30)]
    assert lines(*spread) == [("due_at", "shift +07:00", None, None, 3_000 + 435)]


def test_what_one_agency_or_procedure_dominates_is_named_and_the_rest_is_another() -> None:
    assert lines(
        ("A", "P", "status_code", "one status behind", 90, Decimal(0)),
        ("B", "P", "status_code", "one status behind", 6, Decimal(0)),
        (None, "Q", "status_code", "one status behind", 4, Decimal(0)),
        ("A", "P", "due_at", "shift +07:00", 1, Decimal(0)),
    ) == [
        ("status_code", "one status behind", "A", "P", 90),
        ("status_code", "one status behind", None, None, 10),
        ("due_at", "shift +07:00", "A", "P", 1),
    ]
    assert lines() == []


def test_nothing_is_lost_on_the_way() -> None:
    rows = [
        (a, p, f, "x", a * 7 + p, Decimal(p)) for a in range(5) for p in range(4) for f in ("due_at", "status_code")
    ]
    counts = pd.DataFrame([(f"A{a}", f"P{p}", *rest) for a, p, *rest in rows], columns=COLUMNS)
    found = faults(counts)
    assert (found["rows"].sum(), found["points"].sum()) == (counts["rows"].sum(), counts["points"].sum())
