"""The product as it is run: a schedule and a person start runs, their pages tell the story, alarms reach people."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from flows.automations import PREFIX, read

from .installation import Installation

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FIRST_LOADS = 3
"""So often a page is opened: the first time it may be read before the last of its requests was answered."""


@pytest.fixture(scope="module")
def refused(installation: Installation) -> str:
    """A backfill of an empty range of days, started."""
    return installation.start("backfill", {"days": {"start": "2026-02-01", "end": "2026-01-01"}})


@pytest.fixture(scope="module")
def failing(installation: Installation, refused: str) -> str:
    """A backfill that fails by its own error, started."""
    days = {"start": "2026-01-01", "end": "2026-02-01"}
    return installation.start("backfill", {"days": days, "agency": "000.00.01.H26"})


@pytest.fixture(scope="module")
def scheduled(installation: Installation, failing: str) -> dict[str, Any]:
    """The daily run of the schedule, ended; the runs before it are under way at the same time."""
    daily = installation.deployment("daily")["id"]
    soon = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
    end = _end(installation)
    days = {"start": str(end - timedelta(days=40)), "end": str(end), "as_of": installation.planted["now"]}
    every_hour = {"interval": 3600, "anchor_date": soon, "timezone": "Asia/Ho_Chi_Minh"}
    schedule = [{"schedule": every_hour, "active": True, "parameters": days}]
    response = installation.request("POST", f"/deployments/{daily}/schedules", schedule)
    assert response.is_success, response.text
    own = {"deployments": {"id": {"any_": [daily]}}, "sort": "EXPECTED_START_TIME_ASC"}
    run = installation.until(
        lambda: next(iter(installation.ask("/flow_runs/filter", **own)), None),
        lambda: "the scheduler has not made a run of its schedule",
        seconds=60,
    )
    return installation.ended(run["id"])


@pytest.fixture(scope="module")
def by_hand(installation: Installation, scheduled: dict[str, Any]) -> dict[str, Any]:
    """A backfill that a person started, ended."""
    end, now = _end(installation), datetime.fromisoformat(installation.planted["now"])
    days = {"start": str(end - timedelta(days=70)), "end": str(end)}
    later = (now + timedelta(minutes=5)).isoformat()
    return installation.ended(installation.start("backfill", {"days": days, "as_of": later}))


def test_the_schedule_and_a_person_start_runs_that_complete(
    installation: Installation, scheduled: dict[str, Any], by_hand: dict[str, Any]
) -> None:
    for run, keys in ((scheduled, {"extraction"}), (by_hand, {"backfill", "backfill-plan"})):
        ended = (run["state_type"], run["state_name"])
        assert ended == ("COMPLETED", "Completed with findings"), f"{run['state']}\n{installation.log(run['id'])}"
        assert "confirmed mismatches" in run["state"]["message"]
        told = {each["key"]: each["data"] for each in installation.artifacts(run["id"])}
        assert keys | {"summary", "changes", "mismatches", "agencies", "report"} <= told.keys()
        assert "✓ khớp" in told["summary"]
    assert scheduled["auto_scheduled"]
    assert not by_hand["auto_scheduled"]
    flows = {"hoso-sync.flow.daily", "hoso-sync.flow.backfill"}
    _seen(installation, flows, event={"name": ["hoso-sync.run.completed"]})


def _seen(installation: Installation, resources: set[str], **wanted: Any) -> None:
    """Wait for events of these resources: they reach the server's store after the run's end."""

    def found() -> set[str]:
        return {event["resource"]["prefect.resource.id"] for event in installation.events(**wanted)}

    installation.until(lambda: found() >= resources, lambda: f"{wanted}: only {found()} of {resources}", seconds=60)


def test_nonsense_is_refused_with_a_reason(installation: Installation, refused: str) -> None:
    backfill = installation.deployment("backfill")["id"]
    wrong = {"parameters": {"days": {"start": "2026-01-01", "end": "2026-02-01"}, "sides": "north"}}
    answer = installation.request("POST", f"/deployments/{backfill}/create_flow_run", wrong)
    assert answer.status_code == 409
    assert "'north' is not one of" in answer.text
    run = installation.ended(refused)
    assert run["state_type"] == "FAILED"
    assert "is empty: its end must be after its start" in run["state"]["message"]


def test_every_automation_of_the_repository_is_there(installation: Installation) -> None:
    known = {each["name"] for each in installation.ask("/automations/filter", limit=200, offset=0)}
    assert known == {PREFIX + watch.name for watch in read()}


def test_a_run_that_fails_reaches_a_person(installation: Installation, failing: str) -> None:
    """The run's event triggers the automation of automations.yaml, and its text arrives at the block's address."""
    run = installation.ended(failing)
    assert run["state_name"] == "Failed: ConfigError", run["state"]
    watch = next(watch for watch in read() if watch.event == "run.failed")
    alert = installation.until(
        lambda: next((alert for alert in installation.alerts if alert["subject"] == PREFIX + watch.name), None),
        lambda: f"no notification of {watch.name!r}, only {installation.alerts}",
        seconds=60,
    )
    assert watch.vi in alert["body"]
    assert watch.en in alert["body"]
    assert "ConfigError" in alert["body"]
    assert alert["body"].endswith(f"docs/runbook.md#{watch.page}")
    known = {each["name"]: each["id"] for each in installation.ask("/automations/filter", limit=200, offset=0)}
    acted = {"name": ["prefect.automation.action.executed"]}
    _seen(installation, {f"prefect.automation.{known[PREFIX + watch.name]}"}, event=acted)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_the_pages_tell_the_story(installation: Installation, by_hand: dict[str, Any], tmp_path: Path) -> None:
    artifact = next(each for each in installation.artifacts(by_hand["id"]) if each["key"] == "summary")
    pages = {
        f"/runs/flow-run/{by_hand['id']}": [by_hand["name"], "Completed with findings", "Work Queue backfill"],
        f"/artifacts/artifact/{artifact['id']}": ["Bảo toàn số liệu (conservation)", "✓ khớp", "confirmed"],
        f"/deployments/deployment/{installation.deployment('backfill')['id']}/run": [
            *("Từ ngày / first day", "Đến trước ngày / day after the last", "both city portal", "day week month"),
            *("dry_run", "re_judge", "Submit"),
        ],
    }
    for path, texts in pages.items():
        for _ in range(FIRST_LOADS):
            page = _page(installation.address + path, tmp_path)
            missing = [text for text in texts if text not in page]
            if not missing:
                break
        assert missing == [], f"{path} lacks {missing}: {page[:2000]}"


def _page(address: str, folder: Path) -> str:
    """The text of a page after its scripts ran."""
    assert CHROMIUM
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    command += ["--disable-dev-shm-usage", "--window-size=1400,1600", "--virtual-time-budget=20000", "--dump-dom"]
    done = subprocess.run([*command, address], capture_output=True, text=True, timeout=120, check=True)
    return unescape(" ".join(re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", done.stdout, flags=re.DOTALL).split()))


def _end(installation: Installation) -> date:
    return date.fromisoformat(installation.planted["period"]["end"]) + timedelta(days=1)
