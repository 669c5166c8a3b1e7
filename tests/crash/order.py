"""What a child process is told to do. Imports little: the warm process has the rest in memory already."""

from __future__ import annotations

import multiprocessing
import traceback
from dataclasses import dataclass
from pathlib import Path

WARM = "tests.crash.warm"
PATIENCE = 120
"""Seconds after which a child is taken to hang."""


@dataclass(frozen=True)
class Order:
    """Runs to do one after the other in one new process, on the warehouse at `url`.

    `reads` are names in `tests.crash.reads.READS`; the run of each is called `<read>-<attempt>`. With `crash_at` the
    process ends itself there; otherwise it writes the warehouse's logical dump to `dump`.
    """

    url: str
    folder: Path
    reads: tuple[str, ...]
    attempt: str
    crash_at: str | None = None

    @property
    def dump(self) -> Path:
        return self.folder / f"{self.attempt}.dump"

    @property
    def error(self) -> Path:
        return self.folder / f"{self.attempt}.error"


def obey(order: Order) -> None:
    """The child's whole life. What it raises is left in a file."""
    from tests.crash import path

    try:
        path.follow(order)
    except BaseException:
        order.error.write_text(traceback.format_exc(), encoding="utf-8")
        raise


def give(order: Order) -> int:
    """Have a new process, forked from the warm one, do it; its exit code, negative for a signal."""
    context = multiprocessing.get_context("forkserver")
    child = context.Process(target=obey, args=(order,))
    child.start()
    child.join(PATIENCE)
    if child.exitcode is None:
        child.kill()
        child.join()
        raise AssertionError(f"a run hung: {order}")
    if child.exitcode > 0:
        raise AssertionError(order.error.read_text(encoding="utf-8") if order.error.exists() else f"{order} failed")
    return child.exitcode
