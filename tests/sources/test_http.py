"""Manners of the one layer that waits, retries and gives up."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from errors import MalformedPage, SourceRefused, TransportError, UnsafeAnswer
from schemas.codes import Side
from settings import Settings
from tasks.sources.http import Wire, retry_after
from tests.sources.network import certificate, tls_server

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


def test_a_pause_longer_than_allowed_gives_up_at_once(wire: Callable[..., Wire]) -> None:
    client = wire(lambda request: reply(429, **{"Retry-After": "3600"}), retry_after_cap_seconds=60)
    with pytest.raises(TransportError, match="3600"):
        client.json("GET", "/x")
    assert client.requests == 1


def test_declared_character_sets_and_gzip_are_understood(wire: Callable[..., Wire]) -> None:
    kinds = {"Content-Type": "application/json; charset=utf-16"}
    client = wire(
        sequence(
            reply(body='{"a": "Hồ sơ"}'.encode("utf-16"), **kinds),
            reply(body=b'\xef\xbb\xbf{"a": 1}'),
            reply(body=gzip.compress(b'{"a": 2}'), **{"Content-Encoding": "gzip"}),
            reply(body=gzip.compress(b'{"a": 3}')[:-6], **{"Content-Encoding": "gzip"}),
            reply(body=b'"{\\"a\\": 4}"'),
        )
    )
    assert [client.json("GET", "/x")["a"] for _ in range(4)] == ["Hồ sơ", 1, 2, 4]
    assert client.requests == 5


def test_a_certificate_of_the_configured_authority_is_trusted(knobs: Callable[..., Settings], tmp_path: Path) -> None:
    pem = certificate(tmp_path)
    with tls_server(pem) as address:
        assert Wire(Side.CITY, address, knobs(ca_file=pem)).json("GET", "/") == []
        with pytest.raises(UnsafeAnswer, match="certificate"):
            Wire(Side.CITY, address, knobs()).json("GET", "/")


def test_proxies_of_the_environment_are_used(knobs: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    made = Wire(Side.CITY, "http://city.example", knobs(attempts=1))
    with pytest.raises(TransportError, match="ConnectError"):  # of the proxy: the name itself is never looked up
        made.json("GET", "/x")
    assert any("http://" in pattern.pattern for pattern in made._client._mounts)


@pytest.mark.parametrize("safe", [httpx.ConnectError("no"), httpx.ConnectTimeout("late"), reply(429)])
def test_what_changes_something_is_repeated_where_it_was_not_taken(wire: Callable[..., Wire], safe: Any) -> None:
    assert wire(sequence(safe, reply(body=b"[1]"))).json("POST", "/x", repeat=False) == [1]


@pytest.mark.parametrize(
    "unsafe", [httpx.ReadTimeout("late"), httpx.RemoteProtocolError("cut"), reply(503), reply(body=b'{"a": ')]
)
def test_what_changes_something_is_not_repeated_where_it_may_have_been_taken(
    wire: Callable[..., Wire], unsafe: Any
) -> None:
    with pytest.raises((TransportError, MalformedPage), match="after 1 attempts"):
        wire(sequence(unsafe, reply(body=b"[1]"))).json("POST", "/x", repeat=False)
