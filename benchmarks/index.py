"""The index from both sides against a bare GROUP BY over the same columns, and the attribution of every unit's gap.

`ours` counts all indicators that cases feed, alone or with a catalogue of 600 procedures, for 166 units, 12 months and
both sides, with cases carried over from month to month, and scores them. `bare` is one GROUP BY in DuckDB over the same
columns: side, unit, month of receipt, a sum for each measure, and the distinct procedures of four of them; `sums` is
the same without the procedures. `attribution` fetches the differing cases and splits the gap of every unit exactly.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import ARRAY, String, func, literal, select

from benchmarks.knobs import settings_for
from benchmarks.measure import Contestant, measure, ratios
from schemas.case import CASE_SCHEMA
from schemas.codes import Side
from schemas.measures import COUNTED, MEASURES, SERVICES
from schemas.period import Period, Timeline, months, timeline
from schemas.publication import Inputs, Service
from schemas.ruleset import RULE_SETS
from tasks.rules.attribution import attribute, deltas
from tasks.rules.cause import causes
from tasks.rules.index import both_sides, score_lines, spread
from tasks.rules.listed import listed, listed_lines
from tasks.rules.recommendation import portal_points
from tasks.warehouse.engine import create_tables, open_engine, transaction
from tasks.warehouse.index_counts import differing_pairs, index_groups
from tasks.warehouse.service_cells import service_counts
from tasks.warehouse.tables import version

UNITS = 166
PROCEDURES = 600
FIRST, LAST = date(2026, 1, 1), date(2027, 1, 1)
NOW = datetime(2026, 12, 20, 3, tzinfo=UTC)
FAULTY = 0.03
RUNS = 5
RULES = RULE_SETS["national/2"]
YEAR = Period.named("2026")


def run(cases: int, seed: int, folder: Path) -> dict[str, Any]:
    """`cases` cases on each side, 3 % of them differing."""
    prepare(cases, seed, folder)
    contestants = [Contestant(name, f"benchmarks.index:{name}") for name in ("sums", "bare", "ours", "attribution")]
    results = measure(contestants, folder, RUNS)
    pairs = [("ours", "sums"), ("ours", "bare"), ("attribution", "bare"), ("attribution", "ours")]
    return {"results": results, "ratios": ratios(results, pairs)}


def prepare(cases: int, seed: int, folder: Path) -> None:
    """A warehouse file with `cases` cases of the year on each side."""
    dice = np.random.default_rng(seed)
    city = _city(cases, dice)
    portal = _portal(city, dice)
    for side, frame in ((Side.CITY, city), (Side.PORTAL, portal)):
        table = pa.Table.from_pandas(frame, schema=_schema(), preserve_index=False)
        pq.write_table(table.append_column("side", pa.array([side.value] * table.num_rows)), folder / f"{side}.parquet")
    with _connection(folder) as connection:
        create_tables(connection)
        _fill(connection, [str(folder / f"{side}.parquet") for side in Side])


def _schema() -> pa.Schema:
    return CASE_SCHEMA.append(pa.field("recorded_from", pa.timestamp("us", tz="UTC"))).append(
        pa.field("run_id", pa.string())
    )


def _city(cases: int, dice: np.random.Generator) -> pd.DataFrame:
    hour = np.timedelta64(3_600_000_000, "us")
    received = np.datetime64("2026-01-01T01:00", "us") + dice.integers(0, 353 * 24, cases) * hour
    due = received + dice.integers(2 * 24, 30 * 24, cases) * hour
    ended = received + dice.integers(24, 32 * 24, cases) * hour
    over = (ended < np.datetime64(NOW.replace(tzinfo=None), "us")) & (dice.random(cases) < 0.97)
    ended = np.where(over, ended, np.datetime64("NaT"))
    utc = {"due_at": due, "deadline_at": due, "finished_at": ended, "clock_stopped_at": ended, "received_at": received}
    flags = {
        name: dice.random(cases) < 0.6 for name in ("has_result", "has_digitised_component", "has_reused_component")
    }
    flags |= {
        n: dice.random(cases) < 0.3 for n in ("has_stored_component", "account_verified_vneid", "population_linked")
    }
    frame = pd.DataFrame({name: pd.Series(at).dt.tz_localize("UTC") for name, at in utc.items()} | flags)
    frame["case_code"] = pd.Series(np.arange(cases)).map("H26-{:07}".format).astype("string[pyarrow]")
    frame["agency_code"] = pd.Series(dice.integers(1, UNITS + 1, cases)).map("H26.{}".format).astype("string[pyarrow]")
    frame["procedure_code"] = (
        pd.Series(dice.integers(0, PROCEDURES, cases)).map("1.{:06}".format).astype("string[pyarrow]")
    )
    frame["received_day"] = (received + 7 * hour).astype("datetime64[D]")
    frame["listed_day"] = frame["window_start"] = frame["received_day"]
    frame["status_code"] = np.where(over, 9, 4).astype("int16")
    frame["submission_channel"] = dice.integers(1, 4, cases).astype("int16")
    frame["online_payment"] = dice.integers(0, 3, cases).astype("int16")
    frame["fee_total"] = dice.integers(0, 3, cases) * 10_000
    frame["canonical_version"] = np.int16(1)
    frame["row_hash"] = frame["content_hash"] = np.arange(cases)
    frame["recorded_from"] = pd.Timestamp(NOW)
    frame["run_id"] = "benchmark"
    absent = {name: pd.Series([None] * cases, dtype=object) for name in _schema().names if name not in frame}
    whole: pd.DataFrame = frame.assign(**absent)[_schema().names]
    return whole


def _portal(city: pd.DataFrame, dice: np.random.Generator) -> pd.DataFrame:
    """The city's cases with faults: missing, overdue by the due time, another channel, no result, another agency."""
    portal = city.copy()
    faults = np.where(dice.random(len(city)) < FAULTY, dice.integers(1, 6, len(city)), 0)
    early = pd.Timestamp("2026-01-01", tz="UTC")
    portal.loc[faults == 2, ["due_at", "deadline_at"]] = early
    portal.loc[faults == 3, "submission_channel"] = np.int16(1)
    portal.loc[faults == 4, "has_result"] = False
    portal.loc[faults == 5, "agency_code"] = "H26.1"
    portal.loc[faults > 0, "row_hash"] += len(city)
    arrived: pd.DataFrame = portal.loc[faults != 1]
    return arrived


