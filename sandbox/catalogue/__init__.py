"""Who handles cases and what can be applied for: agencies, fields and procedures of the simulated city."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.catalogue.agencies import Agency, list_agencies
from sandbox.catalogue.procedures import Procedure, list_procedures


@dataclass(frozen=True)
class Catalogue:
    """The reference data that both systems share."""

    agencies: tuple[Agency, ...]
    procedures: tuple[Procedure, ...]


def load_catalogue() -> Catalogue:
    """The same catalogue in every world: reference data do not depend on the seed."""
    return Catalogue(agencies=list_agencies(), procedures=list_procedures())


__all__ = ["Agency", "Catalogue", "Procedure", "load_catalogue"]
