"""What the items of fees and supplements add up to, row by row."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from tasks.rules.amounts import parse_dong
from tasks.rules.times import parse

Fee = tuple[int, str | None]
"""Row number, amount."""
Supplement = tuple[int, str | None, str | None]
"""Row number, when it was requested, when it was answered."""


def text_array(texts: list[str | None]) -> Any:
    """Texts as a pandas array of Arrow text; None is missing."""
    return pd.array(pa.array(texts, pa.large_string()), "string[pyarrow]")


def fee_facts(fees: list[Fee], index: pd.Index) -> pd.DataFrame:
    """`fee_total` and `amount_bad` of each row (see `nested.summarise`), with the rows' `index`."""
    texts = pd.Series(text_array([text for _, text in fees]))
    parsed = parse_dong(texts).assign(row=[number for number, _ in fees])
    by_row = parsed.groupby("row")
    places = pd.RangeIndex(len(index))
    facts = pd.DataFrame(
        {
            "fee_total": by_row["amount"].sum(min_count=1).reindex(places).astype("Int64"),
            "amount_bad": by_row["bad"].any().reindex(places, fill_value=False).astype(bool),
        }
    )
    return facts.set_axis(index)


def supplement_facts(supplements: list[Supplement], index: pd.Index) -> pd.DataFrame:
    """The `supplement_` facts of each row (see `nested.summarise`), with the rows' `index`."""
    asked = parse(pd.Series(text_array([requested for _, requested, _ in supplements])))
    replied = parse(pd.Series(text_array([answered for _, _, answered in supplements])))
    flat = pd.DataFrame(
        {
            "row": pd.Series([number for number, *_ in supplements], dtype="int64"),
            "requested_at": asked["at"],
            "answered_at": replied["at"],
            "bad": asked["bad"] | replied["bad"] | asked["at"].isna(),
            "precision": pd.concat([asked["precision"], replied["precision"]], axis=1).max(axis=1).astype("Int16"),
        }
    )
    waiting = (flat["answered_at"] - flat["requested_at"]).dt.total_seconds()
    flat["waiting_s"] = waiting.fillna(0).clip(lower=0).astype("int64")
    by_row = flat.sort_values(["row", "requested_at"], kind="stable").groupby("row")
    places = pd.RangeIndex(len(index))
    last = by_row.tail(1).set_index("row").reindex(places)
    facts = pd.DataFrame(
        {
            "supplement_requests": by_row.size().reindex(places, fill_value=0).astype("int16"),
            "supplement_requested_at": last["requested_at"],
            "supplement_answered": last["answered_at"].notna(),
            "supplement_waiting_s": by_row["waiting_s"].sum().reindex(places, fill_value=0).astype("int64"),
            "supplement_precision": by_row["precision"].max().reindex(places).astype("Int16"),
            "supplement_time_bad": by_row["bad"].any().reindex(places, fill_value=False).astype(bool),
        }
    )
    return facts.set_axis(index)