def _connection(folder: Path) -> Any:
    knobs = settings_for(folder, f"duckdb:///{folder / 'warehouse.duckdb'}")
    return transaction(open_engine(knobs), knobs)


def _fill(connection: Any, files: list[str]) -> None:
    names = ["side", *_schema().names]
    source = func.read_parquet(literal(files, type_=ARRAY(String))).table_valued(*names)
    connection.execute(version.insert().from_select(names, select(*(source.c[name] for name in names))))


def sums(folder: str) -> dict[str, int]:
    """One GROUP BY over the columns that the index reads, without those that count procedures."""
    return _grouped(folder, "")


def bare(folder: str) -> dict[str, int]:
    """One GROUP BY over all columns that the index reads."""
    return _grouped(
        folder,
        """,
            count(DISTINCT procedure_code) FILTER (submission_channel = 2),
            count(DISTINCT procedure_code) FILTER (fee_total > 0 AND online_payment IN (1, 2)),
            count(DISTINCT procedure_code) FILTER (fee_total IS NOT NULL),
            count(DISTINCT procedure_code) FILTER (population_linked)""",
    )


def _grouped(folder: str, more: str) -> dict[str, int]:
    database = duckdb.connect(str(Path(folder) / "warehouse.duckdb"))
    rows = database.sql(
        f"""
        SELECT side, agency_code, date_trunc('month', received_day) AS month, count(*),
            count(*) FILTER (coalesce(clock_stopped_at, TIMESTAMPTZ '2026-12-20 03:00:00+00') > deadline_at),
            count(*) FILTER (submission_channel = 2), count(*) FILTER (fee_total > 0),
            count(*) FILTER (fee_total > 0 AND online_payment IN (1, 2)), count(*) FILTER (has_result),
            count(*) FILTER (has_digitised_component AND has_result), count(*) FILTER (has_reused_component),
            count(*) FILTER (has_stored_component), count(*) FILTER (account_verified_vneid OR population_linked)
            {more}
        FROM core_cases__version
        WHERE recorded_to IS NULL AND status_code <> 1 AND received_day < DATE '2027-01-01'
        GROUP BY ALL
        """
    ).to_arrow_table()
    return {"rows": rows.num_rows}


