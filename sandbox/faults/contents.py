"""Faults of content: owner, procedure, channel, payment, digitisation, results. All feed the index."""

from __future__ import annotations

import numpy as np

from sandbox.cases.arrivals import DESK, ONLINE, POST
from sandbox.cases.honest import PAID_ON_GATEWAY, PAID_ON_PORTAL
from sandbox.columns import Ids, Mask
from sandbox.faults.draft import Draft

FLAGS = (
    ("has_digitised_component", "digitised"),
    ("has_reused_component", "reused"),
    ("has_stored_component", "stored"),
    ("account_verified_vneid", "vneid"),
)


def plant_content_faults(draft: Draft, count: int) -> None:
    _plant_results(draft, count)
    _plant_agency(draft, count)
    _plant_procedure(draft, count)
    _plant_channel(draft, count)
    _plant_payment(draft, count)
    _plant_digitisation(draft, count)


def _everywhere(draft: Draft) -> Mask:
    return np.ones(len(draft.free), bool)


def _another(current: Ids, pool: Ids, rng: np.random.Generator) -> Ids:
    """A member of ``pool`` other than ``current``, for each."""
    place = np.searchsorted(pool, current)
    others: Ids = pool[(place + rng.integers(1, len(pool), len(current))) % len(pool)]
    return others


def _plant_agency(draft: Draft, count: int) -> None:
    rows = draft.pick(_everywhere(draft), count)
    levels = np.array([agency.level for agency in draft.catalogue.agencies])
    current = draft.city.facts.agency[rows]
    for level in np.unique(levels):
        same = levels[current] == level
        pool = np.flatnonzero(levels == level).astype(np.int16)
        draft.portal.facts.agency[rows[same]] = _another(current[same], pool, draft.rng)
    draft.plant("agency_differs", "agency_name", rows)


def _plant_procedure(draft: Draft, count: int) -> None:
    """Half: a wrong code. Half: the local suffix kept in ``MaTTHC``, as one province does."""
    wrong = draft.pick(_everywhere(draft), count // 2)
    pool = np.arange(len(draft.catalogue.procedures), dtype=np.int16)
    draft.portal.facts.procedure[wrong] = _another(draft.city.facts.procedure[wrong], pool, draft.rng)
    suffixed = draft.pick(_everywhere(draft), count - len(wrong))
    draft.portal.facts.local_suffix[suffixed] = 1
    draft.plant("procedure_differs", "procedure_code", wrong)
    draft.plant("procedure_differs", "procedure_code", suffixed)


def _plant_channel(draft: Draft, count: int) -> None:
    """Online or post shown as desk, sometimes as no channel at all (which counts as desk), or desk as online."""
    rows = draft.pick(_everywhere(draft), count)
    city = draft.city.facts.channel[rows]
    swapped = np.where(city == DESK, np.where(draft.rng.random(len(rows)) < 0.9, ONLINE, POST), DESK)
    draft.portal.facts.channel[rows] = swapped
    blank = (swapped == DESK) & (draft.rng.random(len(rows)) < 0.3)
    draft.portal.spelling.blank_channel[rows[blank]] = 1
    draft.plant("channel_differs", "submission_channel", rows)


def _plant_payment(draft: Draft, count: int) -> None:
    facts = draft.portal.facts
    codes = draft.pick(draft.city.facts.fee > 0, count - count // 2)
    before = draft.city.facts.payment[codes]
    other = np.where(draft.rng.random(len(codes)) < 0.7, PAID_ON_PORTAL, PAID_ON_GATEWAY)
    facts.payment[codes] = np.where(before > 0, 0, other)
    amounts = draft.pick(draft.city.facts.fee > 0, count // 2)
    facts.fee[amounts] += draft.rng.choice(np.array([5_000, 10_000, 50_000]), len(amounts))
    draft.plant("payment_differs", "online_payment", codes)
    draft.plant("payment_differs", "fee_total", amounts)


def _plant_digitisation(draft: Draft, count: int) -> None:
    for position, (field, column) in enumerate(FLAGS):
        wanted = count * (position + 1) // len(FLAGS) - count * position // len(FLAGS)
        city = draft.city.facts
        lone = (city.reused == 0) & (city.stored == 0) if column == "digitised" else city.digitised == 1
        rows = draft.pick(lone, wanted)
        getattr(draft.portal.facts, column)[rows] = 1 - getattr(city, column)[rows]
        draft.plant("digitisation_differs", field, rows)


def _plant_results(draft: Draft, count: int) -> None:
    rows = draft.pick(draft.city.facts.result == 1, count)
    draft.portal.facts.result[rows] = 0
    draft.plant("result_missing", "has_result", rows)
