"""What a child process is told to do. Imports little: the warm process has the rest in memory already."""

from __future__ import annotations

import multiprocessing
import threading
import traceback
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

WARM = "tests.crash.warm"
PATIENCE = 120
"""Seconds after which a child is taken to hang."""


@dataclass(frozen=True)
class Order:
    """Runs to do one after the other in one new process, on the warehouse at `url`.

    `reads` are names in `tests.crash.reads.READS`; the run of each is called `<read>-<attempt>`. With `crash_at` the
    process ends itself there; otherwise it writes the warehouse's logical dump to `dump`. With `prepared`, what a
    process of its own read, validated and cleaned before (see `prepare`), the runs begin with the load. Without `draw`
    no page and no workbook is made: neither changes the warehouse.
    """

    url: str
    folder: Path
    reads: tuple[str, ...]
    attempt: str
    crash_at: str | None = None
    prepared: Path | None = None
    draw: bool = False

    @property
    def dump(self) -> Path:
        return self.folder / f"{self.attempt}.dump"

    @property
    def error(self) -> Path:
        return self.folder / f"{self.attempt}.error"


_TURN = threading.Lock()
"""Starting one child asks after all others, and an exit status can be read once: threads take turns."""


def obey(order: Order, step: str) -> None:
    """The child's whole life: one function of `tests.crash.path`. What it raises is left in a file."""
    from tests.crash import path

    try:
        getattr(path, step)(order)
    except BaseException:
        order.error.write_text(traceback.format_exc(), encoding="utf-8")
        raise


def give(order: Order, step: str = "follow") -> int:
    """Have a new process, forked from the warm one, do it; its exit code, negative for a signal.

    Raises AssertionError with what the child raised, or when it hangs.
    """
    context = multiprocessing.get_context("forkserver")
    child = context.Process(target=obey, args=(order, step))
    with _TURN:
        child.start()
    wait([child.sentinel], PATIENCE)
    with _TURN:
        if child.exitcode is None:
            child.kill()
            child.join()
            raise AssertionError(f"a run hung: {order}")
    if child.exitcode > 0:  # not by a signal
        raise AssertionError(order.error.read_text(encoding="utf-8") if order.error.exists() else f"{order} failed")
    return child.exitcode
