"""The lag between the sides, measured from changes that were seen to arrive.

Nobody tells when a change arrived. What is known is an interval: at the last read without it the change was `low` old,
at the first read that showed it `high`. From many such intervals the distribution of the lag is estimated by maximum
likelihood (Turnbull's estimator, found by expectation maximisation); where the intervals leave open where inside them
the lag lies, its longest possible value is taken. Changes that never arrive are not among them and cannot stretch it.

Age counts from the change, in the clock of its source corrected by the measured skew, to the clock reading of the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from schemas.codes import Side
from schemas.lag import ALL, GRID, MIN_OBSERVATIONS, ORIGIN
from tasks.rules.reads import last_read

COUNT_COLUMNS: Final = ("direction", "procedure_code", "low", "high", "arrivals")
LAG_COLUMNS: Final = ("direction", "procedure_code", "observations", "p50_seconds", "p99_seconds", "deadline_seconds")

TAIL: Final = 2.043
"""Standard deviations of the one in a million (4.753) by those of the 99th percentile (2.326): a lag is about
lognormal, so its one in a million lies at p50 * (p99 / p50) ** TAIL."""

_STEPS: Final = 300
_ENOUGH: Final = 1e-7


def observed(news: pd.DataFrame, reads: pd.DataFrame, skew: Mapping[Side, pd.Timedelta]) -> pd.DataFrame:
    """What `intervals` takes, of changes that a run saw for the first time (`tasks.warehouse.lag.arrived`), the earlier
    reads of every window (`side`, `window_start`, `window_end`, `read_at`) and how far each side's clock is ahead."""
    parts = []
    for direction, origin in ORIGIN.items():
        part = news.loc[news["direction"] == direction.value]
        changed = part["changed_at"] - skew.get(origin, pd.Timedelta(0))
        without = last_read(part["listed_day"], reads, origin.other)
        parts.append(part.assign(changed_at=changed, last_without=without))
    return pd.concat(parts, ignore_index=True)


def intervals(arrivals: pd.DataFrame, repaired: pd.Timedelta) -> pd.DataFrame:
    """Arrivals on the grid: COUNT_COLUMNS, one row for each distinct interval.

    `arrivals`: `direction`, `procedure_code`, and UTC times `changed_at` (corrected by the skew), `last_without` (the
    last read that did not show the change), `first_with`. Those that cannot be told are left out: without an earlier
    read nobody saw the change missing, and one made after the read that shows it has no age.
    What was still missing at the age `repaired` was confirmed then, and somebody sent it again: that says nothing about
    the way.
    """
    high = (arrivals["first_with"] - arrivals["changed_at"]).dt.total_seconds()
    low = (arrivals["last_without"] - arrivals["changed_at"]).dt.total_seconds()
    told = low.lt(repaired.total_seconds()) & high.gt(0) & high.le(GRID[-1]) & (low < high)
    binned = pd.DataFrame(
        {
            "direction": arrivals.loc[told, "direction"],
            "procedure_code": arrivals.loc[told, "procedure_code"].fillna(ALL),
            "low": np.searchsorted(GRID, low[told].clip(lower=0).to_numpy(), side="right") - 1,
            "high": np.searchsorted(GRID, high[told].to_numpy(), side="left"),
        }
    )
    return binned.groupby(["direction", "procedure_code", "low", "high"], as_index=False).size().set_axis(
        list(COUNT_COLUMNS), axis=1
    )  # fmt: skip


def lags(counts: pd.DataFrame, confirm: pd.Timedelta) -> pd.DataFrame:
    """LAG_COLUMNS for each direction (`procedure_code` ALL) and procedure with MIN_OBSERVATIONS or more, in seconds.

    `counts`: COUNT_COLUMNS. `confirm` bounds the deadline unless the lag is even longer.
    """
    found = []
    for direction, own in counts.groupby("direction", sort=True):
        found.append(_line(str(direction), ALL, own, confirm))
        by_procedure = own.loc[own["procedure_code"] != ALL].groupby("procedure_code", sort=True)
        found += [_line(str(direction), str(code), part, confirm) for code, part in by_procedure]
    lines = [line for line in found if line is not None]
    return pd.DataFrame(lines, columns=list(LAG_COLUMNS))


