"""The lines of a period at every level, from what the warehouse knew at a time or a publication knew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import pandas as pd
from sqlalchemy import Connection

from schemas.period import Period, timeline
from schemas.publication import LEVELS, Inputs, Service
from schemas.ruleset import RuleSet
from tasks.rules.publication import publication_lines
from tasks.warehouse import publications
from tasks.warehouse.index_counts import index_groups
from tasks.warehouse.scores import CITY_UNIT
from tasks.warehouse.service_cells import service_cells

CITY_NAMES: Final = frozenset({CITY_UNIT, f"000.00.00.{CITY_UNIT}"})
"""Codes under which catalogues name the city itself."""


def lines_of(
    connection: Connection, days: Period, at: datetime, rules: RuleSet, inputs: Inputs, publication_id: str = ""
) -> pd.DataFrame:
    """`tasks.rules.publication.LINE_COLUMNS` of the city, departments, communes, fields and procedures, both sides."""
    line = timeline([days], at)
    agencies, procedures = (
        index_groups(connection, rules, line, [key], at, publication_id) for key in ("agency_code", "procedure_code")
    )
    cells = service_cells(connection, days, at, publication_id)
    return publication_lines(agencies, procedures, cells, days, line, rules, inputs, CITY_UNIT)


def inputs_now(connection: Connection, units: str) -> Inputs:
    """What a score takes from outside the cases, by today's catalogues; `units`: text of a units file or nothing."""
    levels, fields = publications.catalogues(connection)
    named = {code: LEVELS.get(level, "agency") for code, level in levels.items()}
    services = {row["procedure_code"]: _service(row) for row in publications.procedures(connection)}
    return Inputs(units=units, levels=named, fields=fields, services=services)


def _service(row: Mapping[str, Any]) -> Service:
    """A procedure of the catalogue; the city itself is no office: it stands for all agencies of the level."""
    offices = tuple(code for code in (row["offices"] or "").split() if code not in CITY_NAMES)
    return Service(
        online=row["offered_online"],
        fee=row["has_fee"],
        population=row["population_linked"],
        offices=offices,
        level=LEVELS.get(row["procedure_level"] or "", ""),
    )
