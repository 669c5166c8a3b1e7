"""Faults of presence: records without a partner, with two, or with one that only looks alike."""

from __future__ import annotations

import numpy as np

from sandbox.cases.applicants import redraw
from sandbox.cases.codes import groups_of, sequences_of
from sandbox.columns import DAY, NO_TIME
from sandbox.faults.draft import Draft


def plant_presence_faults(draft: Draft, count: int) -> None:
    _plant_missing(draft, count)
    _plant_ambiguous(draft, count)
    _plant_ghosts(draft, count)
    _plant_duplicates(draft, count)


def _plant_missing(draft: Draft, count: int) -> None:
    rows = draft.pick_apart(count)
    draft.portal.held[rows] = False
    draft.plant("missing_on_portal", "case_code", rows)


def _plant_ghosts(draft: Draft, count: int) -> None:
    """Portal records of nobody: a new code and another applicant, otherwise like an existing case.

    The case that served as a model is released: it stays an honest pair.
    """
    models = draft.pick_apart(count)
    draft.release(models)
    ghosts = draft.add_rows(models, on_city=False, on_portal=True)
    draft.portal.facts.code[ghosts] = draft.fresh_codes(models)
    redraw(draft.background, ghosts, draft.rng)
    draft.plant("missing_in_city", "case_code", ghosts)
    draft.budget -= len(ghosts)


def _plant_duplicates(draft: Draft, count: int) -> None:
    everywhere = np.ones(len(draft.free), bool)
    rows = draft.pick(everywhere, count)
    twins = draft.add_rows(rows, on_city=False, on_portal=True)
    draft.portal.facts.due[twins] += np.where(draft.portal.facts.due[twins] > NO_TIME, 2 * DAY, 0)
    draft.portal.facts.channel[twins] = np.where(draft.portal.facts.channel[twins] == 1, 2, 1)
    draft.plant("duplicate_on_portal", "case_code", rows)
    draft.doubled.extend(rows.tolist() + twins.tolist())
    rows = draft.pick(np.ones(len(draft.free), bool), count)
    twins = draft.add_rows(rows, on_city=True, on_portal=False)
    facts = draft.city.facts
    facts.status[twins] = np.where(facts.status[twins] == 4, 2, 4)
    for column in (facts.finished, facts.returned, facts.result):
        column[twins] = 0
    draft.plant("duplicate_in_city", "case_code", rows)
    draft.doubled.extend(rows.tolist() + twins.tolist())


def _plant_ambiguous(draft: Draft, count: int) -> None:
    """The portal's code is a slip of the city's: two neighbouring digits swapped or one digit wrong."""
    rows = draft.pick_apart(count)
    taken = draft.known_codes()
    for row in rows.tolist():
        key = int(draft.city.facts.code[row])
        slip = _slip(key, taken, draft.rng)
        taken.add(slip)
        draft.portal.facts.code[row] = slip
    draft.plant("ambiguous", "case_code", rows)


def _slip(key: int, taken: set[int], rng: np.random.Generator) -> int:
    keys = np.array([key])
    digits = f"{int(sequences_of(keys)[0]):04d}"
    group = int(groups_of(keys)[0]) << 24
    swaps = [digits[:i] + digits[i + 1] + digits[i] + digits[i + 2 :] for i in range(len(digits) - 1)]
    wrong = [digits[:i] + other + digits[i + 1 :] for i in range(len(digits)) for other in "0123456789"]
    swaps, wrong = (
        [text for text in texts if len(f"{int(text):04d}") == len(digits) and group | int(text) not in taken]
        for texts in (swaps, wrong)
    )
    pool = swaps if swaps and rng.random() < 0.5 else wrong
    return group | int(pool[rng.integers(len(pool))])
