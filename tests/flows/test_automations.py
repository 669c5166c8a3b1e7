"""Alerts: every alarm has an automation, every automation a page, and a text in both languages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import get_client

import settings
from errors import ConfigError
from flows import automations
from flows.automations import PREFIX, apply, automation, read
from tasks.rules.alarm import Alarm

HOME = Path(__file__).resolve().parents[2]


def test_every_alarm_is_watched_and_has_its_page() -> None:
    watches = read()
    assert {watch.event for watch in watches if watch.event} == set(Alarm)
    assert {watch.missing for watch in watches if watch.missing} == {"incremental", "daily"}
    headings = re.findall(r"^## (\S+)$", (HOME / "docs/runbook.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert {watch.page for watch in watches} == set(headings)


def test_missed_schedules_are_of_flows_that_have_one() -> None:
    deployments = yaml.safe_load((HOME / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    crons = {each["name"]: [s["cron"] for s in each.get("schedules", [])] for each in deployments}
    every = {"*/15 * * * *": 900, "0 2 * * *": 86_400}
    for watch in read():
        if watch.missing:
            assert watch.within > every[crons[watch.missing][0]], "an alert before the run is due"
    assert all(s["timezone"] == "Asia/Ho_Chi_Minh" for each in deployments for s in each.get("schedules", []))


def test_a_file_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "automations.yaml"
    file.write_text("- {name: a, event: no.such, vi: a, en: b, page: c}\n")
    with pytest.raises(ConfigError, match="event"):
        read(file)
    file.write_text("- {name: a, vi: a, en: b, page: c}\n")
    with pytest.raises(ConfigError, match="name an event"):
        read(file)


@pytest.fixture
def block(configured: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    CustomWebhookNotificationBlock(name="hoso", url="http://127.0.0.1:9/", json_data={}).save(
        "hoso-alerts", overwrite=True
    )
    monkeypatch.setenv("HOSO_ALERT_BLOCK", "custom-webhook/hoso-alerts")
    settings.current.cache_clear()
    return "custom-webhook/hoso-alerts"


def test_applied_twice_the_server_has_each_once(block: str) -> None:
    watches = read()
    found = automations.alert_block()
    assert found is not None
    assert apply(watches, found) == {"created": len(watches), "updated": 0, "deleted": 0}
    assert apply(watches[1:], found) == {"created": 0, "updated": len(watches) - 1, "deleted": 1}
    with get_client(sync_client=True) as client:
        known = {each["name"]: each for each in client.request("POST", "/automations/filter", json={}).json()}
    burst = known[PREFIX + "mismatch burst"]
    (action,) = burst["actions"]
    assert action["type"] == "send-notification"
    assert "Số sai lệch mới" in action["body"]
    assert "Far more new mismatches" in action["body"]
    assert action["body"].endswith("docs/runbook.md#mismatch-burst")
    assert burst["trigger"]["posture"] == "Reactive"
    assert PREFIX + "incremental missed" not in known


def test_a_block_nobody_made_is_refused(configured: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSO_ALERT_BLOCK", "custom-webhook/nobody")
    settings.current.cache_clear()
    with pytest.raises(ConfigError, match="nobody"):
        automations.alert_block()


def test_a_missing_run_is_waited_for() -> None:
    missed = next(watch for watch in read() if watch.missing == "daily")
    trigger = automation(missed, None).trigger.model_dump(mode="json")
    assert (trigger["posture"], trigger["within"]) == ("Proactive", float(missed.within))
    assert trigger["expect"] == ["hoso-sync.run.completed"]
    assert trigger["match"] == {"prefect.resource.id": "hoso-sync.flow.daily"}


def test_the_shares_of_a_host_do_not_exceed_it() -> None:
    deployments = yaml.safe_load((HOME / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    reading = {"incremental", "daily", "backfill"}
    env = {each["name"]: each["work_pool"]["job_variables"]["env"] for each in deployments}
    shares = {name: float(env[name]["HOSO_REQUESTS_SHARE"]) for name in reading}
    assert sum(shares.values()) == 1
    assert shares["backfill"] == min(shares.values())
