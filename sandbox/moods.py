"""Deliberate misbehaviour, one mood a line, for tests of a client's manners.

A mood is set on one system for a number of requests for data. ``refuse`` answers instead of the data, ``reshape``
changes the page before it is written, ``spoil`` damages the written body; a mood with none of these is acted upon by
the system itself (sessions, order of ties). Adding a mood is adding a line to ``MOODS``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import PlainTextResponse, Response

from sandbox.side import SideName
from sandbox.wire import WIRE_KEYS

BOTH = frozenset(SideName)


@dataclass
class Page:
    """Rows and total of a listing before they are written."""

    rows: list[dict[str, Any]]
    total: int


@dataclass(frozen=True)
class Mood:
    meaning: str
    sides: frozenset[SideName] = BOTH
    refuse: Callable[[], Response] | None = None
    reshape: Callable[[Page, SideName], None] | None = None
    spoil: Callable[[bytes], bytes] | None = None


def _drop_status(page: Page, side: SideName) -> None:
    for row in page.rows:
        row.pop(WIRE_KEYS[side]["status_code"], None)


def _add_to_total(page: Page, side: SideName) -> None:
    page.total += 7


MOODS: dict[str, Mood] = {
    "malformed_page": Mood("the JSON text breaks off", spoil=lambda body: body[: len(body) * 2 // 3]),
    "error_500": Mood("HTTP 500", refuse=lambda: PlainTextResponse("Internal Server Error", 500)),
    "error_429": Mood(
        "HTTP 429, try again in a second",
        refuse=lambda: PlainTextResponse("Too Many Requests", 429, headers={"Retry-After": "1"}),
    ),
    "missing_field": Mood("the status is left out of every row of the page", reshape=_drop_status),
    "wrong_total": Mood("the total is 7 too high", reshape=_add_to_total),
    "expire_session": Mood("every session ends", sides=frozenset({SideName.PORTAL})),
    "unstable_ties": Mood("rows that tie change their order from page to page", sides=frozenset({SideName.CITY})),
}


class UnknownMoodError(ValueError):
    """No such mood on this system."""


@dataclass
class Temper:
    """The moods a system is in, each with the number of requests it still lasts."""

    side: SideName
    left: Counter[str] = field(default_factory=Counter)

    def set(self, name: str, times: int) -> None:
        if name not in MOODS or self.side not in MOODS[name].sides:
            known = sorted(mood for mood, described in MOODS.items() if self.side in described.sides)
            raise UnknownMoodError(f"no mood {name!r} here; known: {', '.join(known)}")
        if times > 0:
            self.left[name] = times
        else:
            del self.left[name]

    def takes(self, name: str) -> bool:
        """Use the mood up once if the system is in it."""
        if self.left[name] <= 0:
            del self.left[name]
            return False
        self.left[name] -= 1
        return True

    def refusal(self) -> Response | None:
        for name, mood in MOODS.items():
            if mood.refuse and self.takes(name):
                return mood.refuse()
        return None

    def reshape(self, page: Page) -> None:
        for name, mood in MOODS.items():
            if mood.reshape and self.takes(name):
                mood.reshape(page, self.side)

    def spoil(self, body: bytes) -> bytes:
        for name, mood in MOODS.items():
            if mood.spoil and self.takes(name):
                body = mood.spoil(body)
        return body
