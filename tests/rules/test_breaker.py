from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.repair import BAD, Outcome
from tasks.rules.breaker import Limits, opens, settled

P, R, D, K = Outcome.PROVEN, Outcome.REFUSED, Outcome.DIFFERS, Outcome.UNKNOWN
U, I = Outcome.UNAPPLIED, Outcome.INTENDED  # noqa: E741
LIMITS = Limits(in_row=3, share=0.4, share_after=5)


@pytest.mark.parametrize(
    ("before", "this_run", "why"),
    [
        ([], [], None),
        ([], [R, D, K], "3 pushes in a row"),
        ([R, R], [R], "3 pushes in a row"),
        ([R, R, R], [], "3 pushes in a row"),
        ([R, R], [P, R, R], None),
        ([R, U, R], [I, R], "3 pushes in a row"),
        ([], [R, P, R, P], None),
        ([], [R, P, R, P, P], None),
        ([], [R, P, R, P, R], "3 of 5"),
        ([R, P, R, P, R, P], [P, P, P, P, P], None),
    ],
)
def test_when_it_opens(before: Sequence[Outcome], this_run: Sequence[Outcome], why: str | None) -> None:
    found = opens(before, this_run, LIMITS)
    assert (found is None) if why is None else (why in str(found))


@given(st.lists(st.sampled_from(list(Outcome)), max_size=30), st.integers(1, 5))
def test_pushes_in_a_row_stop_at_the_limit(outcomes: list[Outcome], most: int) -> None:
    """A loop that asks before each push never makes more bad ones in a row than allowed."""
    limits, made = Limits(most, 1.0, 1_000), list[Outcome]()
    for outcome in outcomes:
        if opens([], made, limits):
            break
        made.append(outcome)
    told = [outcome for outcome in made if outcome not in (U, I)]
    longest = run = 0
    for outcome in told:
        run = run + 1 if outcome in BAD else 0
        longest = max(longest, run)
    assert longest <= most


@pytest.mark.parametrize(
    ("said", "agrees", "as_before", "resumed", "outcome"),
    [
        ("0", True, False, False, P),
        (None, True, False, True, P),
        ("3", True, False, False, P),
        ("-1", False, True, False, R),
        ("-1", False, False, False, R),
        ("0", False, True, False, D),
        ("0", None, False, False, K),
        ("-1", None, True, False, K),
        (None, False, True, False, K),
        (None, False, True, True, U),
        (None, False, False, True, D),
        ("0", False, True, True, D),
    ],
)
def test_what_a_push_came_to(
    said: str | None, agrees: bool | None, as_before: bool, resumed: bool, outcome: Outcome
) -> None:
    assert settled(said, agrees, as_before, resumed=resumed) is outcome
