"""Deliberate misbehaviour, one mood a line, for tests of a client's manners.

A mood is set on one system for a number of requests for data, or for a share of them. ``refuse`` answers instead of
the data, ``aim`` gives another page than the one asked for, ``reshape`` changes the page before it is written,
``spoil`` damages the written body, ``send`` sends it badly; a mood with none of these is acted upon by the system
itself (sessions, order of ties, edits). Adding a mood is adding a line to ``MOODS``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from starlette.responses import Response

from sandbox import bodies
from sandbox.side import SideName
from sandbox.wire import WIRE_KEYS

BOTH = frozenset(SideName)
PORTAL = frozenset({SideName.PORTAL})


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
    send: Callable[[bytes], Response] | None = None
    aim: Callable[[int, int], int] | None = None


def _status_key(page: Page, side: SideName) -> str:
    """The key of the status in the page's own wire."""
    known = (WIRE_KEYS[side]["status_code"], "dossierStatus", "trangThaiHoSoId")
    return next((key for key in known if page.rows and key in page.rows[0]), known[0])


def _drop_status(page: Page, side: SideName) -> None:
    key = _status_key(page, side)
    for row in page.rows:
        row.pop(key, None)


def _rename_status(page: Page, side: SideName) -> None:
    key = _status_key(page, side)
    page.rows = [{("trang_thai" if name == key else name): value for name, value in row.items()} for row in page.rows]


def _retype_status(page: Page, side: SideName) -> None:
    key = _status_key(page, side)
    for row in page.rows:
        row[key] = [{"ma": row.get(key)}]


def _add_field(page: Page, side: SideName) -> None:
    for row in page.rows:
        row["mucDoHaiLong"] = "5"


def _empty(page: Page, side: SideName) -> None:
    page.rows = []


def _wrong_type(page: Page, side: SideName) -> None:
    page.rows = "none"  # type: ignore[assignment]


def _add_to_total(page: Page, side: SideName) -> None:
    page.total += 7


def _refusal(code: int, meaning: str, **headers: str) -> Mood:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Mood(meaning, refuse=lambda: bodies.status(code, named))


MOODS: dict[str, Mood] = {
    "malformed_page": Mood("the JSON text breaks off", spoil=lambda body: body[: len(body) * 2 // 3]),
    "invalid_json": Mood("the answer is no JSON", spoil=lambda body: b"<!-- cache -->" + body),
    "json_in_string": Mood("the JSON is a text inside JSON", spoil=bodies.as_text),
    "wrong_charset": Mood("the text is in an old code page", spoil=bodies.wrong_charset),
    "error_500": _refusal(500, "HTTP 500"),
    "error_502": _refusal(502, "HTTP 502"),
    "error_503": _refusal(503, "HTTP 503"),
    "error_504": _refusal(504, "HTTP 504"),
    "error_429": _refusal(429, "HTTP 429, try again in a second", Retry_After="1"),
    "error_429_date": Mood("HTTP 429 with a date", refuse=lambda: bodies.status(429, {"Retry-After": bodies.later(2)})),
    "error_429_bare": _refusal(429, "HTTP 429 without a header"),
    "error_429_html": Mood("HTTP 429 as a web page", refuse=bodies.too_many_as_page),
    "error_body": Mood("HTTP 200 with an error inside", refuse=bodies.error_in_success),
    "redirect": Mood("a redirect to another host", refuse=bodies.elsewhere),
    "silence": Mood("no answer", refuse=bodies.Silence),
    "slow_drip": Mood("a byte now and then", send=bodies.drip),
    "reset": Mood("the connection ends in the middle", send=bodies.reset),
    "oversized": Mood("80 MB of white space", send=bodies.oversized),
    "gzip_bomb": Mood("80 MB of white space, packed", send=bodies.gzip_bomb),
    "clock_skew": Mood("a clock ten minutes ahead", send=bodies.skewed),
    "missing_field": Mood("the status is left out of every row of the page", reshape=_drop_status),
    "renamed_field": Mood("the status has another name", reshape=_rename_status),
    "retyped_field": Mood("the status is a list", reshape=_retype_status),
    "added_field": Mood("a field that nobody knows", reshape=_add_field),
    "wrong_type": Mood("text where the rows should be", reshape=_wrong_type),
    "wrong_total": Mood("the total is 7 too high", reshape=_add_to_total),
    "empty_page": Mood("a page without rows", reshape=_empty),
    "repeated_page": Mood("the page before the one asked for", aim=lambda start, size: max(0, start - size)),
    "skipped_page": Mood("the page after the one asked for", aim=lambda start, size: start + size),
    "looping_cursor": Mood("always the first page", aim=lambda start, size: 0),
    "expire_session": Mood("every session ends"),
    "refuse_push": Mood("a push is refused with code -1", sides=PORTAL),
    "lose_push": Mood("a push is answered with yes and not stored", sides=PORTAL),
    "alter_push": Mood("a pushed record is stored without its due date", sides=PORTAL),
    "silent_push": Mood("a push is stored, and the connection ends before the answer", sides=PORTAL),
    "edits": Mood("cases come and go between the pages of a listing"),
    "unstable_ties": Mood("rows that tie change their order from page to page", sides=frozenset({SideName.CITY})),
}


class UnknownMoodError(ValueError):
    """No such mood on this system."""


@dataclass
class Temper:
    """The moods a system is in, each with the number of requests it still lasts and the share of requests it hits."""

    side: SideName
    left: Counter[str] = field(default_factory=Counter)
    shares: dict[str, float] = field(default_factory=dict)
    chance: Random = field(default_factory=lambda: Random(20_261_120))

    def set(self, name: str, times: int, share: float = 1.0) -> None:
        if name not in MOODS or self.side not in MOODS[name].sides:
            known = sorted(mood for mood, described in MOODS.items() if self.side in described.sides)
            raise UnknownMoodError(f"no mood {name!r} here; known: {', '.join(known)}")
        if times > 0:
            self.left[name] = times
            self.shares[name] = share
        else:
            del self.left[name]

    def calm(self) -> None:
        """Leave every mood."""
        self.left.clear()

    def takes(self, name: str) -> bool:
        """Use the mood up once if the system is in it."""
        if self.left[name] <= 0:
            del self.left[name]
            return False
        if self.shares[name] < 1 and self.chance.random() >= self.shares[name]:
            return False
        self.left[name] -= 1
        return True

    def refusal(self) -> Response | None:
        for name in [name for name in self.left if MOODS[name].refuse]:
            refuse = MOODS[name].refuse
            if refuse and self.takes(name):
                return refuse()
        return None

    def aim(self, start: int, size: int) -> int:
        """Where the page that is given begins, instead of `start`."""
        for name in [name for name in self.left if MOODS[name].aim]:
            aim = MOODS[name].aim
            if aim and self.takes(name):
                start = aim(start, size)
        return start

    def reshape(self, page: Page) -> None:
        for name in [name for name in self.left if MOODS[name].reshape]:
            reshape = MOODS[name].reshape
            if reshape and self.takes(name):
                reshape(page, self.side)

    def send(self, body: bytes) -> Response:
        """The answer with a body, spoiled and sent as the moods want it."""
        for name in [name for name in self.left if MOODS[name].spoil]:
            spoil = MOODS[name].spoil
            if spoil and self.takes(name):
                body = spoil(body)
        for name in [name for name in self.left if MOODS[name].send]:
            send = MOODS[name].send
            if send and self.takes(name):
                return send(body)
        return Response(body, media_type="application/json")