def _whole(connection: Any, periods: list[Period]) -> tuple[pd.DataFrame, Timeline]:
    line = timeline(periods, NOW)
    keys = ["side", "agency_code"]
    counts = spread(index_groups(connection, RULES, line, ["agency_code"]), keys, periods, line)
    return both_sides(counts, ["agency_code", "period"]), line


def ours(folder: str) -> dict[str, int]:
    """All indicators that cases feed: every unit, every month, both sides."""
    with _connection(Path(folder)) as connection:
        each_month = months(FIRST, LAST)
        wide, _ = _whole(connection, each_month)
        procedures = listed(_catalogue(), [f"H26.{n}" for n in range(1, UNITS + 1)])
        shown = service_counts(connection, procedures, each_month)
    lines = score_lines(wide, ["agency_code", "period"], RULES)
    more = listed_lines(procedures, shown, [month.name for month in each_month], RULES)
    assert len(lines) == UNITS * 12 * len(COUNTED) * 2
    assert len(more) == UNITS * 12 * len(SERVICES) * 2
    return {"rows": len(lines) + len(more)}


def _catalogue() -> Inputs:
    """Every unit has every procedure: the most that there can be."""
    services = {f"1.{n:06}": Service(online=n % 3 > 0, fee=n % 2 > 0, level="commune") for n in range(PROCEDURES)}
    return Inputs(levels={f"H26.{n}": "commune" for n in range(1, UNITS + 1)}, services=services)


def attribution(folder: str) -> dict[str, float]:
    """The gap of every unit over the year, split over kinds and cases; parts summed up against the scores."""
    with _connection(Path(folder)) as connection:
        wide, line = _whole(connection, [YEAR])
        pairs = differing_pairs(connection)
    changes = deltas(pairs, RULES, line, line.span(YEAR), "agency_code")
    city, portal = (
        [{name: int(row[f"{side}_{name}"]) for name in MEASURES} for row in wide.to_dict("records")] for side in Side
    )
    counts = {unit: (ours, theirs, None) for unit, ours, theirs in zip(wide["agency_code"], city, portal, strict=True)}
    result = attribute(changes, causes(changes, _findings(pairs)), counts, RULES)
    gaps = {
        unit: portal_points(c, c["received"], RULES) - portal_points(p, c["received"], RULES)
        for unit, (c, p, _) in counts.items()
    }
    assert all(result.gap(unit) == gap for unit, gap in gaps.items())
    return {"differing": len(pairs), "parts": len(result.parts), "gap": round(float(sum(gaps.values())), 6)}


def _findings(pairs: pd.DataFrame) -> pd.DataFrame:
    """What the reconciliation of this warehouse would say."""
    kinds = {
        "missing_on_portal": pairs["portal_status_code"].isna(),
        "phantom_overdue": pairs["city_due_at"] != pairs["portal_due_at"],
        "channel_differs": pairs["city_submission_channel"] != pairs["portal_submission_channel"],
        "result_missing": pairs["city_has_result"] != pairs["portal_has_result"],
        "agency_differs": pairs["city_agency_code"] != pairs["portal_agency_code"],
    }
    there = pairs["portal_status_code"].notna()
    parts = [
        pairs.loc[where.fillna(False) & (there | (kind == "missing_on_portal")), ["case_code"]].assign(kind=kind)
        for kind, where in kinds.items()
    ]
    return pd.concat(parts, ignore_index=True).assign(verdict="confirmed", portal_value=None)
