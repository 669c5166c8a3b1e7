"""Explain: the gap of the city and each agency by mismatch kind, what each mismatch costs, and what to repair first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd
from sqlalchemy import Connection

from schemas.codes import Side
from schemas.crash import point
from schemas.mismatch import Kind
from schemas.period import Period, Timeline
from schemas.publication import Inputs
from schemas.ruleset import RuleSet
from tasks.rules.apportion import scaled
from tasks.rules.attribution import attribute, deltas
from tasks.rules.cause import causes
from tasks.rules.plan import SAFE
from tasks.rules.recommendation import promises, pushable, recommend
from tasks.rules.scoring import CountsOfUnit, costs, part_lines
from tasks.rules.service_gap import add_services, with_cells
from tasks.rules.services import Cells
from tasks.rules.shown import Shown, shown
from tasks.rules.unread import CITY
from tasks.warehouse import reading
from tasks.warehouse.index_counts import differing_pairs
from tasks.warehouse.scores import CITY_UNIT, WHOLE, write_advice, write_costs, write_parts

PUSHES = 200
"""How many pushes the list of recommended repairs holds at most."""


@dataclass(frozen=True)
class Services:
    """What the catalogue of procedures adds: its inputs, the cells of each side by unit (the city under CITY), and the
    stored gap of each unit and indicator that counts procedures, in steps of 1e-10."""

    inputs: Inputs
    cells: Mapping[Side, Mapping[str, Cells]]
    gaps: Mapping[tuple[str, str], int]

    def of(self, units: Iterable[str]) -> dict[str, tuple[Cells, Cells]]:
        """The city's and the portal's cells of some units."""
        return {unit: (self.cells[Side.CITY].get(unit, {}), self.cells[Side.PORTAL].get(unit, {})) for unit in units}


def explain(
    connection: Connection,
    run_id: str,
    rules: RuleSet,
    line: Timeline,
    whole: Period,
    counts: Mapping[str, CountsOfUnit],
    services: Services,
) -> None:
    """Write the parts of every gap, the cost of every mismatch and the recommended pushes of a run.

    `counts`: of every agency, and of the whole city under CITY.
    """
    findings = reading.open_mismatches(connection)
    pairs = differing_pairs(connection)
    span = line.span(whole)
    changes = deltas(pairs, rules, line, span)
    city = {CITY: counts[CITY]}
    split = attribute(changes, causes(changes, findings), city, rules)
    cells = deltas(with_cells(pairs, by_agency=False), rules, line, span, "cell")
    moved = causes(cells, findings, (Kind.PROCEDURE_DIFFERS, Kind.AGENCY_DIFFERS))
    split = add_services(split, cells, moved, services.of([CITY]), services.inputs, rules)
    parts = part_lines(split, city, rules, services.gaps).assign(level="city", unit=CITY_UNIT)
    agencies = {unit: own for unit, own in counts.items() if unit != CITY}
    own = deltas(pairs, rules, line, span, "agency_code")
    theirs = attribute(own, causes(own, findings), agencies, rules)
    their_cells = deltas(with_cells(pairs, by_agency=True), rules, line, span, "cell")
    units = services.of(agencies)
    theirs = add_services(theirs, their_cells, causes(their_cells, findings), units, services.inputs, rules)
    their_parts = part_lines(theirs, agencies, rules, services.gaps).assign(level="agency")
    write_parts(connection, run_id, pd.concat([parts, their_parts], ignore_index=True).assign(period=WHOLE))
    write_costs(connection, costs(split, parts, findings))
    point("explain.before_advice")
    show = shown(cells, services.cells[Side.PORTAL].get(CITY, {}), services.inputs, rules)
    _advise(connection, run_id, rules, changes, findings, counts[CITY], show)


def _advise(
    connection: Connection,
    run_id: str,
    rules: RuleSet,
    changes: pd.DataFrame,
    findings: pd.DataFrame,
    counts: CountsOfUnit,
    services: Shown,
) -> None:
    """Choose the repairs that regain most, and write what each beginning of the list promises."""
    city, portal, reported = counts
    whole_count = city["received"] if reported is None else reported
    best = recommend(changes, pushable(changes, findings, SAFE), PUSHES, portal, whole_count, rules, services)
    regained = [scaled(points) for points in promises(best, changes, portal, whole_count, rules, services)]
    advice = pd.DataFrame({"place": range(1, len(regained) + 1), "case_code": best.case_codes, "regained": regained})
    write_advice(connection, run_id, advice)
