"""The same thing written differently: never a mismatch, on more than a third of all pairs.

Rungs of text equality: Unicode form, spaces and invisible characters, placement of the tone mark (Hoà = Hòa), the
letter Đ (U+0110) typed as Ð (U+00D0) or Ɖ (U+0189). Times with less precision. Empty as "", null or a missing key.
Channel 1 and payment 0 left empty. Amounts with a thousands separator or a decimal place. Local code suffixes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sandbox.cases.arrivals import DESK
from sandbox.columns import DAY, NO_TIME, Mask, Rows
from sandbox.faults.draft import Draft
from sandbox.side import Side, SideName
from sandbox.spelling import AgencySpelling, AmountSpelling, EmptySpelling, TimeSpelling, spell_agency

SUFFIX_SHARE = 0.30
RESPELT_SHARE = 0.45
CLOSE_CALL = 120

Fits = Callable[[Draft, Side, Rows], Mask]


def _agency_fits(spelling: AgencySpelling) -> Fits:
    def fits(draft: Draft, side: Side, rows: Rows) -> Mask:
        changes = np.array([spell_agency(a.name, spelling) != a.name for a in draft.catalogue.agencies])
        return changes[side.facts.agency[rows]]

    return fits


def _not_close(draft: Draft, side: Side, rows: Rows) -> Mask:
    """A minute more or less must not decide the verdict."""
    judgement = draft.judge.judge(side.facts.take(rows))
    clear: Mask = np.abs(judgement.end - judgement.deadline) > CLOSE_CALL
    return clear


def _due_on_another_day(draft: Draft, side: Side, rows: Rows) -> Mask:
    judgement = draft.judge.judge(side.facts.take(rows))
    other_day: Mask = judgement.end // DAY != judgement.deadline // DAY
    if side.name is not SideName.PORTAL:
        return np.zeros(len(rows), bool)
    return other_day & np.asarray(side.facts.due[rows] > NO_TIME)


def _always(draft: Draft, side: Side, rows: Rows) -> Mask:
    return np.ones(len(rows), bool)


def _on_desk(draft: Draft, side: Side, rows: Rows) -> Mask:
    return np.asarray(side.facts.channel[rows] == DESK)


def _not_paid(draft: Draft, side: Side, rows: Rows) -> Mask:
    return np.asarray(side.facts.payment[rows] == 0)


def _with_fee(draft: Draft, side: Side, rows: Rows) -> Mask:
    return np.asarray(side.facts.fee[rows] >= 1_000)


#: name in the truth -> (weight, column of the spelling, value, where it applies)
SPELLINGS: dict[str, tuple[int, str, int, Fits]] = {
    "agency_nfd": (4, "agency", AgencySpelling.DECOMPOSED, _agency_fits(AgencySpelling.DECOMPOSED)),
    "agency_double_space": (2, "agency", AgencySpelling.DOUBLE_SPACE, _agency_fits(AgencySpelling.DOUBLE_SPACE)),
    "agency_no_break_space": (2, "agency", AgencySpelling.NO_BREAK_SPACE, _agency_fits(AgencySpelling.NO_BREAK_SPACE)),
    "agency_zero_width_space": (
        2,
        "agency",
        AgencySpelling.ZERO_WIDTH_SPACE,
        _agency_fits(AgencySpelling.ZERO_WIDTH_SPACE),
    ),
    "agency_tone_placement": (4, "agency", AgencySpelling.TONE_PLACEMENT, _agency_fits(AgencySpelling.TONE_PLACEMENT)),
    "agency_d_eth": (2, "agency", AgencySpelling.D_ETH, _agency_fits(AgencySpelling.D_ETH)),
    "agency_d_african": (2, "agency", AgencySpelling.D_AFRICAN, _agency_fits(AgencySpelling.D_AFRICAN)),
    "time_minutes": (6, "time", TimeSpelling.MINUTES, _not_close),
    "due_day": (3, "time", TimeSpelling.DUE_DAY, _due_on_another_day),
    "empty_null": (4, "empty", EmptySpelling.NULL, _always),
    "empty_absent": (4, "empty", EmptySpelling.ABSENT, _always),
    "channel_blank": (4, "blank_channel", 1, _on_desk),
    "payment_blank": (3, "blank_payment", 1, _not_paid),
    "amount_grouped": (3, "amount", AmountSpelling.GROUPED, _with_fee),
    "amount_decimal": (3, "amount", AmountSpelling.DECIMAL, _with_fee),
}


def respell(draft: Draft) -> tuple[int, dict[str, int]]:
    """Respell honest pairs; how many pairs are affected and how many by each spelling.

    A pair gets at most one spelling on one side, plus possibly the local suffix of the city's procedure code.
    """
    honest = np.flatnonzero(draft.city.held & draft.portal.held & ~draft.claimed)
    counts: dict[str, int] = {}
    affected = np.zeros(len(draft.free), bool)
    rng = draft.rng
    weights = np.array([weight for weight, *_ in SPELLINGS.values()], float)
    drawn = np.where(
        rng.random(len(honest)) < RESPELT_SHARE, rng.choice(len(weights), len(honest), p=weights / weights.sum()), -1
    )
    on_city = rng.random(len(honest)) < 0.5
    for number, (name, (_, column, value, fits)) in enumerate(SPELLINGS.items()):
        counts[name] = 0
        for side, chosen in ((draft.city, on_city), (draft.portal, ~on_city)):
            rows = honest[(drawn == number) & chosen]
            rows = rows[fits(draft, side, rows)]
            getattr(side.spelling, column)[rows] = value
            affected[rows] = True
            counts[name] += len(rows)
    suffixed = honest[rng.random(len(honest)) < SUFFIX_SHARE]
    draft.city.facts.local_suffix[suffixed] = 1
    affected[suffixed] = True
    counts["procedure_suffix"] = len(suffixed)
    return int(affected.sum()), counts
