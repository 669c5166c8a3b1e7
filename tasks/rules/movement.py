"""What moved a score between two publications: case by case, cause by cause, summing up to the new score exactly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

import numpy as np
import pandas as pd

from schemas.codes import END_STATUSES, Status
from schemas.measures import COUNTED, FLAG_COLUMNS, FLAGS, MEASURES, Base
from schemas.period import Timeline
from schemas.publication import Inputs
from schemas.ruleset import RuleSet
from tasks.rules.attribution import Attribution, Counts, attribute, curve, deltas
from tasks.rules.contribution import CASE_COLUMNS, contributions
from tasks.rules.index import ratio
from tasks.rules.service_gap import add_services, with_cells
from tasks.rules.services import Cells, service_points

TIME: Final = "time_passed"
"""No record changed: a case with a running clock became overdue."""
_SIDE_OF: Final = {"before_": "portal_", "after_": "city_"}
_AS_SIDES: Final = re.compile("^(before_|after_)")
_TIMES: Final = ("clock_stopped_at", "deadline_at", "due_at")


@dataclass(frozen=True)
class Movement:
    """From one score to the next, in points: `start + rules + report + catalogue + sum(split parts) = end`, exactly.

    `rules`: what judging the old facts by the new rules changes. `report`: what the change of the national report's
    count alone changes; `catalogue`: what that of the catalogue of procedures alone. `split`: the parts of the changed
    cases, by cause.
    """

    start: Fraction
    rules: Fraction
    report: Fraction
    split: Attribution
    end: Fraction
    catalogue: Fraction = Fraction(0)


def facts(
    moved: pd.DataFrame,
    rules: RuleSet,
    before: tuple[Timeline, tuple[int, int]],
    after: tuple[Timeline, tuple[int, int]],
) -> pd.DataFrame:
    """What each changed case of a side changes in the counts: `unit` (""), `case_code`, MEASURES (after minus before).

    `moved`: `case_code`, and `before_<name>`, `after_<name>` for CASE_COLUMNS; `before` and `after`: the timeline and
    the span of the period at each reading. Cases that change no count are left out.
    """
    sides = []
    for prefix, (line, span) in (("before", before), ("after", after)):
        cases = moved[[f"{prefix}_{name}" for name in CASE_COLUMNS]].set_axis(list(CASE_COLUMNS), axis=1)
        sides.append(contributions(cases, rules, line, span))
    change = sides[1] - sides[0]
    return pd.DataFrame({"unit": "", "case_code": moved["case_code"], **change}).loc[(change != 0).any(axis=1)]


def reasons(changes: pd.DataFrame, moved: pd.DataFrame) -> pd.DataFrame:
    """Why each count of each fact moved: object columns MEASURES, index of `changes` (that of `moved`)."""
    rows = moved.reset_index(drop=True).loc[changes.index]
    there = {prefix: rows[f"{prefix}_status_code"].notna().to_numpy() for prefix in ("before", "after")}
    over = {p: rows[f"{p}_status_code"].isin([int(s) for s in END_STATUSES]).to_numpy() for p in ("before", "after")}
    received = rows["before_status_code"].isin([int(Status.REGISTERED)]).to_numpy()
    tests = {
        "new_case": ~there["before"] & there["after"],
        "case_gone": there["before"] & ~there["after"],
        "received": received | _differs(rows, "received_day"),
        "ended": over["after"] & ~over["before"],
        "reopened": over["before"] & ~over["after"],
        "times_changed": np.logical_or.reduce([_differs(rows, name) for name in _TIMES]),
        "status_changed": _differs(rows, "status_code"),
        "procedure_changed": _differs(rows, "procedure_code"),
    }
    whole = np.select(list(tests.values()), list(tests), default=TIME).astype(object)
    details = {name: _differs(rows, name) for name in FLAG_COLUMNS}
    bases = {base: changes[base.value].to_numpy() != 0 for base in Base}
    found = {}
    for name in MEASURES:
        flag = FLAGS.get(name)
        own = whole
        if flag is not None:
            columns = [condition.column for way in flag.ways for condition in way]
            detail = np.select([details[column] for column in columns], [f"{c}_changed" for c in columns], default="")
            own = np.where(bases[flag.base] | (detail == ""), whole, detail)
        found[name] = own
    return pd.DataFrame(found, index=changes.index).astype(object)


def _differs(rows: pd.DataFrame, name: str) -> np.ndarray:
    a, b = rows[f"before_{name}"], rows[f"after_{name}"]
    same = (a == b).fillna(False).to_numpy(dtype=bool) | (a.isna() & b.isna()).to_numpy(dtype=bool)
    return ~same


def movement(
    changes: pd.DataFrame,
    causes: pd.DataFrame,
    counts: Mapping[str, Counts],
    reported: tuple[int | None, int | None],
    rules: tuple[RuleSet, RuleSet],
) -> Movement:
    """The whole way of one side's score.

    `counts`: `start` (old facts, old rules), `rejudged` (old facts, new rules) and `end`; `reported`: cases of the
    national report then and now, None on the city's side when nothing was reported. Raises ValueError when the changes
    do not lead from `rejudged` to `end`.
    """
    old = side_points(counts["start"], reported[0], rules[0])
    rejudged = side_points(counts["rejudged"], reported[0], rules[1])
    moved_report = side_points(counts["rejudged"], reported[1], rules[1])
    # Where nothing is reported the side is held against its own count: a report of 0 says the same.
    split = attribute(changes, causes, {"": (counts["end"], counts["rejudged"], reported[1] or 0)}, rules[1])
    return Movement(
        old, rejudged - old, moved_report - rejudged, split, side_points(counts["end"], reported[1], rules[1])
    )


def with_services(
    way: Movement,
    moved: pd.DataFrame,
    cells: tuple[Cells, Cells],
    inputs: tuple[Inputs, Inputs],
    rules: tuple[RuleSet, RuleSet],
    after: tuple[Timeline, tuple[int, int]],
) -> Movement:
    """The way with the indicators that count procedures: `cells` of the side then and now, `inputs` of both
    publications; `moved` and `after` as in `facts`. What a case shows does not depend on the moment."""
    old = service_points(inputs[0], cells[0], rules[0])
    rejudged = service_points(inputs[0], cells[0], rules[1])
    listed = service_points(inputs[1], cells[0], rules[1])
    pairs = moved.set_axis([_AS_SIDES.sub(lambda found: _SIDE_OF[found[0]], str(name)) for name in moved], axis=1)
    changes = deltas(with_cells(pairs, by_agency=False), rules[1], *after, "cell")
    changes.index = pd.Index(moved["case_code"]).get_indexer(changes["case_code"])
    split = add_services(way.split, changes, reasons(changes, moved), {"": (cells[1], cells[0])}, inputs[1], rules[1])
    return replace(
        way,
        start=way.start + old,
        rules=way.rules + rejudged - old,
        catalogue=listed - rejudged,
        split=split,
        end=way.end + service_points(inputs[1], cells[1], rules[1]),
    )


def side_points(counts: Counts, reported: int | None, rules: RuleSet) -> Fraction:
    """Points of all indicators that cases feed, from one side's counts."""
    return sum((curve(code, rules, reported or 0).at(*ratio(code, counts, reported)) for code in COUNTED), Fraction(0))