def _line(direction: str, code: str, counts: pd.DataFrame, confirm: pd.Timedelta) -> tuple[object, ...] | None:
    seen = int(counts["arrivals"].sum())
    if seen < MIN_OBSERVATIONS:
        return None
    merged = counts.groupby(["low", "high"], as_index=False)["arrivals"].sum()
    low, high, rows = (merged[name].to_numpy(dtype=np.int64) for name in ("low", "high", "arrivals"))
    at, share = distribution(low, high, rows)
    # A few hundred observations can miss the tail: the deadline counts from the percentile's upper bound.
    cautious = min(0.99 + 2 * (0.99 * 0.01 / seen) ** 0.5, 1 - 0.5 / seen)
    p50, p99, upper = (_quantile(at, share, q) for q in (0.5, 0.99, cautious))
    deadline = p50 * (upper / p50) ** TAIL
    deadline = float(np.clip(deadline, 2 * upper, max(confirm.total_seconds(), 4 * upper)))
    return direction, code, seen, *(int(np.ceil(seconds)) for seconds in (p50, p99, deadline))


def distribution(
    low: NDArray[np.int64], high: NDArray[np.int64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lags in seconds, ascending, and the share of changes that took each, from `rows` changes in each (low, high]."""
    ends, starts = np.unique(high), np.unique(low)
    before = np.concatenate([[-1], ends[:-1]])
    inner = starts[np.searchsorted(starts, ends, side="left") - 1] >= before
    at = ends[inner]  # mass anywhere else would be no likelier: Turnbull's innermost intervals, at their longest
    first, after = np.searchsorted(at, low, side="right"), np.searchsorted(at, high, side="right")
    share = np.full(len(at), 1 / len(at))
    for _ in range(_STEPS):
        upto = np.concatenate([[0.0], np.cumsum(share)])
        weight = rows / np.maximum(upto[after] - upto[first], 1e-300)
        opened = np.bincount(first, weight, len(at) + 1) - np.bincount(after, weight, len(at) + 1)
        better = share * np.cumsum(opened)[:-1] / rows.sum()
        moved = np.abs(better - share).max()
        share = better
        if moved < _ENOUGH:
            break
    return GRID[at], share


def _quantile(at: NDArray[np.float64], share: NDArray[np.float64], q: float) -> float:
    return float(at[min(int(np.searchsorted(np.cumsum(share), q * share.sum())), len(at) - 1)])


def limits(
    direction: pd.Series, procedure: pd.Series, measured: pd.DataFrame, lag: pd.Timedelta, confirm: pd.Timedelta
) -> tuple[pd.Series, pd.Series]:
    """Until which age a mismatch is in flight, and from which one confirmed: two columns of Timedelta, index of
    `direction`.

    In flight as long as 99 of 100 changes of the procedure take, else of the direction, else the setting `lag`.
    Confirmed from the deadline on: the procedure's, but never before its direction's, for the rare long lag shows in
    many observations only; else the setting `confirm`. `measured` has LAG_COLUMNS.
    """
    until = np.full(len(direction), lag.total_seconds())
    sure = np.full(len(direction), confirm.total_seconds())
    for way, own in measured.groupby("direction"):
        rows = np.flatnonzero((direction == way).to_numpy(dtype=bool))
        codes, known = procedure.iloc[rows].fillna(ALL), own.set_index("procedure_code")
        for limit, name in ((until, "p99_seconds"), (sure, "deadline_seconds")):
            seconds = known[name].astype("float64").to_dict()
            default = seconds.get(ALL, lag.total_seconds() if limit is until else confirm.total_seconds())
            limit[rows] = codes.map(seconds).astype("float64").fillna(default).to_numpy()
        sure[rows] = np.maximum(sure[rows], float(known["deadline_seconds"].get(ALL, 0)))
    return tuple(  # type: ignore[return-value]
        pd.Series(pd.to_timedelta(seconds, unit="s"), index=direction.index) for seconds in (until, sure)
    )
