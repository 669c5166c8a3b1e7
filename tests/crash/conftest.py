"""A warm process to fork from, on each engine the warehouses that undisturbed runs leave, and the crashes of a session,
some at a time."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy.engine import URL, make_url

import tests.warehouse.conftest as warehouses
from tests.crash.order import WARM, Order, give
from tests.crash.scenes import SCENES, Crash

postgres = warehouses.postgres
READS = ("monday", "tuesday", "wednesday", "monday_late")

Copy = Callable[[str | None], AbstractContextManager[str]]
"""A copy of the warehouse at a URL, or an empty one, as long as the context lasts; its URL."""


@dataclass
class Undisturbed:
    """What is in a warehouse of one engine after runs that nobody disturbed. Each history is made once, for all
    threads."""

    copy: Copy
    folder: Path
    stack: ExitStack
    prepared: Path | None
    _made: dict[tuple[str, ...], tuple[str, Path]] = field(default_factory=dict)
    _making: threading.RLock = field(default_factory=threading.RLock)

    def url(self, reads: tuple[str, ...]) -> str | None:
        """A warehouse to copy; None for one in which nothing ever ran."""
        return self._after(reads)[0] if reads else None

    def dump(self, reads: tuple[str, ...]) -> list[str]:
        return self._after(reads)[1].read_text(encoding="utf-8").splitlines()

    def _after(self, reads: tuple[str, ...]) -> tuple[str, Path]:
        with self._making:
            if reads not in self._made:
                url = self.stack.enter_context(self.copy(self.url(reads[:-1])))
                folder = self.folder / "-".join(reads)
                folder.mkdir()
                order = Order(url, folder, reads[-1:], "undisturbed", prepared=self.prepared)
                assert give(order) == 0
                self._made[reads] = (url, order.dump)
            return self._made[reads]


@pytest.fixture(scope="session", autouse=True)
def warm() -> None:
    multiprocessing.get_context("forkserver").set_forkserver_preload([WARM])


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every read, read in, validated and cleaned by a process that ended well."""
    folder = tmp_path_factory.mktemp("prepared")
    assert give(Order("", folder, READS, "prepared"), "prepare") == 0
    return folder


@pytest.fixture(scope="session")
def duckdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Undisturbed]:
    folder = tmp_path_factory.mktemp("duckdb")

    @contextmanager
    def copy(template: str | None) -> Iterator[str]:
        file = folder / f"{uuid.uuid4().hex}.duckdb"
        if template:
            database = make_url(template).database
            assert database
            shutil.copyfile(database, file)
        yield f"duckdb:///{file}"
        for left in folder.glob(f"{file.stem}*"):
            left.unlink()

    with ExitStack() as stack:
        yield Undisturbed(copy, folder, stack, prepared=None)


@pytest.fixture(scope="session")
def postgresql(postgres: URL, prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Undisturbed]:
    @contextmanager
    def copy(template: str | None) -> Iterator[str]:
        name = make_url(template).database if template else "template1"
        assert name
        with warehouses.database(postgres, name) as url:
            yield url.render_as_string(hide_password=False)

    with ExitStack() as stack:
        yield Undisturbed(copy, tmp_path_factory.mktemp("postgresql"), stack, prepared)


@pytest.fixture(scope="session")
def outcomes(
    request: pytest.FixtureRequest, prepared: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Crash, Future[tuple[int, Path]]]]:
    """Every crash that the session's tests ask for, begun at once: the signal or exit code of the killed run, and the
    dump of the resumed one."""
    asked = [item.callspec.params.get("crash") for item in request.session.items if hasattr(item, "callspec")]
    crashes = [crash for crash in asked if isinstance(crash, Crash)]
    engines = {crash.engine: request.getfixturevalue(crash.engine) for crash in crashes}
    pool = ThreadPoolExecutor(os.cpu_count())
    yield {
        crash: pool.submit(_crash, engines[crash.engine], crash, prepared, tmp_path_factory.mktemp("crash"))
        for crash in crashes
    }
    pool.shutdown(cancel_futures=True)


def _crash(undisturbed: Undisturbed, crash: Crash, prepared: Path, folder: Path) -> tuple[int, Path]:
    before, read = SCENES[crash.scene]
    ready = None if crash.before_load else prepared
    with undisturbed.copy(undisturbed.url(before)) as url:
        code = give(Order(url, folder, (read,), "killed", crash.label, ready, crash.draw))
        resumed = Order(url, folder, (read,), "resumed", None, ready, crash.draw)
        give(resumed)
    return code, resumed.dump
