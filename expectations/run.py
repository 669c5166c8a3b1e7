"""Runs a side's suite over typed rows with Great Expectations.

Importing Great Expectations takes seconds, so it happens on the first call; its analytics are switched off before.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import pandas as pd

from expectations.suites import SUITES, Rule
from schemas.codes import Side

ROW: Final = "row_number"
"""Column that identifies a row within its batch."""

_COLUMN_ARGUMENTS: Final = ("column", "column_A", "column_B")

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")


@lru_cache(maxsize=2)
def _suite(side: Side) -> tuple[Any, Any]:
    """(batch definition, suite) of one side, made once a process."""
    import great_expectations as gx
    from great_expectations import expectations as gxe
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas(f"{side}_rows").add_dataframe_asset("typed")
    rules = [
        getattr(gxe, rule.type)(**rule.arguments, meta={"number": number}) for number, rule in enumerate(SUITES[side])
    ]
    return asset.add_batch_definition_whole_dataframe("batch"), gx.ExpectationSuite(name=side, expectations=rules)


def failures(side: Side, typed: pd.DataFrame) -> pd.DataFrame:
    """Rows that break a rule: columns `row` (position in `typed`) and `rule` (number in the side's suite), sorted.

    Every failing row is listed, however many: the result format is COMPLETE. Raises RuntimeError when an expectation
    itself fails to run, which would otherwise pass for "nothing wrong".
    """
    definition, suite = _suite(side)
    # Only the columns that some rule names: Great Expectations copies the whole frame many times over.
    named = {name for rule in SUITES[side] for name in map(rule.arguments.get, _COLUMN_ARGUMENTS) if name}
    frame = typed[sorted(named)].assign(**{ROW: range(len(typed))})
    complete = {"result_format": "COMPLETE", "unexpected_index_column_names": [ROW]}
    outcome = definition.get_batch(batch_parameters={"dataframe": frame}).validate(suite, result_format=complete)
    broken: list[tuple[int, int]] = []
    for result in outcome.results:
        number = int(result.expectation_config.meta["number"])
        if result.exception_info.get("raised_exception"):
            raise RuntimeError(f"rule {number} of the {side} suite could not run ({SUITES[side][number].type})")
        if not result.success:
            broken += [(int(entry[ROW]), number) for entry in result.result["unexpected_index_list"]]
    return pd.DataFrame(broken, columns=["row", "rule"], dtype="int64").sort_values(["row", "rule"])


def reasons(side: Side, broken: pd.DataFrame) -> pd.DataFrame:
    """Failures by row: index `row`, columns `reason` (the leading one) and `reasons` (all, comma-separated)."""
    rules: Sequence[Rule] = SUITES[side]
    named = broken.assign(reason=[rules[number].reason.value for number in broken["rule"]])
    by_row = named.drop_duplicates(["row", "reason"]).groupby("row")["reason"]
    return pd.DataFrame({"reason": by_row.first(), "reasons": by_row.agg(",".join)})
