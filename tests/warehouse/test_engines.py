"""Both engines take the same rows and give the same rows, one writer at a time."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Numeric, SmallInteger, cast, func, literal, select
from sqlalchemy.exc import DBAPIError

from errors import WarehouseError, WarehouseLocked
from schemas.case import CASE_SCHEMA
from tasks.warehouse import bulk, reference_tables, tables
from tasks.warehouse.engine import open_engine, open_reader, publish_snapshot, transaction
from tests.warehouse.conftest import Warehouse, settings_for

UTC_TIME = pa.timestamp("us", tz="UTC")
ODD = pa.schema(
    [
        pa.field("text", pa.string()),
        pa.field("number", pa.int64()),
        pa.field("small", pa.int16()),
        pa.field("flag", pa.bool_()),
        pa.field("day", pa.date32()),
        pa.field("at", UTC_TIME),
    ]
)
# The trouble of CSV, one by one: NULL against "", quotes, separators, line ends, the end mark, Vietnamese, the planes.
TEXTS = st.one_of(
    st.sampled_from(["", '"', "\\N", "\\.", "\n", "a\r\nb", ",", "%s", "NULL", " ", "Hoà Bình", "\U0001f4dc"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8),
)
TIMES = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))
ROWS = st.fixed_dictionaries(
    {
        "text": st.none() | TEXTS,
        "number": st.none() | st.integers(-(2**63), 2**63 - 1),
        "small": st.none() | st.integers(-(2**15), 2**15 - 1),
        "flag": st.none() | st.booleans(),
        "day": st.none() | st.dates(),
        "at": st.none() | TIMES,
    }
)


def written(folder: Path, table: pa.Table, parts: int = 1) -> list[str]:
    """The table in Parquet files."""
    step = -(-table.num_rows // parts) or 1
    files = [str(folder / f"part-{part}.parquet") for part in range(parts)]
    for part, file in enumerate(files):
        pq.write_table(table.slice(part * step, step), file)
    return files


def odd(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=ODD)


@settings(max_examples=40)
@given(rows=st.lists(ROWS, max_size=12))
def test_rows_go_in_and_come_out_unchanged(warehouse: Warehouse, tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    with warehouse.begin() as connection:
        staged = bulk.stage(connection, "stage_odd", ODD, written(tmp_path, odd(rows), parts=2))
        found = bulk.fetch(connection, select(staged))
    assert found.schema == ODD
    assert sorted(map(str, found.to_pylist())) == sorted(map(str, odd(rows).to_pylist()))


def test_one_column_of_nulls_keeps_its_rows(warehouse: Warehouse, tmp_path: Path) -> None:
    schema = pa.schema([pa.field("text", pa.string())])
    table = pa.table({"text": [None, "", None]}, schema=schema)
    with warehouse.begin() as connection:
        staged = bulk.stage(connection, "stage_thin", schema, written(tmp_path, table))
        assert sorted(map(str, bulk.fetch(connection, select(staged))["text"].to_pylist())) == ["", "None", "None"]
        assert connection.execute(select(func.count()).where(staged.c.text.is_(None))).scalar_one() == 2


def test_batches_are_bounded_and_leave_the_connection_free(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "COPY_ROWS", 700)
    table = odd([{"number": number, "text": str(number)} for number in range(5_000)])
    seen = []
    with warehouse.begin() as connection:
        staged = bulk.stage(connection, "stage_odd", ODD, written(tmp_path, table))
        batches = bulk.fetch_batches(connection, select(staged.c.number, staged.c.text), 1_000)
        connection.execute(staged.delete())  # what was asked before is what is given
        for batch in batches:
            assert batch.num_rows <= 2_048  # DuckDB gives whole vectors
            assert connection.execute(select(func.count()).select_from(staged)).scalar_one() == 0
            seen += batch.column(0).to_pylist()
        assert list(bulk.fetch_batches(connection, select(staged), 1_000)) == []
        assert bulk.fetch(connection, select(staged)).schema == ODD
    assert sorted(seen) == list(range(5_000))


def test_results_have_the_same_types_on_both_engines(on_duckdb: Warehouse, on_postgres: Warehouse) -> None:
    points = cast(literal(Decimal("1.5")), Numeric(18, 10))
    query = select(
        points.label("points"),
        func.sum(points).label("sum_of_points"),
        func.sum(cast(literal(3), BigInteger)).label("sum_of_integers"),
        func.count().label("rows"),
        func.avg(cast(literal(3), SmallInteger)).label("average"),
        literal("x").label("text"),
        literal(date(2026, 3, 1)).label("day"),
        literal(datetime(2026, 3, 1, tzinfo=UTC)).label("at"),
    ).select_from(select(literal(1).label("one")).subquery())
    found = []
    for warehouse in (on_duckdb, on_postgres):
        with warehouse.begin() as connection:
            found.append(bulk.fetch(connection, query))
            empty = bulk.fetch(connection, select(tables.version))
            assert [empty.schema.field(name).type for name in CASE_SCHEMA.names] == CASE_SCHEMA.types
    assert found[0].schema.remove_metadata() == found[1].schema.remove_metadata()
    assert found[0].to_pylist() == found[1].to_pylist()


def test_postgresql_takes_text_with_nul(on_postgres: Warehouse, tmp_path: Path) -> None:
    with on_postgres.begin() as connection:
        staged = bulk.stage(connection, "stage_odd", ODD, written(tmp_path, odd([{"text": "a\x00b"}])))
        assert bulk.fetch(connection, select(staged))["text"].to_pylist() == ["a\ufffdb"]


def test_a_refused_row_is_not_repeated_in_the_error(on_postgres: Warehouse, tmp_path: Path) -> None:
    before_christ = pa.array([-(10**17)], pa.int64()).cast(UTC_TIME)
    table = pa.table({"at": before_christ}, schema=pa.schema([ODD.field("at")]))
    with pytest.raises(WarehouseError, match=r"stage_odd: Invalid\w+ \(22") as caught, on_postgres.begin() as c:
        bulk.stage(c, "stage_odd", table.schema, written(tmp_path, table))
    assert "-1" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_statements_that_fail_do_not_show_their_values(warehouse: Warehouse) -> None:
    wrong = reference_tables.procedure.insert().values(procedure_code=None, procedure_name="Nguyễn Văn A")
    with pytest.raises(DBAPIError) as caught, warehouse.begin() as connection:
        connection.execute(wrong)
    assert "SQL parameters hidden" in str(caught.value)


HOLDER = """
import sys
from pathlib import Path
from tests.warehouse.conftest import settings_for
from tasks.warehouse.engine import open_engine, transaction
knobs = settings_for(sys.argv[1], Path(sys.argv[2]))
with transaction(open_engine(knobs), knobs):
    print("holding", flush=True)
    sys.stdin.readline()
