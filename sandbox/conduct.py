"""What both systems have in common as services: moods, counters, latency and JSON answers."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.bodies import status
from sandbox.moods import MOODS, Temper, UnknownMoodError
from sandbox.side import SideName


def json_response(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


class Meter:
    """At most so many requests a second, metered as by a common web server (a leaky bucket: requests come evenly, and
    up to a tenth of a second's worth may come early).
    """

    def __init__(self, rate: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval, self._slack, self._clock = 1 / rate, 0.1, clock
        self._due = clock()

    def admits(self) -> bool:
        now = self._clock()
        if self._due - now > self._slack:
            return False
        self._due = max(self._due, now) + self._interval
        return True


def _nothing() -> None:
    """Most moods need no preparation."""


class Conduct:
    """The manners of one system and what it has been asked so far."""

    def __init__(self, side: SideName, latency_ms: int, rate: int = 0) -> None:
        self.side = side
        self._meter = Meter(rate) if rate else None
        self.temper = Temper(side)
        self.requests: Counter[str] = Counter()
        self.rows_served = 0
        self.when_set: dict[str, Callable[[], None]] = {}
        """What a system prepares when it falls into a mood."""
        self._latency = latency_ms / 1_000

    async def admit(self, operation: str) -> Response | None:
        """Count and delay a request for data; an answer here is a refusal."""
        self.requests[operation] += 1
        if self._meter and not self._meter.admits():
            self.requests["429"] += 1
            return status(429, {"Retry-After": "1"})
        if self._latency:
            await asyncio.sleep(self._latency)
        return self.temper.refusal()

    def answer(self, content: Any) -> Response:
        return self.temper.send(orjson.dumps(content))

    def routes(self) -> list[Route]:
        return [
            Route("/_sandbox/mood", self._set_mood, methods=["POST"]),
            Route("/_sandbox/calm", self._calm, methods=["POST"]),
            Route("/_sandbox/state", self._show_state, methods=["GET"]),
        ]

    async def _set_mood(self, request: Request) -> Response:
        try:
            wish = orjson.loads(await request.body())
            self.temper.set(str(wish["name"]), int(wish.get("times", 1)), float(wish.get("share", 1.0)))
        except (UnknownMoodError, orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
            return json_response({"error": str(error)}, 400)
        self.when_set.get(str(wish["name"]), _nothing)()
        return json_response({"moods": dict(self.temper.left)})

    async def _calm(self, request: Request) -> Response:
        self.temper.calm()
        return json_response({"moods": {}})

    async def _show_state(self, request: Request) -> Response:
        return json_response(
            {
                "side": self.side.value,
                "requests": dict(self.requests),
                "rows_served": self.rows_served,
                "moods": {name: times for name, times in self.temper.left.items() if times > 0},
                "known_moods": {name: mood.meaning for name, mood in MOODS.items() if self.side in mood.sides},
            }
        )
