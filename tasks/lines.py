"""The lines of a period at every level, from what the warehouse knew at a time or a publication knew."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
from sqlalchemy import Connection

from schemas.period import Period, timeline
from schemas.publication import LEVELS, Inputs
from schemas.ruleset import RuleSet
from tasks.rules.publication import publication_lines
from tasks.warehouse import publications
from tasks.warehouse.index_counts import index_groups
from tasks.warehouse.scores import CITY_UNIT


def lines_of(
    connection: Connection, days: Period, at: datetime, rules: RuleSet, inputs: Inputs, publication_id: str = ""
) -> pd.DataFrame:
    """`tasks.rules.publication.LINE_COLUMNS` of the city, departments, communes, fields and procedures, both sides."""
    line = timeline([days], at)
    agencies, procedures = (
        index_groups(connection, rules, line, [key], at, publication_id) for key in ("agency_code", "procedure_code")
    )
    return publication_lines(agencies, procedures, days, line, rules, inputs, CITY_UNIT)


def inputs_now(connection: Connection, units: str) -> Inputs:
    """What a score takes from outside the cases, by today's catalogues; `units`: text of a units file or nothing."""
    levels, fields = publications.catalogues(connection)
    named = {code: LEVELS.get(level, "agency") for code, level in levels.items()}
    return Inputs(units=units, levels=named, fields=fields)