"""


def test_a_second_writer_waits_and_then_says_who_holds_the_warehouse(warehouse: Warehouse, tmp_path: Path) -> None:
    url = warehouse.settings.warehouse
    command = [sys.executable, "-c", HOLDER, url, str(tmp_path)]
    hurried = warehouse.settings.model_copy(update={"warehouse_wait_seconds": 0.3})
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holding\n"
        with pytest.raises(WarehouseLocked) as caught, transaction(open_engine(hurried), hurried):
            pass
        holder.stdin.write("done\n")
        holder.stdin.flush()
        with warehouse.begin() as connection:  # it is free as soon as the other is done
            assert connection.execute(select(literal(1))).scalar_one() == 1
    assert holder.returncode == 0
    assert str(holder.pid) in str(caught.value)
    assert " since " in str(caught.value)


def test_readers_see_one_state_and_cannot_write(warehouse: Warehouse) -> None:
    row = reference_tables.procedure.insert().values(procedure_code="1.000001")
    count = select(func.count()).select_from(reference_tables.procedure)
    publish_snapshot(warehouse.settings)
    with open_reader(warehouse.settings).connect() as reader:
        assert reader.execute(count).scalar_one() == 0
        with warehouse.begin() as connection:  # a reader does not keep the writer out
            connection.execute(row)
        publish_snapshot(warehouse.settings)
        assert reader.execute(count).scalar_one() == 0
        with pytest.raises(DBAPIError, match=r"read-only"):
            reader.execute(row)
    with open_reader(warehouse.settings).connect() as reader:
        assert reader.execute(count).scalar_one() == 1


def test_a_snapshot_waits_for_no_reader_and_is_needed_by_all(on_duckdb: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="no snapshot"):
        open_reader(on_duckdb.settings)
    assert publish_snapshot(on_duckdb.settings) == tmp_path / "warehouse.snapshot.duckdb"
    assert sorted(path.name for path in tmp_path.glob("warehouse*")) == [
        "warehouse.duckdb",
        "warehouse.snapshot.duckdb",
    ]


def test_an_unreachable_server_is_a_warehouse_error(tmp_path: Path) -> None:
    knobs = settings_for("postgresql+psycopg://nobody:secret@127.0.0.1:1/none", tmp_path)
    with pytest.raises(WarehouseError) as caught, transaction(open_engine(knobs), knobs):
        pass
    assert "secret" not in str(caught.value)
