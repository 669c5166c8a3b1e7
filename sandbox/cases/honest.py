"""The honest city: every column of every case, before anything goes wrong.

Volumes are heavy-tailed, as in reality: a handful of offices and procedures make up most of the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sandbox.cases.applicants import draw_background
from sandbox.cases.arrivals import ONLINE, draw_arrivals
from sandbox.cases.codes import issue_codes
from sandbox.cases.lifecycle import live
from sandbox.cases.working_time import WorkingTime
from sandbox.catalogue import Catalogue
from sandbox.catalogue.agencies import Level
from sandbox.columns import Background, Codes, Facts, Ids, Ints, Mask

DEPARTMENT_SHARE = 0.35
OLD_FORM_SHARE = 0.05
EXEMPT_SHARE = 0.06

PAID_ON_PORTAL, PAID_ON_GATEWAY = 1, 2


@dataclass(frozen=True)
class ProcedureTable:
    """The procedure catalogue as columns."""

    max_days: Ints
    fee: Ints
    extra_fee: Ints
    returns_paper: Mask

    @classmethod
    def of(cls, catalogue: Catalogue) -> ProcedureTable:
        procedures = catalogue.procedures
        return cls(
            max_days=np.array([p.max_days for p in procedures], np.int64),
            fee=np.array([p.fee for p in procedures], np.int64),
            extra_fee=np.array([p.extra_fee for p in procedures], np.int64),
            returns_paper=np.array([bool(p.result_code) for p in procedures]),
        )


@dataclass(frozen=True)
class Demand:
    """How many cases, over which time, and how many of each fault will be wanted."""

    cases: int
    days: int
    now: int
    planted: int
    just_now: int


def draw_city(demand: Demand, catalogue: Catalogue, office: WorkingTime, seed: int) -> tuple[Facts, Background]:
    """All cases of the city in order of submission; each theme has a random stream of its own."""
    unreceived = max(1, demand.cases // 2_000)
    arrivals = draw_arrivals(
        demand.cases, demand.days, demand.now, office, (demand.just_now, unreceived), _stream(seed, 1)
    )
    agency, procedure = _assign_work(demand.cases, catalogue, _stream(seed, 2))
    table = ProcedureTable.of(catalogue)
    limit = table.max_days[procedure]
    course = live(arrivals.received, arrivals.submitted, limit, demand.now, demand.planted, office, _stream(seed, 3))
    background = draw_background(procedure, course.modified, _stream(seed, 4))
    old_form = _choose_old_form(agency, catalogue, _stream(seed, 5))
    payment, fee = _charge(table, procedure, arrivals.channel, _stream(seed, 6))
    returns_paper = np.isin(course.status, (9, 10)) & table.returns_paper[procedure]
    drawn: dict[str, Any] = {name: column for name, column in vars(course).items() if name != "modified"}
    drawn |= _draw_flags(returns_paper, arrivals.channel == ONLINE, _stream(seed, 7))
    facts = Facts(
        code=issue_codes(agency, arrivals.submitted, old_form, len(catalogue.agencies)),
        agency=agency,
        procedure=procedure,
        local_suffix=np.zeros(demand.cases, np.int8),
        submitted=arrivals.submitted,
        received=arrivals.received,
        channel=arrivals.channel,
        payment=payment,
        fee=fee,
        **drawn,
    )
    return facts, background


def _draw_flags(returns_paper: Mask, online: Mask, rng: np.random.Generator) -> dict[str, Codes]:
    """Digitisation and results; a component can only be reused once it is digitised."""
    chance = rng.random((5, len(online)))
    digitised = chance[0] < 0.75
    flags = {
        "digitised": digitised,
        "reused": digitised & (chance[1] < 0.3),
        "stored": chance[2] < 0.12,
        "vneid": chance[3] < np.where(online, 0.7, 0.25),
        "result": returns_paper & (chance[4] < 0.92),
    }
    return {name: flag.astype(np.int8) for name, flag in flags.items()}


def _stream(seed: int, theme: int) -> np.random.Generator:
    return np.random.default_rng([seed, theme])


def _heavy_tail(count: int, exponent: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    weights = 1.0 / rng.permutation(np.arange(1, count + 1)) ** exponent
    return np.asarray(weights / weights.sum())


def _assign_work(cases: int, catalogue: Catalogue, rng: np.random.Generator) -> tuple[Ids, Ids]:
    """An agency for every case, then one of the procedures that this agency handles."""
    levels = np.array([a.level == Level.PROVINCE for a in catalogue.agencies])
    departments, communes = np.flatnonzero(levels), np.flatnonzero(~levels)
    weights = np.empty(len(levels))
    weights[departments] = DEPARTMENT_SHARE * _heavy_tail(len(departments), 1.1, rng)
    weights[communes] = (1 - DEPARTMENT_SHARE) * _heavy_tail(len(communes), 0.6, rng)
    agency = rng.choice(len(levels), size=cases, p=weights).astype(np.int16)
    procedure = np.empty(cases, np.int16)
    groups = [np.flatnonzero(~levels[agency])] + [np.flatnonzero(agency == office) for office in departments]
    for office, rows in zip((None, *departments), groups, strict=True):
        handled = [
            n for n, p in enumerate(catalogue.procedures) if (office in p.offices if p.offices else office is None)
        ]
        procedure[rows] = rng.choice(handled, size=len(rows), p=_heavy_tail(len(handled), 1.0, rng))
    return agency, procedure


def _choose_old_form(agency: Ids, catalogue: Catalogue, rng: np.random.Generator) -> Mask:
    fits = np.array([len(a.unit) == 2 for a in catalogue.agencies])[agency]
    return fits & (rng.random(len(agency)) < OLD_FORM_SHARE / DEPARTMENT_SHARE)


def _charge(table: ProcedureTable, procedure: Ids, channel: Codes, rng: np.random.Generator) -> tuple[Codes, Ints]:
    """The fee of each case and whether it was paid online (portal or local gateway)."""
    count = len(procedure)
    bears = table.fee[procedure] > 0
    fee = np.where(bears & (rng.random(count) >= EXEMPT_SHARE), table.fee[procedure], 0)
    paid = (fee > 0) & (rng.random(count) < np.where(channel == ONLINE, 0.55, 0.1))
    how = np.where(rng.random(count) < 0.7, PAID_ON_PORTAL, PAID_ON_GATEWAY)
    return np.where(paid, how, 0).astype(np.int8), fee
