"""Manners of the one layer that waits, retries and gives up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from errors import MalformedPage, SourceRefused, TransportError
from schemas.codes import Side
from settings import Settings
from tasks.sources.http import Wire, retry_after

Answer = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def wire(knobs: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Wire]:
    """A Wire whose host is a function; its waits are noted in `slept` and not waited."""

    def make(answer: Answer, **changed: Any) -> Wire:
        made = Wire(Side.CITY, "http://city.example", knobs(**changed))
        made._client = httpx.Client(base_url="http://city.example", transport=httpx.MockTransport(answer))
        return made

    return make


def reply(status: int = 200, body: bytes = b"", **headers: str) -> httpx.Response:
    """An answer whose body is still to be read, as from a network."""
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


def sequence(*answers: httpx.Response | Exception) -> Answer:
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        following = left.pop(0)
        if isinstance(following, Exception):
            raise following
        return following

    return answer


@pytest.mark.parametrize("fault", [500, 502, 503, 504, 429])
def test_a_passing_fault_is_ridden_out(wire: Callable[..., Wire], fault: int) -> None:
    assert wire(sequence(reply(fault), reply(body=b"[1]"))).json("GET", "/x") == [1]


def test_connection_faults_and_cut_answers_are_asked_again(wire: Callable[..., Wire]) -> None:
    answers = sequence(
        httpx.ConnectError("no"), httpx.ReadTimeout("late"), reply(body=b'{"a": '), reply(body=b'{"a": 1}')
    )
    client = wire(answers)
    assert client.json("GET", "/x") == {"a": 1}
    assert client.requests == 4


def test_the_last_attempt_is_the_last(wire: Callable[..., Wire]) -> None:
    client = wire(lambda request: reply(503), attempts=3)
    with pytest.raises(TransportError, match="HTTP 503"):
        client.json("GET", "/x", window="w")
    assert client.requests == 3
    with pytest.raises(MalformedPage):
        wire(lambda request: reply(body=b"<html>"), attempts=2).json("GET", "/x")


def test_a_refusal_is_not_repeated(wire: Callable[..., Wire]) -> None:
    for status in (400, 403, 404, 302):
        client = wire(lambda request, status=status: reply(status))
        with pytest.raises(SourceRefused, match=str(status)):
            client.json("GET", "/x")
        assert client.requests == 1


def test_both_forms_ofretry_after() -> None:
    assert retry_after("7") == 7
    assert retry_after(None) is None
    assert retry_after("soon") is None
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 55 < (retry_after(later) or 0) <= 60
    assert retry_after(format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)) == 0
