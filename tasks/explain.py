"""Explain: the gap of the city and each agency by mismatch kind, what each mismatch costs, and what to repair first."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from sqlalchemy import Connection

from schemas.crash import point
from schemas.period import Period, Timeline
from schemas.ruleset import RuleSet
from tasks.rules.apportion import scaled
from tasks.rules.attribution import attribute, deltas
from tasks.rules.cause import causes
from tasks.rules.plan import SAFE
from tasks.rules.recommendation import promises, pushable, recommend
from tasks.rules.scoring import CountsOfUnit, costs, part_lines
from tasks.rules.unread import CITY
from tasks.warehouse import reading
from tasks.warehouse.index_counts import differing_pairs
from tasks.warehouse.scores import CITY_UNIT, WHOLE, write_advice, write_costs, write_parts

PUSHES = 200
"""How many pushes the list of recommended repairs holds at most."""


def explain(
    connection: Connection,
    run_id: str,
    rules: RuleSet,
    line: Timeline,
    whole: Period,
    counts: Mapping[str, CountsOfUnit],
) -> None:
    """Write the parts of every gap, the cost of every mismatch and the recommended pushes of a run.

    `counts`: of every agency, and of the whole city under CITY.
    """
    findings = reading.open_mismatches(connection)
    pairs = differing_pairs(connection)
    changes = deltas(pairs, rules, line, line.span(whole))
    city = {CITY: counts[CITY]}
    split = attribute(changes, causes(changes, findings), city, rules)
    parts = part_lines(split, city, rules).assign(level="city", unit=CITY_UNIT)
    agencies = {unit: own for unit, own in counts.items() if unit != CITY}
    own = deltas(pairs, rules, line, line.span(whole), "agency_code")
    theirs = part_lines(attribute(own, causes(own, findings), agencies, rules), agencies, rules)
    both = pd.concat([parts, theirs.assign(level="agency")], ignore_index=True)
    write_parts(connection, run_id, both.assign(period=WHOLE))
    write_costs(connection, costs(split, parts, findings))
    point("explain.before_advice")
    _advise(connection, run_id, rules, changes, findings, counts[CITY])


def _advise(
    connection: Connection,
    run_id: str,
    rules: RuleSet,
    changes: pd.DataFrame,
    findings: pd.DataFrame,
    counts: CountsOfUnit,
) -> None:
    """Choose the repairs that regain most, and write what each beginning of the list promises."""
    city, portal, reported = counts
    whole_count = city["received"] if reported is None else reported
    best = recommend(changes, pushable(changes, findings, SAFE), PUSHES, portal, whole_count, rules)
    regained = [scaled(points) for points in promises(best, changes, portal, whole_count, rules)]
    advice = pd.DataFrame({"place": range(1, len(regained) + 1), "case_code": best.case_codes, "regained": regained})
    write_advice(connection, run_id, advice)
