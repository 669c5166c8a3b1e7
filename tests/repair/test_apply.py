"""Approved corrections against the sandbox's portal over loopback: what is sent, proved, refused, and when it stops."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

import settings
from errors import ConfigError, WarehouseLocked
from sandbox.world import World
from schemas.repair import Outcome
from tasks.apply import _alone, reset_breaker
from tasks.pusher import Pusher
from tasks.rules.alarm import Alarm
from tasks.rules.approval import digest
from tasks.warehouse import repairs
from tasks.warehouse.tables import mismatch
from tests.repair.conftest import Ground


def outcomes(ground: Ground) -> list[str]:
    return [attempt["outcome"] for attempt in ground.attempts()]


def look_up(ground: Ground, code: str) -> list[dict[str, Any]]:
    client, address = ground.portal.client, ground.portal.addresses.portal
    login = {"username": "hanoi", "password": "sandbox"}
    session = client.post(f"{address}/mapi/login", json=login).json()["session"]
    envelope = {"session": session, "madonvi": "H26", "service": "TraCuuHoSo", "mahoso": code}
    found: list[dict[str, Any]] = client.post(f"{address}/mapi/g", json=envelope).json()["result"]
    return found


def test_an_approved_plan_is_pushed_and_proven_a_run_at_a_time(ground: Ground) -> None:
    pushes = ground.read()["pushes"]
    codes = [push["case_code"] for push in pushes]
    before = {code: look_up(ground, code) for code in codes}
    first = ground.apply("first")
    assert (first["pushed"], first["attempts"], first["left"]) == (4, {"proven": 4}, {"next run": len(codes) - 4})
    runs = 1 + len(range(4, len(codes), 4))
    for number in range(1, runs):
        ground.apply(f"run{number}", minutes=1 + number)
    assert ground.apply("after", minutes=30)["left"] == {"settled": len(codes)}
    attempts = ground.attempts()
    assert sorted(attempt["case_code"] for attempt in attempts) == sorted(codes)
    assert {attempt["outcome"] for attempt in attempts} == {"proven"}
    assert ground.portal.pushes() == len(codes), "each once"
    for attempt in attempts:
        (record,) = look_up(ground, attempt["case_code"])
        if attempt["is_updating"]:
            (old,) = before[attempt["case_code"]]
            sent = set(attempt["fields"].split(", "))
            moved = {name for name in record if (record[name] or "") != (old[name] or "")}
            assert moved == sent, "all that was not to be corrected is as it was"
        else:
            assert before[attempt["case_code"]] == []
            assert record["ChuHoSo"]
    assert {attempt["is_updating"] for attempt in attempts} == {True, False}


def test_nothing_personal_is_kept(ground: Ground, world: World) -> None:
    ground.apply()
    kept = json.dumps(ground.attempts(), default=str, ensure_ascii=False) + ground.plan.read_text(encoding="utf-8")
    codes = {attempt["case_code"] for attempt in ground.attempts()}
    people = [row for row in world.city_records(range(world.city_count)) if row["dossierNo"] in codes]
    assert len(people) == len(codes)
    for row in people:
        for name in ("applicantName", "applicantIdNo", "contactTelNo", "contactEmail"):
            assert not row.get(name) or row[name] not in kept, name


def test_without_an_approval_nothing_is_sent(ground: Ground) -> None:
    told = ground.apply(approve="")
    assert (told["dry_run"], told["due"], told["pushed"]) == (True, len(ground.read()["pushes"]), 0)
    assert ground.portal.pushes() == 0
    assert ground.attempts() == []


def alter(ground: Ground) -> None:
    plan = ground.read()
    plan["pushes"][0]["case_code"] = plan["pushes"][1]["case_code"]
    ground.plan.write_text(json.dumps(plan), encoding="utf-8")


def alter_and_sign(ground: Ground) -> str:
    """Another plan with a digest of its own: the approval that was given is for the first."""
    given = ground.digest
    plan = ground.read() | {"pushes": ground.read()["pushes"][:1]}
    ground.plan.write_text(json.dumps(plan | {"digest": digest(plan)}), encoding="utf-8")
    return given


@pytest.mark.parametrize(
    ("change", "minutes", "wrong"),
    [(alter, 1, "altered"), (alter_and_sign, 1, "another plan"), (None, 25 * 60, "25 h old"), (None, -1, "future")],
)
def test_a_plan_that_was_not_approved_as_it_is_is_refused(
    ground: Ground, change: Any, minutes: int, wrong: str
) -> None:
    approved = change(ground) if change else None
    with pytest.raises(ConfigError, match=wrong):
        ground.apply(approve=approved or ground.digest, minutes=minutes)
    assert ground.portal.pushes() == 0


@pytest.mark.parametrize(
    ("variable", "value"),
    [("HOSO_REPAIR_WRITES", "false"), ("HOSO_PORTAL_WRITE_TOKEN", ""), ("HOSO_PORTAL_ADAPTER", "files")],
)
def test_what_is_missing_is_named_before_anything_is_sent(ground: Ground, variable: str, value: str) -> None:
    os.environ[variable] = value
    settings.current.cache_clear()
    with pytest.raises(ConfigError, match=variable):
        ground.apply()
    assert ground.portal.pushes() == 0
    assert ground.apply(approve="")["due"], "looking is allowed"


def test_what_is_no_longer_so_is_not_pushed(ground: Ground) -> None:
    gone, other = (push["case_code"] for push in ground.read()["pushes"][:2])
    with ground.transaction() as connection:
        resolved = {"verdict": "resolved", "resolved_at": ground.as_of}
        connection.execute(update(mismatch).values(resolved).where(mismatch.c.case_code == gone))
        another = {"kind": "received_differs"}
        connection.execute(update(mismatch).values(another).where(mismatch.c.case_code == other))
    assert ground.apply()["left"] == {"gone": 1, "changed": 1, "next run": len(ground.read()["pushes"]) - 6}
    assert {attempt["case_code"] for attempt in ground.attempts()}.isdisjoint({gone, other})


def test_a_record_that_agrees_already_is_not_pushed_again(ground: Ground) -> None:
    ground.apply("first")
    with ground.transaction() as connection:
        connection.execute(repairs.attempt.delete())
    assert ground.apply("again", minutes=2)["left"]["agrees already"] == 4
    assert ground.portal.pushes() == 8, "the next four instead"


@pytest.mark.parametrize("field", ["GhiChu", "TrichYeuHoSo"])  # one that is read of a record, and one that is not
def test_a_record_that_moves_between_look_and_push_is_left_to_the_next_run(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    code = next(push["case_code"] for push in ground.read()["pushes"] if push["is_updating"])
    drafts = Pusher.drafts

    def then_moved(pusher: Pusher, *asked: Any) -> Any:
        made = drafts(pusher, *asked)
        monkeypatch.setattr(Pusher, "drafts", drafts)
        (record,) = look_up(ground, code)
        assert pusher.target.push(record | {field: "from elsewhere"}, updating=True) == "0"
        return made

    monkeypatch.setattr(Pusher, "drafts", then_moved)
    assert ground.apply()["left"]["moved"] == 1
    assert code not in {attempt["case_code"] for attempt in ground.attempts()}
    for number in range(len(ground.read()["pushes"])):
        ground.apply(f"run{number}", minutes=2 + number)
    (record,) = look_up(ground, code)
    assert record[field] == "from elsewhere"
    assert outcomes(ground) == ["proven"] * len(ground.read()["pushes"])


@pytest.mark.parametrize(
    ("mood", "outcome", "code"),
    [
        ("refuse_push", Outcome.REFUSED, "-1"),
        ("lose_push", Outcome.DIFFERS, "0"),
        ("alter_push", Outcome.DIFFERS, "0"),
        ("silent_push", Outcome.PROVEN, None),
        ("expire_session", Outcome.PROVEN, "0"),
    ],
)
def test_what_the_portal_does_to_a_push(ground: Ground, mood: str, outcome: Outcome, code: str | None) -> None:
    ground.portal.mood(mood)
    told = ground.apply()
    first, *others = ground.attempts()
    assert (first["outcome"], first["portal_code"]) == (outcome.value, code)
    assert {other["outcome"] for other in others} == {"proven"}
    assert bool(first["differing"]) == (outcome is not Outcome.PROVEN)
    assert told["attention"]["unproven"] == (outcome is not Outcome.PROVEN)
    assert ground.portal.pushes() == 4, "a push is never repeated by itself"
    assert ground.apply("again", minutes=2)["left"]["settled"] == 4, "another try needs a new plan"


def test_the_breaker_opens_and_stays_open_until_it_is_reset(ground: Ground) -> None:
    os.environ["HOSO_PORTAL_WRITE_TOKEN"] = "may not write"
    settings.current.cache_clear()
    told = ground.apply("first")
    assert (told["attempts"], told["attention"]) == ({"refused": 3}, {"unproven": 3, "breaker": 1})
    assert told["left"] == {"stopped": len(ground.read()["pushes"]) - 3}
    assert [raised.alarm for raised in ground.told] == [Alarm.BREAKER_OPENED]
    os.environ["HOSO_PORTAL_WRITE_TOKEN"] = "may write"
    settings.current.cache_clear()
    again = ground.apply("second", minutes=2)
    assert (again["pushed"], again["attention"]["breaker"]) == (0, 1)
    assert "3 pushes in a row" in again["breaker"]
    assert ground.portal.pushes() == 3
    with pytest.raises(ConfigError, match="mended"):
        reset_breaker.fn(" ", ground.as_of + timedelta(minutes=3))
    assert reset_breaker.fn("the token was renewed", ground.as_of + timedelta(minutes=3)) == 1
    assert ground.apply("third", minutes=4)["attempts"] == {"proven": 4}
    with pytest.raises(ConfigError, match="not open"):
        reset_breaker.fn("again", ground.as_of + timedelta(minutes=5))


def test_a_run_does_not_begin_while_another_one_pushes(ground: Ground) -> None:
    with _alone(settings.current()), pytest.raises(WarehouseLocked):
        ground.apply()
    assert ground.portal.pushes() == 0
