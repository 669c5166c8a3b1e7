"""Where runs are killed, and what ran before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.crash.labels import labels

SCENES = {
    "first": ((), "monday"),
    "daily": (("monday", "tuesday"), "wednesday"),
    "late": (("monday", "tuesday", "wednesday"), "monday_late"),
}
"""What ran before, and the read whose run is killed."""
ENGINES = ("duckdb", "postgresql")
LATE = "warehouse.late."
ELSEWHERE = ("apply.",)
"""Points of steps that are no part of the daily path: tests/repair kills those."""
BEFORE_LOAD = ("spool.", "land.", "extract.", "validate.", "clean.")

QUICK = {
    "duckdb": {
        "spool.after_page",
        "land.before_rename",
        "clean.after_accepted_removed",
        "load.after_commit",
        "warehouse.load.after_close_changed",
        "warehouse.late.after_delete",
        "reconcile.before_commit",
        "reconcile.after_commit",
        "warehouse.scores.after_costs_reset",
        "score.after_commit",
        "report.after_commit",
    },
    "postgresql": {
        "warehouse.load.after_open_new",
        "load.after_commit",
        "reconcile.before_commit",
        "score.after_commit",
    },
}
"""Killed in every run of the tests; the rest belongs to the full profile."""


@dataclass(frozen=True)
class Crash:
    engine: str
    scene: str
    label: str

    def __str__(self) -> str:
        return f"{self.engine}-{self.scene}-{self.label}"

    @property
    def quick(self) -> bool:
        return self.label in QUICK[self.engine] and self.scene != "first"

    @property
    def before_load(self) -> bool:
        return self.label.startswith(BEFORE_LOAD)

    @property
    def draw(self) -> bool:
        """Whether the run has to draw its report to get there."""
        return self.label.startswith("report.")


def crashes() -> Iterator[Crash]:
    """Every label on both engines, in the scenes that reach it."""
    for engine in ENGINES:
        for label in labels():
            if label.startswith(ELSEWHERE):
                continue
            for scene in ["late"] if label.startswith(LATE) else ["daily", "first"]:
                yield Crash(engine, scene, label)
