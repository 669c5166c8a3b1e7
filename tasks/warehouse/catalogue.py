"""Writes the reference tables: agencies with their validity, procedures as last read."""

from __future__ import annotations

from datetime import date

import pandas as pd
from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as upsert

from schemas.crash import point
from tasks.warehouse.tables import agency, procedure


def replace_catalogues(connection: Connection, agencies: pd.DataFrame, procedures: pd.DataFrame, today: date) -> None:
    """Take over today's catalogues. A name that is no longer listed is ended, never deleted: old cases still bear
    it."""
    listed = agencies.drop_duplicates(["agency_code", "agency_name"]).astype(object)
    rows = listed.where(listed.notna(), None).to_dict("records")
    insert = upsert(agency).values([row | {"valid_from": today, "valid_to": None} for row in rows])
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["agency_code", "agency_name"],
            set_={"agency_level": insert.excluded.agency_level, "valid_to": None},
        )
    )
    point("warehouse.catalogue.after_agencies")
    names = {(row["agency_code"], row["agency_name"]) for row in rows}
    known = connection.execute(select(agency.c.agency_code, agency.c.agency_name).where(agency.c.valid_to.is_(None)))
    for code, name in known.all():
        if (code, name) not in names:
            ended = (agency.c.agency_code == code) & (agency.c.agency_name == name)
            connection.execute(agency.update().values(valid_to=today).where(ended))
    point("warehouse.catalogue.after_ended")
    kept = procedures.drop_duplicates("procedure_code").astype(object)
    insert = upsert(procedure).values(kept.where(kept.notna(), None).to_dict("records"))
    changed = {column.name: insert.excluded[column.name] for column in procedure.columns if not column.primary_key}
    connection.execute(insert.on_conflict_do_update(index_elements=["procedure_code"], set_=changed))
    point("warehouse.catalogue.after_procedures")
