"""Answers that go wrong on their way: how each is sent, for the moods that need more than a changed text."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache

import orjson
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)

JSON = "application/json"
MEGABYTE = 1 << 20
OVERSIZED_MB = 80
SKEW = timedelta(minutes=10)
ELSEWHERE = "http://elsewhere.invalid/o/rest/v2/dossiers"


def status(code: int, headers: dict[str, str] | None = None) -> Response:
    """A bare error of a web server."""
    return PlainTextResponse(f"error {code}", code, headers=headers)


def later(seconds: float) -> str:
    """`Retry-After` as a date (whole seconds, so never less than asked)."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


def too_many_as_page() -> Response:
    """What a firewall in front of the system answers."""
    return HTMLResponse("<html><body><h1>429 Too Many Requests</h1></body></html>", 429)


def error_in_success() -> Response:
    return JSONResponse({"error": "Hệ thống đang bận", "status": "error"})


def elsewhere() -> Response:
    return RedirectResponse(ELSEWHERE, 302)


def drip(body: bytes) -> Response:
    """A byte now and then, for ever as far as a reader is concerned."""

    async def bytes_now_and_then() -> AsyncIterator[bytes]:
        for place in range(min(len(body), 600)):
            yield body[place : place + 1]
            await asyncio.sleep(0.05)

    return StreamingResponse(bytes_now_and_then(), media_type=JSON)


class Silence(Response):
    """No answer at all for a while; then the connection ends."""

    async def __call__(self, scope: object, receive: object, send: object) -> None:
        await asyncio.sleep(1.5)


def reset(body: bytes) -> Response:
    """The connection ends in the middle of the body."""

    async def half() -> AsyncIterator[bytes]:
        yield body[: len(body) // 2]
        raise ConnectionResetError("on purpose")

    return StreamingResponse(half(), media_type=JSON, headers={"Content-Length": str(len(body))})


def oversized(body: bytes) -> Response:
    """White space before the value: valid JSON, and far too much of it."""

    async def padded() -> AsyncIterator[bytes]:
        for _ in range(OVERSIZED_MB):
            yield b" " * MEGABYTE
        yield body

    return StreamingResponse(padded(), media_type=JSON)


def gzip_bomb(body: bytes) -> Response:
    """The same, packed a thousandfold."""
    return Response(_packed_spaces() + gzip.compress(body, 1), media_type=JSON, headers={"Content-Encoding": "gzip"})


@lru_cache(maxsize=1)
def _packed_spaces() -> bytes:
    """A gzip member; a stream may have several."""
    return gzip.compress(b" " * (OVERSIZED_MB * MEGABYTE), 6)


def skewed(body: bytes) -> Response:
    """A clock that is ten minutes ahead."""
    return Response(body, media_type=JSON, headers={"Date": format_datetime(datetime.now(UTC) + SKEW, usegmt=True)})


def as_text(body: bytes) -> bytes:
    """JSON inside a JSON text, as provincial gateways send it."""
    return orjson.dumps(body.decode())


def wrong_charset(body: bytes) -> bytes:
    """Vietnamese in the old Windows code page, though JSON is UTF-8."""
    return "".join(letter if letter.isascii() else "\xf2" for letter in body.decode()).encode("latin-1")
