"""The real path from wire records to findings, without orchestrator, network and Great Expectations.

Everything between the landing table and the ledger is the product's own. The expectations are the product's
declarations, evaluated here with plain pandas because importing Great Expectations takes seconds;
`test_declarations.py` holds the two evaluations together.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash
from sqlalchemy import Connection, Engine, Table, create_engine
from sqlalchemy.pool import StaticPool

from expectations.suites import SUITES, Rule
from schemas.codes import Side
from schemas.systems import OPENCPS, PORTAL
from schemas.window import Window
from tasks.rules.canonical import References, canonicalise
from tasks.rules.duplicates import CONFLICT, REREAD, identities, repeated_keys, with_duplicates
from tasks.rules.reconcile import Ground, reconcile
from tasks.rules.typed import typed
from tasks.sources.columns import to_table
from tasks.sources.drift import Drift
from tasks.warehouse import queries, tables
from tasks.warehouse.bulk import to_frame
from tasks.warehouse.ledger import FINDING_SCHEMA, remember
from tasks.warehouse.set_aside import QUARANTINE_SCHEMA
from tasks.warehouse.touched import Touched
from tasks.warehouse.window_ledger import WindowRows
from tasks.warehouse.writer import SideLoad, load_side

Record = dict[str, Any]
LAG, CONFIRM = timedelta(minutes=60), timedelta(hours=24)
KEY = b"a key of the tests"
SYSTEMS = {Side.CITY: OPENCPS, Side.PORTAL: PORTAL}
_SET_ASIDE = ["payload", "repeat", "reason", "reasons", "absent_fields"]


@dataclass
class Read:
    """What one side said: records by window. A window that is not among them was not read."""

    side: Side
    windows: dict[Window, list[Record]] = field(default_factory=dict)


def broken(rule: Rule, rows: pd.DataFrame) -> pd.Series:
    """Where typed rows break one declared expectation: plain bool."""
    a = rule.arguments
    match rule.type:
        case "ExpectColumnValuesToNotBeNull":
            return rows[a["column"]].isna()
        case "ExpectColumnValuesToBeNull":
            return rows[a["column"]].notna()
        case "ExpectColumnValuesToBeInSet":
            return rows[a["column"]].notna() & ~rows[a["column"]].isin(a["value_set"])
        case "ExpectColumnValueLengthsToBeBetween":
            return (rows[a["column"]].str.len() > a["max_value"]).fillna(False).astype(bool)
        case "ExpectColumnPairValuesAToBeGreaterThanB":
            return (rows[a["column_A"]] < rows[a["column_B"]]).fillna(False).astype(bool)
    raise AssertionError(f"no plain evaluation of {rule.type}")


def landed(read: Read) -> list[pd.DataFrame]:
    """What the landing zone holds of each window."""
    parts = []
    for window, records in read.windows.items():
        rows = to_frame(to_table(records, SYSTEMS[read.side], Drift(SYSTEMS[read.side])))
        parts.append(rows.assign(window_start=window.start, landing_file="landing/00000.parquet"))
    return parts


def _validated(read: Read, reverse: bool) -> tuple[pd.DataFrame, pd.DataFrame, list[WindowRows]]:
    """Accepted typed rows, rows set aside, counts by window; `reverse` reverses the columns of the landed rows."""
    batch = pd.concat(landed(read), ignore_index=True)
    batch["repeat"] = repeated_keys(batch.assign(identity=identities(batch["record_id"], batch["payload"])))
    rows = typed(read.side, batch[batch.columns[::-1]] if reverse else batch)
    rows["reason"] = pd.Series(pd.NA, index=rows.index, dtype="string[pyarrow]")
    for rule in reversed(SUITES[read.side]):  # the first rule leads, so it is written last
        rows["reason"] = rows["reason"].mask(broken(rule, rows), rule.reason.value)
    rows["reasons"] = rows["reason"]
    reread = rows["repeat"] == REREAD
    rows, conflict = with_duplicates(rows, rows["repeat"] == CONFLICT)
    fate = pd.Series("accepted", index=rows.index).mask(rows["reason"].notna(), "quarantined")
    fate = fate.mask(reread | conflict, "duplicate")
    bad = rows.loc[rows["reason"].notna() & ~reread].copy()
    bad["quarantine_id"] = [xxhash.xxh3_128_hexdigest(f"{read.side}{text}".encode()) for text in bad["payload"]]
    counts = []
    for window, records in read.windows.items():
        fates = fate[rows["window_start"] == window.start].value_counts()
        numbers = (int(fates.get(name, 0)) for name in ("accepted", "duplicate", "quarantined"))
        counts.append(WindowRows(window, len(records), *numbers))
    return rows.loc[fate == "accepted"].drop(columns=_SET_ASIDE), bad, counts


@dataclass
class Warehouse:
    """One DuckDB in memory for many examples, each in a transaction that is rolled back."""

    engine: Engine
    folder: Path

    @classmethod
    def at(cls, folder: Path) -> Warehouse:
        engine = create_engine("duckdb:///:memory:", poolclass=StaticPool)
        with engine.begin() as connection:
            tables.metadata.create_all(connection)
        return cls(engine, folder)

    @contextmanager
    def scratch(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            began = connection.begin()
            try:
                yield connection
            finally:
                began.rollback()

    def write(self, name: str, table: pa.Table) -> str:
        path = self.folder / f"{name}-{uuid.uuid4().hex}.parquet"
        pq.write_table(table, path)
        return str(path)

    def load(
        self,
        connection: Connection,
        reads: Sequence[Read],
        references: References,
        as_of: datetime,
        batch_rows: int = 100_000,
        reverse_columns: bool = False,
    ) -> dict[Side, dict[str, int]]:
        """Validate, clean and load both sides; the counts that `load_side` returns."""
        run_id = uuid.uuid4().hex
        counts = {}
        for read in reads:
            good, bad, windows = _validated(read, reverse_columns)
            slices = [good.iloc[n : n + batch_rows] for n in range(0, max(len(good), 1), batch_rows)]
            cases = [self.write("cases", canonicalise(read.side, part, references, KEY)) for part in slices]
            aside = pa.Table.from_pandas(bad[QUARANTINE_SCHEMA.names], schema=QUARANTINE_SCHEMA, preserve_index=False)
            load = SideLoad(read.side, cases, [self.write("quarantine", aside)], windows)
            counts[read.side] = load_side(connection, run_id, as_of, load)
        return counts

    def findings(
        self, connection: Connection, as_of: datetime, batch_rows: int = 100_000, only: Touched | None = None
    ) -> pd.DataFrame:
        """What the reconcile step finds in the warehouse at `as_of`, among the cases of `only`."""
        ground = Ground(
            as_of=pd.Timestamp(as_of),
            lag=pd.Timedelta(LAG),
            confirm=pd.Timedelta(CONFIRM),
            unreadable=frozenset(queries.open_quarantine(connection)["probable_code"].dropna()),
            windows=queries.windows_read(connection),
        )
        batches = queries.disagreeing(connection, batch_rows, only)
        return reconcile(batches, queries.doubled_records(connection, only), ground)

    def remember(
        self, connection: Connection, findings: pd.DataFrame, run_id: str, as_of: datetime, only: Table | None = None
    ) -> dict[str, int]:
        table = pa.Table.from_pandas(findings[FINDING_SCHEMA.names], schema=FINDING_SCHEMA, preserve_index=False)
        return remember(connection, run_id, as_of, [self.write("findings", table)], only)


def found(findings: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Findings as the oracle gives them: (case code, kind) -> verdict."""
    keys = list(zip(findings["case_code"], findings["kind"], strict=True))
    assert len(keys) == len(set(keys)), "one mismatch is reported twice"
    return dict(zip(keys, findings["verdict"], strict=True))


def day_windows(first: date, edges: Sequence[date], last: date) -> list[Window]:
    """Adjoining windows from `first` to `last` with the given inner edges."""
    points = [first, *edges, last]
    return [Window(a, b) for a, b in itertools.pairwise(points)]
