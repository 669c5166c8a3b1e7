"""Mismatches that people set aside until a date, with a reason."""

from __future__ import annotations

from datetime import date

import pandas as pd

from schemas.mismatch import SELECTORS, Verdict


def set_aside(findings: pd.DataFrame, orders: pd.DataFrame, today: date) -> pd.DataFrame:
    """`findings` with `suppression_id`, and the verdict `suppressed` where an order holds.

    `orders`: `suppression_id`, SELECTORS, `until`; an order holds up to and with that day. Of several the first counts.
    """
    taken = pd.Series(pd.NA, index=findings.index, dtype="string[pyarrow]")
    for order in orders.loc[pd.to_datetime(orders["until"]) >= pd.Timestamp(today)].to_dict("records"):
        meant = taken.isna()
        for name in SELECTORS:
            if isinstance(order[name], str):
                meant &= (findings[name] == order[name]).fillna(False).astype(bool)
        taken = taken.mask(meant, order["suppression_id"])
    verdict = findings["verdict"].mask(taken.notna(), Verdict.SUPPRESSED.value)
    return findings.assign(verdict=verdict, suppression_id=taken)
