"""Both systems in one process, on the loopback address only."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from email.utils import formatdate

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = "127.0.0.1"


class _Server(uvicorn.Server):
    """Leaves signals to us: two servers in one process would take them from each other."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Dated:
    """Adds the `Date` header where an answer has none of its own: the server's would stand beside it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Date", formatdate(usegmt=True))
            await send(message)

        await self._app(scope, receive, dated)


@dataclass(frozen=True)
class Addresses:
    city: str
    portal: str


def bind(port: int) -> socket.socket:
    """A socket on the loopback address; 0 takes any free port. It listens only when its server starts.

    The protocol is named because asyncio sends small answers without delay (TCP_NODELAY) only on sockets that say so:
    otherwise every answer to a kept-alive connection takes 40 ms longer.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((LOOPBACK, port))
    return bound


def _address(bound: socket.socket) -> str:
    return f"http://{LOOPBACK}:{bound.getsockname()[1]}"


async def serve(
    city: Starlette,
    portal: Starlette,
    sockets: tuple[socket.socket, socket.socket],
    when_ready: Callable[[Addresses], None],
    until: Callable[[], Awaitable[object]] | None = None,
) -> None:
    """Serve both until SIGTERM or SIGINT, or until ``until`` returns."""
    servers = [
        _Server(
            uvicorn.Config(
                _Dated(app),
                log_level="critical",  # broken connections are part of the play
                access_log=False,
                lifespan="off",
                date_header=False,
                timeout_graceful_shutdown=3,
            )
        )
        for app in (city, portal)
    ]

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    if until is None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
    running = [asyncio.create_task(s.serve(sockets=[sock])) for s, sock in zip(servers, sockets, strict=True)]
    while not all(server.started for server in servers):
        if any(task.done() for task in running):
            break
        await asyncio.sleep(0.01)
    else:
        when_ready(Addresses(_address(sockets[0]), _address(sockets[1])))
    if until is not None:
        await until()
        stop()
    await asyncio.gather(*running)
