"""What the cases of a period show of their procedures, counted in SQL."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, func, or_, select

from schemas.measures import FLAGS, SHOWING
from schemas.period import Period
from tasks.warehouse.bulk import fetch, to_frame
from tasks.warehouse.index_counts import counted, passes
from tasks.warehouse.published import keeps_cases, known_cases


def service_cells(
    connection: Connection, days: Period, at: datetime | None = None, publication_id: str = ""
) -> pd.DataFrame:
    """Cases received in a period as known at `at` (or to a publication): `side`, `agency_code`, `procedure_code`, and
    how many pass each measure of SHOWING; combinations of which none does are absent."""
    cases = known_cases(at, keeps_cases(connection, publication_id))
    keys = [cases.c.side, cases.c.agency_code, cases.c.procedure_code]
    showing = {name: passes(cases, FLAGS[name].ways) for name in SHOWING}
    rows = (
        select(*keys, *(func.count().filter(way).label(name) for name, way in showing.items()))
        .where(
            counted(cases),
            cases.c.procedure_code.is_not(None),
            cases.c.received_day >= days.start,
            cases.c.received_day < days.end,
            or_(*showing.values()),
        )
        .group_by(*keys)
    )
    return to_frame(fetch(connection, rows))
