"""Publish: freeze a score with its inputs, make a published one again, and explain what moved between two."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
from prefect import get_run_logger, task
from sqlalchemy import Connection

import settings
from errors import ConfigError
from schemas.case import CANONICAL_VERSION
from schemas.codes import Side
from schemas.measures import MEASURES
from schemas.period import Period, Timeline, timeline
from schemas.publication import Publication, identifier
from schemas.ruleset import NATIONAL, RULE_SETS, RuleSet, in_force
from tasks.lines import inputs_now, lines_of
from tasks.rules.index import spread
from tasks.rules.movement import Movement, facts, movement, reasons, with_services
from tasks.rules.publication import changes_between, digest, line_differences
from tasks.rules.score import rounded
from tasks.rules.scoring import no_counts
from tasks.rules.services import cells_by_unit
from tasks.warehouse import publications
from tasks.warehouse.engine import create_tables, open_engine, transaction
from tasks.warehouse.index_counts import index_groups
from tasks.warehouse.runs import code_version
from tasks.warehouse.service_cells import service_cells


@task(name="publish score", tags=["publish"])
def publish_score(period: str, as_of: datetime | None = None, rules: str = "", units_file: str = "") -> str:
    """Freeze the score of a period (2026-10, 2026-Q4, 2026) as known at `as_of`; returns the publication's name.

    `as_of`: the latest run's clock reading by default. `rules`: a rule set's code, by default the national rules in
    force on the period's last day. Published twice, it is the same publication. Raises ConfigError for a period or
    rules that do not exist, an `as_of` that no run has reached, and before the first run.
    """
    days, judged_by = _asked(period, rules)
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        create_tables(connection)
        at = _reading(publications.latest_as_of(connection), as_of)
        name = identifier(days.name, at, judged_by.code)
        if publications.read_publication(connection, name) is None:
            inputs = inputs_now(connection, Path(units_file).read_text(encoding="utf-8") if units_file else "")
            lines = lines_of(connection, days, at, judged_by, inputs)
            head = Publication(
                publication_id=name,
                period=days.name,
                period_start=days.start,
                period_end=days.end,
                as_of=at,
                rules=judged_by.code,
                inputs=inputs,
                code_version=code_version(),
                canonical_version=CANONICAL_VERSION,
                digest=digest(lines),
                lines=len(lines),
            )
            publications.write_publication(connection, head, lines)
    get_run_logger().info("published %s", name)
    return name


@task(name="reproduce publication", tags=["publish"])
def reproduce(publication_id: str) -> dict[str, Any]:
    """Make a publication again from the versions of its `as_of`: `identical`, `lines`, and the first ten `differences`.

    Raises ConfigError when there is no such publication.
    """
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        head = _published(connection, publication_id)
        kept = publications.read_lines(connection, publication_id)
        made = lines_of(connection, head.days, head.as_of, RULE_SETS[head.rules], head.inputs, publication_id)
    differences = line_differences(kept, made)
    identical = differences.empty and digest(made) == head.digest == digest(kept)
    shown = json.loads(differences.head(10).to_json(orient="records"))
    return {"publication": publication_id, "identical": identical, "lines": len(kept), "differences": shown}


@task(name="compare publications", tags=["publish"])
def compare(before: str, after: str, folder: str = "") -> dict[str, Any]:
    """What moved between two publications of one period: for each side `start`, `rules`, `report`, `catalogue`,
    `causes`, `end`.

    The parts sum up to the new score exactly, which is checked. With `folder`, every fact is written there as
    `moved-city.csv` and `moved-portal.csv`. Raises ConfigError for unknown publications, or two of different periods.
    """
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        heads = _published(connection, before), _published(connection, after)
        if heads[0].days != heads[1].days:
            raise ConfigError(f"{before} and {after} are about different periods")
        if heads[0].as_of > heads[1].as_of:
            raise ConfigError(f"{before} was read after {after}: name the earlier one first")
        told = {}
        for side in Side:
            way, listed = _way(connection, heads, side)
            told[side.value] = _told(way)
            if folder:
                listed.to_csv(Path(folder) / f"moved-{side.value}.csv", index=False)
    return {"before": before, "after": after, **told}


@task(name="changes between publications", tags=["publish"])
def changes(before: str, after: str, unit: str = "") -> dict[str, Any]:
    """The points of two publications, of one period or of two, and what changed: for the city or one `unit`.

    Raises ConfigError when there is no such publication, or it has no such unit.
    """
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        heads = [_published(connection, name) for name in (before, after)]
        kept = [publications.read_lines(connection, name) for name in (before, after)]
    moved = changes_between(*kept)
    wanted = moved.loc[moved["unit"] == unit if unit else moved["level"] == "city"]
    if wanted.empty:
        raise ConfigError(f"neither publication has the unit {unit!r}")
    told = {
        name: {"period": head.period, "rules": head.rules} for name, head in zip((before, after), heads, strict=True)
    }
    return {"publications": told, "changes": wanted.drop(columns="unit").to_dict("records")}


def _asked(period: str, rules: str) -> tuple[Period, RuleSet]:
    try:
        days = Period.named(period)
        return days, RULE_SETS[rules] if rules else in_force(NATIONAL, days.end - timedelta(days=1))
    except (ValueError, KeyError) as error:
        raise ConfigError(f"cannot publish: {error}") from error


def _reading(latest: datetime | None, asked: datetime | None) -> datetime:
    """The clock reading to publish at: one that a run has reached, since later ones may still be filled."""
    if latest is None:
        raise ConfigError("cannot publish: no run has filled the warehouse yet")
    at = (asked or latest).astimezone(UTC)
    if at > latest.astimezone(UTC):
        raise ConfigError(f"cannot publish as of {at}: the latest run knows the state of {latest} only")
    return at


def _published(connection: Connection, publication_id: str) -> Publication:
    head = publications.read_publication(connection, publication_id)
    if head is None:
        raise ConfigError(f"there is no publication {publication_id!r}")
    return head


def _counts(connection: Connection, head: Publication, rules: RuleSet) -> dict[str, dict[str, int]]:
    line = timeline([head.days], head.as_of)
    found = {side.value: no_counts() for side in Side}
    groups = index_groups(connection, rules, line, (), head.as_of, head.publication_id)
    for row in spread(groups, ["side"], [head.days], line).to_dict("records"):
        found[str(row["side"])] = {name: int(row[name]) for name in MEASURES}
    return found


def _way(connection: Connection, heads: tuple[Publication, Publication], side: Side) -> tuple[Movement, pd.DataFrame]:
    """One side's way from the first publication to the second, and its facts with their reasons."""
    days, rules = heads[0].days, (RULE_SETS[heads[0].rules], RULE_SETS[heads[1].rules])
    start = _counts(connection, heads[0], rules[0])
    rejudged = _counts(connection, heads[0], rules[1])
    end = _counts(connection, heads[1], rules[1])
    moved = publications.moved_cases(connection, side, *heads)
    readings: list[Timeline] = [timeline([days], head.as_of) for head in heads]
    changes = facts(moved, rules[1], *((line, line.span(days)) for line in readings))
    causes = reasons(changes, moved)
    reported = (None, None) if side is Side.CITY else (start["city"]["received"], end["city"]["received"])
    counts = {"start": start[side], "rejudged": rejudged[side], "end": end[side]}
    way = movement(changes, causes, counts, reported, rules)
    cells = [service_cells(connection, days, head.as_of, head.publication_id) for head in heads]
    then, now = (cells_by_unit(counted, side)[""] for counted in cells)
    both = heads[0].inputs, heads[1].inputs
    way = with_services(way, moved, (then, now), both, rules, (readings[1], readings[1].span(days)))
    listed = way.split.cases.drop(columns="unit").rename(columns={"kind": "cause"})
    return way, listed.assign(points=listed["points"].map(float))


def _told(way: Movement) -> dict[str, Any]:
    parts = way.split.by_kind("")
    explained = way.start + way.rules + way.report + way.catalogue + sum(parts.values(), Fraction(0))
    return {
        "start": str(rounded(way.start)),
        "rules": str(rounded(way.rules)),
        "report": str(rounded(way.report)),
        "catalogue": str(rounded(way.catalogue)),
        "causes": {cause: str(rounded(points)) for cause, points in parts.items()},
        "facts": int(way.split.cases["case_code"].nunique()),
        "end": str(rounded(way.end)),
        "explained_exactly": explained == way.end,
    }
