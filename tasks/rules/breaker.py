"""When pushing stops by itself, and what one push came to. Pure: outcomes in, a verdict out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas.repair import BAD, Outcome


@dataclass(frozen=True)
class Limits:
    """`in_row`: so many bad outcomes one after the other; `share`: of a run's attempts, once it made `share_after`."""

    in_row: int
    share: float
    share_after: int


def opens(before: Sequence[Outcome], this_run: Sequence[Outcome], limits: Limits) -> str | None:
    """Why the breaker opens, None when it stays closed.

    `before` are the outcomes of earlier runs since it was last reset, in order: a portal that refuses everything is not
    asked anew by each run. What is not settled yet, and what a killed run never sent, says nothing about the portal.
    """
    told, ours = _telling([*before, *this_run]), _telling(this_run)
    row = 0
    for outcome in reversed(told):
        if outcome not in BAD:
            break
        row += 1
    if row >= limits.in_row:
        return f"{row} pushes in a row were not proven"
    bad = sum(outcome in BAD for outcome in ours)
    if len(ours) >= limits.share_after and bad / len(ours) > limits.share:
        return f"{bad} of {len(ours)} pushes of a run were not proven"
    return None


def _telling(outcomes: Iterable[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome not in (Outcome.INTENDED, Outcome.UNAPPLIED)]


def settled(said: str | None, agrees: bool | None, as_before: bool, *, resumed: bool = False) -> Outcome:
    """What a push came to, by what was read back.

    `said`: the portal's code ("0" is yes), None without an answer. `agrees`: whether the record read back is the
    city's, None when it could not be read. `as_before`: it is the one from before the push. `resumed`: the push, if
    there was one, is of a run that ended.
    """
    if agrees is None:
        return Outcome.UNKNOWN
    if agrees:
        return Outcome.PROVEN
    if said is not None:
        return Outcome.DIFFERS if said == "0" else Outcome.REFUSED
    if as_before:  # a push without an answer may still be under way
        return Outcome.UNAPPLIED if resumed else Outcome.UNKNOWN
    return Outcome.DIFFERS
