"""Which pushes would close which mismatches: the plan a person approves before anything is sent."""

from __future__ import annotations

from typing import Any

import pandas as pd

from schemas.mismatch import KINDS, Actor, Kind

SAFE = frozenset(kind for kind, info in KINDS.items() if info.actor is Actor.CITY)
"""Kinds that sending the city's own record again closes; every other kind needs a person or another party first."""


def plan(mismatches: pd.DataFrame) -> list[dict[str, Any]]:
    """One push for each case, dearest first: `case_code`, `service`, `is_updating`, `closes` (kinds), `points`.

    `mismatches` are confirmed ones: `case_code`, `kind`, `points_lost`. A case that also has a kind which a push cannot
    close is left to people: its record on the portal may be someone else's.
    """
    unsafe = set(mismatches.loc[~mismatches["kind"].isin({str(kind) for kind in SAFE}), "case_code"])
    safe = mismatches.loc[~mismatches["case_code"].isin(unsafe)]
    pushes = [
        {
            "case_code": code,
            "service": "DongBoHoSoMC",
            "is_updating": Kind.MISSING_ON_PORTAL.value not in set(case["kind"]),
            "closes": sorted(case["kind"]),
            "points": str(case["points_lost"].sum()),
        }
        for code, case in safe.groupby("case_code", sort=True)
    ]
    return sorted(pushes, key=lambda push: (-float(push["points"]), push["case_code"]))
