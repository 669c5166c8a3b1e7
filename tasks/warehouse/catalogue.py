"""Writes the reference tables: agencies with their validity, procedures as last read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pandas as pd
from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from schemas.crash import point
from tasks.warehouse.queries import references
from tasks.warehouse.reference_tables import agency, agency_alias, case_code_form, procedure, procedure_alias

REFERENCES = {"case_codes": case_code_form, "procedure_codes": procedure_alias, "agency_aliases": agency_alias}
"""File of `schemas.references` -> the table that shows what was in it."""


def lend_catalogues(connection: Connection, folder: Path) -> None:
    """Put the catalogues as last read into a folder, which is made: `agencies.parquet`, `procedures.parquet`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in zip(("agencies", "procedures"), references(connection), strict=True):
        frame.to_parquet(folder / f"{name}.parquet", index=False)


def replace_references(connection: Connection, references: Mapping[str, pd.DataFrame]) -> None:
    """Take over the site's reference files as they are now."""
    for name, table in REFERENCES.items():
        connection.execute(delete(table))
        rows = references[name].astype(object)
        lines = rows.where(rows.notna(), None).assign(place=range(1, len(rows) + 1)).to_dict("records")
        if lines:
            connection.execute(insert(table), [{str(key): value for key, value in line.items()} for line in lines])


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
