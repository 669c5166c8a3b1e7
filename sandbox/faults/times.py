"""Faults of time: with and without an effect on the verdict.

Typical transformations: a server that runs in UTC (7 hours), a date without its clock (midnight), a due date moved by
an extension that never travelled, a finish time typed in afterwards.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sandbox.columns import DAY, HOUR, NO_TIME, Facts, Ints, Mask, Rows
from sandbox.faults.draft import Draft

COLUMNS = {"received_at": "received", "due_at": "due", "finished_at": "finished"}
Change = Callable[[Facts, Rows], Ints]


def plant_verdict_faults(draft: Draft, count: int) -> None:
    """``phantom_overdue`` and ``hidden_overdue``: one time differs, and with it the verdict."""
    rng, now = draft.rng, draft.now

    def between(facts: Facts, low: float, high: float, end: Ints) -> Ints:
        return facts.received + (rng.uniform(low, high, len(end)) * (end - facts.received)).astype(np.int64)

    def some_days(rows: Rows) -> Ints:
        return rng.integers(HOUR, 4 * DAY, len(rows))

    hidden: list[tuple[str, tuple[int, ...], Change]] = [
        ("due_at", (4,), lambda facts, rows: now + HOUR + some_days(rows)),
        ("finished_at", (9, 10, 7, 8), lambda facts, rows: between(facts, 0.3, 0.9, facts.due)),
        ("due_at", (9, 10, 7, 8), lambda facts, rows: facts.finished + some_days(rows)),
        ("finished_at", (9, 10, 7, 8), lambda facts, rows: between(facts, 0.3, 0.9, facts.due)),
    ]
    phantom: list[tuple[str, tuple[int, ...], Change]] = [
        ("finished_at", (9, 10), lambda facts, rows: facts.finished + 7 * HOUR),
        ("finished_at", (9,), lambda facts, rows: facts.due + some_days(rows)),
        ("due_at", (9, 10), lambda facts, rows: between(facts, 0.2, 0.9, facts.finished)),
    ]
    for kind, late_in_city, changes in (("hidden_overdue", True, hidden), ("phantom_overdue", False, phantom)):
        left = count
        for position, (field, statuses, change) in enumerate(changes):
            wanted = -(-left // (len(changes) - position))
            left -= _plant(draft, kind, field, statuses, change, wanted, verdict=(late_in_city, not late_in_city))


def plant_time_faults(draft: Draft, count: int) -> None:
    """``received_differs``, ``due_differs``, ``finished_differs``: the verdict stays what it was."""
    for kind, field, statuses in (
        ("received_differs", "received_at", (2, 4, 5, 6, 7, 8, 9, 10)),
        ("due_differs", "due_at", (2, 4, 5, 6, 7, 8, 9, 10)),
        ("finished_differs", "finished_at", (9, 10)),
    ):
        left = count
        shifts = _shifts(draft, COLUMNS[field])
        for position, change in enumerate(shifts):
            wanted = -(-left // (len(shifts) - position))
            left -= _plant(draft, kind, field, statuses, change, wanted, verdict=None)


def _shifts(draft: Draft, column: str) -> list[Change]:
    def by(seconds: int) -> Change:
        return lambda facts, rows: getattr(facts, column) + seconds

    def midnight(facts: Facts, rows: Rows) -> Ints:
        moments: Ints = getattr(facts, column)
        return moments - moments % DAY

    def days(facts: Facts, rows: Rows) -> Ints:
        moments: Ints = getattr(facts, column)
        shifted: Ints = moments + draft.rng.choice(np.array([-2, -1, 1, 2, 3]), len(rows)) * DAY
        return shifted

    return [by(7 * HOUR), by(-7 * HOUR), midnight, days]


def _plant(
    draft: Draft,
    kind: str,
    field: str,
    statuses: tuple[int, ...],
    change: Change,
    wanted: int,
    verdict: tuple[bool, bool] | None,
) -> int:
    """Change one time on the portal where the result is plausible and the verdicts are as asked; how many it were."""
    column = COLUMNS[field]
    moved: dict[int, int] = {}

    def passes(rows: Rows) -> Mask:
        trial, before = draft.portal.facts.take(rows), draft.city.facts.take(rows)
        setattr(trial, column, np.where(getattr(before, column) > NO_TIME, change(before, rows), NO_TIME))
        moved.update(zip(rows.tolist(), getattr(trial, column).tolist(), strict=True))
        city, portal = draft.judge.overdue(before), draft.judge.overdue(trial)
        wished = (city == portal) if verdict is None else (city == verdict[0]) & (portal == verdict[1])
        changed: Mask = getattr(trial, column) != getattr(before, column)
        passed: Mask = wished & changed & _plausible(trial, draft.now)
        return passed

    has_time = getattr(draft.city.facts, column) > NO_TIME
    if verdict is not None:
        has_time = has_time & (draft.city.facts.due > NO_TIME)
        if verdict[0]:
            has_time = has_time & draft.judge.overdue(draft.city.facts)
    rows = draft.pick(has_time & np.isin(draft.city.facts.status, statuses), wanted, passes)
    getattr(draft.portal.facts, column)[rows] = [moved[row] for row in rows.tolist()]
    draft.plant(kind, field, rows)
    return len(rows)


def _plausible(facts: Facts, now: int) -> Mask:
    """No further contradiction: the order of events holds and nothing lies in the future but due times."""

    def ordered(earlier: Ints, later: Ints) -> Mask:
        holds: Mask = (earlier == NO_TIME) | (later == NO_TIME) | (earlier <= later)
        return holds

    chain = (
        (facts.submitted, facts.received),
        (facts.received, facts.due),
        (facts.received, facts.asked),
        (facts.received, facts.finished),
        (facts.answered, facts.finished),
        (facts.finished, facts.returned),
    )
    holds = (facts.received <= now) & (facts.finished <= now)
    for earlier, later in chain:
        holds &= ordered(earlier, later)
    return holds
