"""A run that is ended anywhere: the next one knows what was sent, asks the portal, and sends nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta

import pytest

from schemas.crash import VARIABLE
from tests.crash.labels import ROOT, labels
from tests.crash.scenes import ELSEWHERE
from tests.repair.conftest import Ground

LABELS = [label for label in labels() if label.startswith(ELSEWHERE)]
QUICK = "apply.after_push"
BREAKER = "apply.before_breaker"
SENT = {"apply.after_push", "apply.before_outcome", "apply.after_outcome"}


def kill(ground: Ground, label: str) -> None:
    at = (ground.as_of + timedelta(minutes=1)).isoformat()
    command = [sys.executable, "-m", "tests.repair.killed", str(ground.plan), ground.digest, "killed", at]
    environment = os.environ | {VARIABLE: label, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr[-2000:]


@pytest.mark.parametrize(
    "label", [label if label == QUICK else pytest.param(label, marks=pytest.mark.full) for label in LABELS]
)
def test_a_killed_run_is_taken_up_by_reading_back(ground: Ground, label: str) -> None:
    if label == BREAKER:
        ground.portal.mood("refuse_push", times=3)
    kill(ground, label)
    if label == BREAKER:
        assert ground.portal.pushes() == 3
        assert ground.apply("next", minutes=2)["breaker"], "found again, before anything is sent"
        assert ground.portal.pushes() == 3
        return
    sent = int(label in SENT)
    assert ground.portal.pushes() == sent
    told = ground.apply("next", minutes=2)
    assert told["attempts"] == {"proven": 4}
    resumed = {"apply.after_intent": {"unapplied": 1}, "apply.after_push": {"proven": 1}}
    resumed["apply.before_outcome"] = resumed["apply.after_push"]
    assert told["resumed"] == resumed.get(label, {})
    assert ground.portal.pushes() == sent + 4
    proven = Counter(attempt["case_code"] for attempt in ground.attempts() if attempt["outcome"] == "proven")
    assert set(proven.values()) == {1}
    assert len(proven) == ground.portal.pushes(), "one push for each case"


def test_every_crash_point_of_the_step_is_here() -> None:
    assert set(LABELS) >= {QUICK, BREAKER, *SENT, "apply.before_intent", "apply.after_intent"}
