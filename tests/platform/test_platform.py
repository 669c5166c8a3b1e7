"""The product as it is run: a schedule and a person start runs, and their pages tell the story."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from flows.automations import PREFIX, read

from .conftest import Installation

pytestmark = pytest.mark.full  # a minute and more: a server, a worker and each run start a process of their own

ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
WAIT_SECONDS = 240
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def scheduled(installation: Installation) -> dict[str, Any]:
    """The daily run of the schedule, ended."""
    daily = installation.deployment("daily")["id"]
    soon = (datetime.now(UTC) + timedelta(seconds=5)).isoformat()
    end = _end(installation)
    days = {"start": str(end - timedelta(days=40)), "end": str(end), "as_of": installation.planted["now"]}
    every_hour = {"interval": 3600, "anchor_date": soon, "timezone": "Asia/Ho_Chi_Minh"}
    schedule = [{"schedule": every_hour, "active": True, "parameters": days}]
    installation.post(f"/deployments/{daily}/schedules", schedule).raise_for_status()
    own = {"deployments": {"id": {"any_": [daily]}}, "sort": "EXPECTED_START_TIME_ASC"}
    return _ended(
        installation, lambda: next((r for r in installation.ask("/flow_runs/filter", **own) if _due(r)), None)
    )


@pytest.fixture(scope="module")
def by_hand(installation: Installation, scheduled: dict[str, Any]) -> dict[str, Any]:
    """A backfill that a person started, ended."""
    end, now = _end(installation), datetime.fromisoformat(installation.planted["now"])
    days = {"start": str(end - timedelta(days=70)), "end": str(end)}
    return _run(installation, {"days": days, "as_of": (now + timedelta(minutes=5)).isoformat()})


def test_the_schedule_and_a_person_start_runs_that_complete(
    installation: Installation, scheduled: dict[str, Any], by_hand: dict[str, Any]
) -> None:
    for run, keys in ((scheduled, {"extraction"}), (by_hand, {"backfill", "backfill-plan"})):
        assert (run["state_type"], run["state_name"]) == ("COMPLETED", "Completed with findings"), run["state"][
            "message"
        ]
        assert "confirmed mismatches" in run["state"]["message"]
        told = {each["key"]: each["data"] for each in _artifacts(installation, run)}
        assert keys | {"summary", "changes", "mismatches", "agencies", "report"} <= told.keys()
        assert "✓ khớp" in told["summary"]
    assert scheduled["auto_scheduled"]
    assert not by_hand["auto_scheduled"]
    _wait_for_events(installation, {"hoso-sync.flow.daily", "hoso-sync.flow.backfill"})


def _wait_for_events(installation: Installation, wanted: set[str]) -> None:
    """Events reach the server's store after the run's end."""
    completed = {"event": {"name": ["hoso-sync.run.completed"]}}
    deadline, seen = time.monotonic() + 60, set[str]()
    while time.monotonic() < deadline and not seen >= wanted:
        events = installation.ask("/events/filter", filter=completed, limit=50)["events"]
        seen = {event["resource"]["prefect.resource.id"] for event in events}
        time.sleep(0.5)
    assert seen >= wanted


def test_nonsense_is_refused_with_a_reason(installation: Installation) -> None:
    backfill = installation.deployment("backfill")["id"]
    wrong = {"parameters": {"days": {"start": "2026-01-01", "end": "2026-02-01"}, "sides": "north"}}
    answer = installation.post(f"/deployments/{backfill}/create_flow_run", wrong)
    assert answer.status_code == 409
    assert "'north' is not one of" in answer.text
    run = _run(installation, {"days": {"start": "2026-02-01", "end": "2026-01-01"}})
    assert run["state_type"] == "FAILED"
    assert "is empty: its end must be after its start" in run["state"]["message"]


def test_every_automation_of_the_repository_is_there(installation: Installation) -> None:
    known = {each["name"] for each in installation.ask("/automations/filter", limit=200, offset=0)}
    assert known == {PREFIX + watch.name for watch in read()}


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_the_pages_tell_the_story(installation: Installation, by_hand: dict[str, Any], tmp_path: Path) -> None:
    artifact = next(each for each in _artifacts(installation, by_hand) if each["key"] == "summary")
    pages = {
        f"/runs/flow-run/{by_hand['id']}": [by_hand["name"], "Completed with findings", "Work Queue backfill"],
        f"/artifacts/artifact/{artifact['id']}": ["Bảo toàn số liệu (conservation)", "✓ khớp", "5 confirmed|confirmed"],
        f"/deployments/deployment/{installation.deployment('backfill')['id']}/run": [
            *("Từ ngày / first day", "Đến trước ngày / day after the last", "both city portal", "day week month"),
            *("dry_run", "re_judge", "Submit"),
        ],
    }
    for path, texts in pages.items():
        page = _page(installation.address + path, tmp_path)
        for text in texts:
            assert re.search(text if "|" in text else re.escape(text), page), f"{path} lacks {text!r}: {page[:2000]}"


def _page(address: str, folder: Path) -> str:
    """The text of a page after its scripts ran."""
    assert CHROMIUM
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    command += ["--window-size=1400,1600", "--virtual-time-budget=20000", "--dump-dom", address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return unescape(" ".join(re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", done.stdout, flags=re.DOTALL).split()))


def _end(installation: Installation) -> date:
    return date.fromisoformat(installation.planted["period"]["end"]) + timedelta(days=1)


def _due(run: dict[str, Any]) -> bool:
    return datetime.fromisoformat(run["expected_start_time"]) < datetime.now(UTC) + timedelta(minutes=1)


def _run(installation: Installation, parameters: dict[str, Any]) -> dict[str, Any]:
    """Start a backfill as the form does, and wait for its end."""
    backfill = installation.deployment("backfill")["id"]
    path, wanted = f"/deployments/{backfill}/create_flow_run", {"type": "SCHEDULED"}
    run = installation.ask(path, parameters=parameters, state=wanted)["id"]
    mine = {"flow_runs": {"id": {"any_": [run]}}}
    return _ended(installation, lambda: installation.ask("/flow_runs/filter", **mine)[0])


def _ended(installation: Installation, find: Any) -> dict[str, Any]:
    deadline, run = time.monotonic() + WAIT_SECONDS, None
    while time.monotonic() < deadline:
        run = find()
        if run and run["state_type"] in ENDED:
            return run
        time.sleep(0.5)
    raise AssertionError(f"not ended within {WAIT_SECONDS} s: {run and run['state']}")


def _artifacts(installation: Installation, run: dict[str, Any]) -> list[dict[str, Any]]:
    return installation.ask("/artifacts/filter", artifacts={"flow_run_id": {"any_": [run["id"]]}}, limit=50)
