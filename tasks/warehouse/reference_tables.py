"""The tables of reference data: catalogues as last read, and the site's own files."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Date, Integer, SmallInteger, Table, Text

from tasks.warehouse.tables import metadata

agency: Final = Table(
    "ref__agency",
    metadata,
    Column("agency_code", Text, primary_key=True),
    Column("agency_name", Text, primary_key=True),
    Column("agency_level", Text),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    comment="Agencies and their aliases, effective-dated; the portal names agencies, the city codes them.",
)

agency_alias: Final = Table(
    "ref__agency_alias",
    metadata,
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("alias", Text, nullable=False),
    Column("agency_code", Text, nullable=False),
    Column("valid_from", Date),
    Column("valid_to", Date),
    comment="Codes and names of agencies that were merged, split or renamed; the site's file as last read.",
)

case_code_form: Final = Table(
    "ref__case_code",
    metadata,
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("old_form", Text, nullable=False),
    Column("new_form", Text, nullable=False),
    comment="Old and new forms of case codes, or of their beginnings; the site's file as last read.",
)

procedure_alias: Final = Table(
    "ref__procedure_code",
    metadata,
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False),
    Column("procedure_code", Text, nullable=False),
    Column("valid_from", Date),
    Column("valid_to", Date),
    comment="Local and renumbered procedure codes with the national code of today; the site's file as last read.",
)

procedure: Final = Table(
    "ref__procedure",
    metadata,
    Column("procedure_code", Text, primary_key=True),
    Column("procedure_name", Text),
    Column("field_code", Text),
    Column("field_name", Text),
    Column("max_days", SmallInteger),
    Column("has_fee", Boolean),
    Column("returns_document", Boolean),
    Column("offered_online", Boolean),
    Column("population_linked", Boolean),
    Column("offices", Text),
    Column("procedure_level", Text),
    comment="Procedures of the national catalogue as last read.",
)
