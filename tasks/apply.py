"""Apply: approved corrections go to the portal one by one, each is read back and proved, all of it is remembered.

What earlier runs left open is settled first, by reading back. What the portal holds is judged by the rules of the daily
run; the mismatch itself is closed by the next run that reads it.
"""

from __future__ import annotations

import fcntl
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task
from sqlalchemy import Connection

import settings
from errors import ConfigError, WarehouseLocked
from schemas.crash import point
from schemas.repair import BAD, Outcome
from settings import Settings
from tasks.announce import send
from tasks.pusher import Push, Pusher, Unsent
from tasks.rules.alarm import Alarm, Raised
from tasks.rules.approval import DIGEST, refusals, still_due
from tasks.rules.breaker import Limits, opens
from tasks.rules.plan import plan
from tasks.sources.push import PushTarget, check_writes
from tasks.warehouse import reading, repairs
from tasks.warehouse.engine import create_tables, open_engine, transaction

FLOW = "repair-apply"
AT_ONCE = 50
"""Pushes that are worked out together."""


@task(name="apply repairs", tags=["repair"])
def apply_repairs(path: str, approved: str, run_id: str, as_of: datetime) -> dict[str, Any]:
    """Push what is still due of the plan at `path`; without an approval (its digest) only say what would be pushed.

    Returns `dry_run`, `due`, `left` (approved pushes not made now, by reason), `attempts` (by outcome), `resumed`
    (earlier attempts settled, by outcome) and `breaker` (why nothing more is sent, "" while it is closed). Raises
    ConfigError for a plan that must not be applied or a setting that is missing, SourceError when the portal cannot be
    read at all.
    """
    knobs = settings.current()
    told = read_plan(path)
    wrong = refusals(told, as_of, timedelta(hours=knobs.repair_plan_hours), approved or None)
    if wrong:
        raise ConfigError(f"{path}: {'; '.join(wrong)}")
    if approved:
        check_writes(knobs)
    with transaction(open_engine(knobs), knobs) as connection:
        create_tables(connection)
        due, left = _due(connection, told)
        why = repairs.why_open(connection)
    if why or not approved:
        return _result(len(due), left, breaker=why, dry_run=not approved)
    with _alone(knobs), closing(PushTarget(knobs)) as target:
        return _Run(Pusher(knobs, target, told[DIGEST], run_id, as_of), told).done()


@task(name="reset breaker", tags=["repair"])
def reset_breaker(reason: str, as_of: datetime) -> int:
    """Let repairs push again; returns how many openings that ends. Raises ConfigError without a reason, or when the
    breaker is not open."""
    if not reason.strip():
        raise ConfigError("say what was mended: --reason")
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        create_tables(connection)
        return repairs.reset_breaker(connection, reason.strip(), as_of)


def read_plan(path: str) -> dict[str, Any]:
    """A written plan. Raises ConfigError when there is none or it is no plan."""
    try:
        told = json.loads(Path(path).read_text(encoding="utf-8"))
        for push in told["pushes"]:
            push["case_code"], push["closes"], push["is_updating"]
        told[DIGEST], datetime.fromisoformat(told["made_at"]).utcoffset()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} is no plan of repairs: {type(error).__name__}") from error
    return dict(told)


class _Run:
    """One run: what is due of a plan, until it is done, the run's limit is reached or the breaker opens."""

    def __init__(self, pusher: Pusher, told: Mapping[str, Any]) -> None:
        knobs = pusher.knobs
        self._pusher, self._told, self._most = pusher, told, knobs.repair_most_pushes
        self._limits = Limits(knobs.repair_stop_in_row, knobs.repair_stop_share, knobs.repair_share_after)
        self._before: list[Outcome] = []
        self._made: list[Outcome] = []

    def done(self) -> dict[str, Any]:
        """Settle what earlier runs left open, then push; returns the run's result."""
        pusher = self._pusher
        with pusher.transaction() as connection:
            left_open = repairs.unsettled(connection)
        resumed = Counter(pusher.resume(row) for row in left_open)
        with pusher.transaction() as connection:
            self._before = repairs.outcomes_since_reset(connection, self._limits.in_row)
            due, left = _due(connection, self._told)
            cases = repairs.cases_of(connection, [push["case_code"] for push in due])
        why, done = self._stop(), 0
        while done < len(due) and not why and (room := self._most - len(self._made)):
            some = due[done : done + min(room, AT_ONCE)]
            for push, draft in zip(some, pusher.drafts(some, cases), strict=True):
                if why:
                    break
                done += 1
                try:
                    self._made.append(pusher.attempt(push, draft, len(self._made)))
                except Unsent as unsent:
                    left[str(unsent)] += 1
                why = self._stop()
        if rest := len(due) - done:
            left["stopped" if why else "next run"] += rest
        return _result(len(due), left, Counter(self._made), resumed, why)

    def _stop(self) -> str | None:
        """Why the breaker opens now. It then stays open for later runs; those who watch are told before that is kept,
        since a run that is ended between the two finds the same reason again."""
        why = opens(self._before, self._made, self._limits)
        if why:
            run_id = self._pusher.run_id
            send(FLOW, run_id, Raised(Alarm.BREAKER_OPENED, {"reason": why, "pushed": len(self._made)}))
            point("apply.before_breaker")
            with self._pusher.transaction() as connection:
                repairs.open_breaker(connection, run_id, why, run_id, self._pusher.as_of)
            get_run_logger().error("the circuit breaker opens: %s", why)
        return why


def _due(connection: Connection, told: Mapping[str, Any]) -> tuple[list[Push], Counter[str]]:
    """What of a plan is to be pushed by the ledger of this moment."""
    current = plan(reading.confirmed(connection))
    return still_due(told["pushes"], current, repairs.settled_codes(connection, told[DIGEST]))


def _result(
    due: int,
    left: Counter[str],
    made: Counter[Outcome] | None = None,
    resumed: Counter[Outcome] | None = None,
    breaker: str | None = None,
    *,
    dry_run: bool = False,
) -> dict[str, Any]:
    attempts, earlier = made or Counter(), resumed or Counter()
    unproven = sum((attempts + earlier)[outcome] for outcome in BAD)
    return {
        "dry_run": dry_run,
        "due": due,
        "left": dict(left),
        "pushed": attempts.total(),
        "attempts": {outcome.value: count for outcome, count in attempts.items()},
        "resumed": {outcome.value: count for outcome, count in earlier.items()},
        "breaker": breaker or "",
        "attention": {"unproven": unproven, "breaker": int(bool(breaker))},
    }


@contextmanager
def _alone(knobs: Settings) -> Iterator[None]:
    """One run at a time on this machine: another's attempt would look like one of a run that was ended. The lock is
    gone with its process. Raises WarehouseLocked."""
    knobs.data_dir.mkdir(parents=True, exist_ok=True)
    with (knobs.data_dir / "repair.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise WarehouseLocked("another run applies repairs") from error
        yield
