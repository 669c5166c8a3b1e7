"""Reference tables that a site keeps in files: what different codes and names mean the same."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

VALIDITY: Final = ("valid_from", "valid_to")
"""First day on which a line holds, and first day on which it no longer does; empty: without bound. The day is that
under which the case is listed."""

FILES: Final = MappingProxyType(
    {
        "case_codes": ("old_form", "new_form"),
        "procedure_codes": ("code", "procedure_code", *VALIDITY),
        "agency_aliases": ("alias", "agency_code", *VALIDITY),
    }
)
"""File (`<name>.csv`) -> its columns.

- `case_codes`: two forms of one case's code, whole, or their beginnings up to the first hyphen.
- `procedure_codes`: local codes, and national ones that were renumbered, with the national code of today.
- `agency_aliases`: codes and names of agencies that were merged, split or renamed, with the code of the one that has
  their cases."""
