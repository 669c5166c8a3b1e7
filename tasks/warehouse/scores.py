"""Writes scores, what each kind costs, how sure a score is, and what each open mismatch costs.

Points come as whole multiples of 1e-10 and are stored so: nothing is rounded on the way.
"""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import ColumnElement, Connection, Numeric, Table, cast, literal, select

from schemas.crash import point
from tasks.warehouse.bulk import stage
from tasks.warehouse.index_tables import attribution, interval, other_score, published, recommendation, score
from tasks.warehouse.tables import mismatch

CITY_UNIT = "H26"
WHOLE = "all"

_STEP = Decimal("1e-10")
_TEXT, _COUNT = pa.string(), pa.int64()
_PLACE = [pa.field("level", _TEXT), pa.field("unit", _TEXT), pa.field("period", _TEXT), pa.field("indicator", _TEXT)]
LINE_SCHEMA = pa.schema(
    [
        *_PLACE,
        pa.field("side", _TEXT),
        pa.field("numerator", _COUNT),
        pa.field("denominator", _COUNT),
        pa.field("points", _COUNT),
    ]
)
PART_SCHEMA = pa.schema([*_PLACE, pa.field("kind", _TEXT), pa.field("points", _COUNT)])
INTERVAL_SCHEMA = pa.schema(
    [
        *_PLACE,
        pa.field("side", _TEXT),
        pa.field("unread", _COUNT),
        pa.field("stale", _COUNT),
        pa.field("lowest", _COUNT),
        pa.field("highest", _COUNT),
    ]
)
ADVICE_SCHEMA = pa.schema([pa.field("place", _COUNT), pa.field("case_code", _TEXT), pa.field("regained", _COUNT)])
OTHER_SCHEMA = pa.schema([pa.field("rules", _TEXT), *LINE_SCHEMA])
PUBLISHED_SCHEMA = pa.schema(
    [
        pa.field("period", _TEXT),
        pa.field("unit", _TEXT),
        pa.field("indicator", _TEXT),
        *(pa.field(f"published{part}", _COUNT) for part in ("_numerator", "_denominator", "")),
        *(pa.field(f"recomputed{part}", _COUNT) for part in ("_numerator", "_denominator", "")),
        pa.field("difference", _COUNT),
        pa.field("cause", _TEXT),
    ]
)
_COST_SCHEMA = pa.schema([pa.field("case_code", _TEXT), pa.field("kind", _TEXT), pa.field("points", _COUNT)])


def points_of(steps: ColumnElement[int]) -> ColumnElement[Decimal]:
    """Steps of 1e-10 as points, by a multiplication of decimals: exact in both engines."""
    return cast(cast(steps, Numeric(18, 0)) * literal(_STEP, Numeric(11, 10)), Numeric(18, 10))


def stage_frame(connection: Connection, name: str, schema: pa.Schema, frame: pd.DataFrame) -> Table:
    """A temporary table filled from a frame with the columns of `schema`."""
    with tempfile.TemporaryDirectory(prefix="hoso-") as folder:
        file = Path(folder) / f"{name}.parquet"
        pq.write_table(pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False), file)
        return stage(connection, name, schema, [str(file)])


def write_scores(connection: Connection, run_id: str, lines: pd.DataFrame) -> None:
    """Add a run's score lines: columns of LINE_SCHEMA, points in steps of 1e-10."""
    _append(connection, run_id, score, stage_frame(connection, "stage_score", LINE_SCHEMA, lines), ["points"])
    point("warehouse.scores.after_lines")


def write_parts(connection: Connection, run_id: str, parts: pd.DataFrame) -> None:
    """Add a run's attribution: columns of PART_SCHEMA, points in steps of 1e-10."""
    _append(connection, run_id, attribution, stage_frame(connection, "stage_part", PART_SCHEMA, parts), ["points"])
    point("warehouse.scores.after_parts")


def write_intervals(connection: Connection, run_id: str, intervals: pd.DataFrame) -> None:
    """Add a run's intervals: columns of INTERVAL_SCHEMA, points in steps of 1e-10."""
    staged = stage_frame(connection, "stage_interval", INTERVAL_SCHEMA, intervals)
    _append(connection, run_id, interval, staged, ["lowest", "highest"])
    point("warehouse.scores.after_intervals")


def write_advice(connection: Connection, run_id: str, advice: pd.DataFrame) -> None:
    """Add a run's recommended pushes: columns of ADVICE_SCHEMA, regained points in steps of 1e-10."""
    _append(
        connection, run_id, recommendation, stage_frame(connection, "stage_advice", ADVICE_SCHEMA, advice), ["regained"]
    )
    point("warehouse.scores.after_advice")


def write_other_scores(connection: Connection, run_id: str, lines: pd.DataFrame) -> None:
    """Add a run's score lines by other rule sets: columns of OTHER_SCHEMA, points in steps of 1e-10."""
    _append(connection, run_id, other_score, stage_frame(connection, "stage_other", OTHER_SCHEMA, lines), ["points"])
    point("warehouse.scores.after_other_rules")


def write_published(connection: Connection, run_id: str, lines: pd.DataFrame) -> None:
    """Add a run's comparison with published figures: columns of PUBLISHED_SCHEMA, points in steps of 1e-10."""
    staged = stage_frame(connection, "stage_published", PUBLISHED_SCHEMA, lines)
    _append(connection, run_id, published, staged, ["published", "recomputed", "difference"])


def _append(connection: Connection, run_id: str, table: Table, staged: Table, points: list[str]) -> None:
    names = [column.name for column in staged.c]
    values = [points_of(staged.c[name]) if name in points else staged.c[name] for name in names]
    connection.execute(table.insert().from_select(["run_id", *names], select(literal(run_id), *values)))


def write_costs(connection: Connection, costs: pd.DataFrame) -> None:
    """Give every open mismatch what it costs the city: `case_code`, `kind`, `points` in steps of 1e-10, one row each.

    Every other mismatch costs 0: it is resolved, nobody can be sure of it, or it changes no count.
    """
    connection.execute(mismatch.update().values(points_lost=literal(Decimal(0), mismatch.c.points_lost.type)))
    point("warehouse.scores.after_costs_reset")
    staged = stage_frame(connection, "stage_cost", _COST_SCHEMA, costs)
    connection.execute(
        mismatch.update()
        .values(points_lost=points_of(staged.c.points))
        .where(
            mismatch.c.case_code == staged.c.case_code,
            mismatch.c.kind == staged.c.kind,
            mismatch.c.resolved_at.is_(None),
        )
    )
    point("warehouse.scores.after_costs")
