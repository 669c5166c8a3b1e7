"""The services behind the envelope. One table maps the name of a service to what it does.

The real portal answers a whole batch with one code and no result for each record, so a partial failure is invisible:
here too, good records of a batch are kept and the first error is the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sandbox.cases.working_time import EPOCH
from sandbox.moods import Temper
from sandbox.portal.catalogue import CatalogueServices
from sandbox.portal.checks import FAILED, ServiceError, check_case
from sandbox.portal.store import PortalStore
from sandbox.world import World

MOST_ROWS = 1_000
STEP_FIELDS = ("MaHoSo", "NguoiXuLy", "ThoiDiemXuLy", "NoiDungXuLy", "TrangThai")
Envelope = dict[str, Any]
Record = dict[str, Any]

EXISTS = "3"
WRITES = frozenset({"DongBoHoSoMC", "CapNhatTienDoHoSoMC"})
"""Services that change something."""


@dataclass
class Answer:
    result: list[Record] = field(default_factory=list)
    message: str = "Thành công"
    total: int | None = None


class PortalServices:
    def __init__(self, world: World, temper: Temper) -> None:
        self.store = PortalStore(world)
        self._temper = temper
        catalogue = CatalogueServices(world.catalogue)
        self._table: dict[str, Callable[[Envelope], Answer]] = {
            "DanhSachHoSo": self._list,
            "TraCuuHoSo": self._look_up,
            "DongBoHoSoMC": self._push,
            "CapNhatTienDoHoSoMC": self._push_steps,
            "LayDanhMucCoQuan": lambda envelope: Answer(catalogue.agencies()),
            "LayDanhMucLinhVuc": lambda envelope: Answer(catalogue.fields()),
            "LayDanhSachTTHC": lambda envelope: Answer(catalogue.procedures()),
            "LayThuTuc": lambda envelope: Answer(catalogue.procedure(str(envelope.get("maTTHC", "")))),
        }

    def perform(self, envelope: Envelope) -> Answer:
        service = self._table.get(str(envelope.get("service")))
        if service is None:
            raise ServiceError(FAILED, "Dịch vụ không tồn tại")
        return service(envelope)

    def _list(self, envelope: Envelope) -> Answer:
        first, last = _day(envelope, "ngayNhan1"), _day(envelope, "ngayNhan2")
        page, size = _number(envelope, "trang", 1), min(_number(envelope, "soDong", 100), MOST_ROWS)
        start = self._temper.aim((page - 1) * size, size)
        editing = page > 1 and self._temper.takes("edits")
        rows = self.store.window(first, last, edit_before=(page - 1) * size if editing else 0)
        return Answer(self.store.render(rows[start : start + size]), total=len(rows))

    def _look_up(self, envelope: Envelope) -> Answer:
        return Answer(self.store.render(self.store.rows_of(str(envelope.get("mahoso", "")))))

    def _push(self, envelope: Envelope) -> Answer:
        updating = str(envelope.get("isUpdating")) == "True"
        return self._each(envelope, lambda record: self._push_one(record, updating))

    def _push_steps(self, envelope: Envelope) -> Answer:
        return self._each(envelope, self._push_step)

    def _each(self, envelope: Envelope, keep: Callable[[Record], None]) -> Answer:
        records = envelope.get("data")
        if not isinstance(records, list) or not records or not all(isinstance(record, dict) for record in records):
            raise ServiceError(FAILED, "Dữ liệu không hợp lệ")
        first_error: ServiceError | None = None
        for record in records:
            try:
                keep(record)
            except ServiceError as error:
                first_error = first_error or error
        if first_error:
            raise first_error
        return Answer(message="Đồng bộ thành công")

    def _push_one(self, record: Record, updating: bool) -> None:
        if self._temper.takes("refuse_push"):
            raise ServiceError(FAILED, "Hồ sơ không hợp lệ")
        check_case(record)
        exists = len(self.store.rows_of(str(record["MaHoSo"]))) > 0
        if updating and not exists:
            raise ServiceError(FAILED, "Hồ sơ không tồn tại")
        if exists and not updating:
            raise ServiceError(EXISTS, "Hồ sơ đã tồn tại")
        if self._temper.takes("lose_push"):
            return
        if self._temper.takes("alter_push"):
            record = record | {"NgayHenTra": ""}
        if updating:
            self.store.update(record)
        else:
            self.store.create(record)

    def _push_step(self, step: Record) -> None:
        missing = [name for name in STEP_FIELDS if not step.get(name)]
        if missing:
            raise ServiceError(FAILED, f"Thiếu thông tin bắt buộc: {', '.join(missing)}")
        if not len(self.store.rows_of(str(step["MaHoSo"]))):
            raise ServiceError(FAILED, "Hồ sơ không tồn tại")
        self.store.add_step(step)


def _day(envelope: Envelope, name: str) -> int:
    try:
        return (date.fromisoformat(str(envelope.get(name))) - EPOCH).days
    except ValueError as error:
        raise ServiceError(FAILED, f"{name} không hợp lệ") from error


def _number(envelope: Envelope, name: str, default: int) -> int:
    text = str(envelope.get(name, default))
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ServiceError(FAILED, f"{name} không hợp lệ")
    return int(text)
