"""Frames of the index ready to be kept: parts of the gap, what each mismatch costs, how sure a score is.

Points are in steps of 1e-10 (`tasks.rules.index.SCALE`); parts are cut so that they still sum up to the stored gap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from schemas.codes import Side
from schemas.measures import COUNTED, MEASURES, SERVICES
from schemas.mismatch import Kind
from schemas.publication import Service
from schemas.ruleset import RuleSet
from tasks.rules.apportion import apportion, scaled
from tasks.rules.attribution import Attribution, Counts, curve
from tasks.rules.index import ratio
from tasks.rules.interval import Unknown, interval
from tasks.rules.score import points
from tasks.rules.services import Cells, members, service_ratio

CountsOfUnit = tuple[Counts, Counts, int | None]


def counts_by_unit(wide: pd.DataFrame, key: str) -> dict[str, CountsOfUnit]:
    """The city's and the portal's counts, and the reported cases (None: not known), from `both_sides` of one period."""
    found: dict[str, CountsOfUnit] = {}
    for row in wide.to_dict("records"):
        city, portal = ({name: int(row[f"{side}_{name}"]) for name in MEASURES} for side in Side)
        reported = row.get("reported")
        found[str(row[key])] = (city, portal, None if reported is None or pd.isna(reported) else int(reported))
    return found


def no_counts() -> dict[str, int]:
    """The counts of a unit without a case."""
    return dict.fromkeys(MEASURES, 0)


def part_lines(
    attribution: Attribution,
    counts: Mapping[str, CountsOfUnit],
    rules: RuleSet,
    services: Mapping[tuple[str, str], int] | None = None,
) -> pd.DataFrame:
    """`unit`, `indicator`, `kind`, `points`: parts cut so that those of a unit and indicator sum up to the
    difference of its two stored scores. `services`: these differences of the indicators that count procedures."""
    known = services or {}
    names = ["unit", "indicator", "kind"]
    rows = pd.DataFrame(
        [(part.unit, part.indicator, part.kind, part.points) for part in attribution.parts], columns=[*names, "exact"]
    )
    parts = [
        part.assign(
            points=apportion(
                part["exact"],
                known[str(unit), str(code)] if code in SERVICES else _stored_gap(str(code), counts[str(unit)], rules),
            )
        )
        for (unit, code), part in rows.groupby(["unit", "indicator"], sort=True)
    ]
    empty = pd.DataFrame(columns=[*names, "points"]).astype({"points": "int64"})
    return pd.concat(parts, ignore_index=True)[[*names, "points"]] if parts else empty


def _stored_gap(code: str, counts: CountsOfUnit, rules: RuleSet) -> int:
    city, portal, reported = counts
    whole = city["received"] if reported is None else reported
    sides = ((city, reported), (portal, whole))
    own, copy = (curve(code, rules, report or 0).at(*ratio(code, side, report)) for side, report in sides)
    return scaled(own) - scaled(copy)


def costs(attribution: Attribution, parts: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """What each mismatch of the whole city costs: `case_code`, `kind`, `points`, one row each; those of a kind sum
    up to its `part_lines`.

    What a look-alike pair's portal record costs is put on the city's case, where the finding is.
    """
    rows = attribution.cases[["case_code", "kind", "points"]].copy()
    twins = findings.loc[findings["kind"] == Kind.AMBIGUOUS.value, ["case_code", "portal_value"]].dropna()
    pairs = zip(twins["case_code"], twins["portal_value"], strict=True)
    own = {code: str(case) for case, codes in pairs for code in str(codes).split(", ")}
    ambiguous = rows["kind"] == Kind.AMBIGUOUS.value
    rows.loc[ambiguous, "case_code"] = rows.loc[ambiguous, "case_code"].map(lambda code: own.get(str(code), code))
    rows = rows.sort_values(["kind", "case_code", "points"], ignore_index=True)  # whatever order the warehouse gave
    wholes = parts.groupby("kind")["points"].sum()
    cut = [apportion(own, int(wholes.get(str(kind), 0))) for kind, own in rows.groupby("kind")["points"]]
    rows["points"] = pd.concat(cut) if cut else rows["points"].astype("int64")
    return rows.groupby(["case_code", "kind"], sort=True)[["points"]].sum().reset_index()


def service_interval_lines(
    services: Callable[[str], Mapping[str, Service]],
    cells: Mapping[Side, Mapping[str, Cells]],
    unknown: Mapping[tuple[Side, str], Unknown],
    rules: RuleSet,
) -> pd.DataFrame:
    """As `interval_lines`, for the indicators that count procedures: every unread case may show one more, every stale
    one may show one more or one less."""
    rows = []
    for (side, unit), cases in sorted(unknown.items()):
        listed = services(unit)
        for code in SERVICES:
            found, pair = members(code, listed), service_ratio(code, listed, cells[side].get(unit, {}))
            if found and pair:
                low = max(found[0], pair[0] - cases.stale)
                high = min(found[0] + len(found[1]), pair[0] + cases.unread + cases.stale)
                ends = (scaled(points(rules.indicator(code), n, pair[1])) for n in (low, high))
                rows.append((unit, code, side.value, cases.unread, cases.stale, *ends))
    return pd.DataFrame(rows, columns=["unit", "indicator", "side", "unread", "stale", "lowest", "highest"])


def interval_lines(
    counts: Mapping[str, CountsOfUnit], unknown: Mapping[tuple[Side, str], Unknown], rules: RuleSet
) -> pd.DataFrame:
    """Intervals of the units that something is unknown of: `unit`, `indicator`, `side`, `unread`, `stale`, `lowest`,
    `highest`. The city is the unit "" in both arguments."""
    names = ["unit", "indicator", "side", "unread", "stale", "lowest", "highest"]
    rows = []
    for (side, unit), cases in sorted(unknown.items()):
        city, portal, reported = counts.get(unit, (no_counts(), no_counts(), None))
        own = city if side is Side.CITY else portal
        whole = city["received"] if reported is None else reported
        for code in COUNTED:
            found = interval(code, own, cases, rules, whole if side is Side.PORTAL else reported)
            rows.append((unit, code, side.value, cases.unread, cases.stale, scaled(found.low), scaled(found.high)))
    return pd.DataFrame(rows, columns=names)
