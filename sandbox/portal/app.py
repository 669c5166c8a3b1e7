"""HTTP interface of the national portal: ``/mapi/login`` and ``/mapi/g``.

Every answer is HTTP 200 with a code inside, which comes in three spellings when it means success: "00", "0" and 0.
Successive versions of one real client compared with each of them in turn.
"""

from __future__ import annotations

from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.bodies import reset
from sandbox.conduct import Conduct, json_response
from sandbox.moods import Page
from sandbox.portal.checks import ServiceError
from sandbox.portal.services import WRITES, PortalServices
from sandbox.sessions import Sessions
from sandbox.side import SideName
from sandbox.world import World

SUCCESS_SPELLINGS: tuple[str | int, ...] = ("00", "0", 0)
MAY_NOT_WRITE = {"error_code": "-1", "message": "Không có quyền ghi", "result": []}
EXPIRED = {"error_code": "-2", "message": "Phiên làm việc đã hết hạn"}


class PortalService:
    def __init__(self, world: World, session_ttl: float, latency_ms: int, rate: int = 0, write_token: str = "") -> None:
        """With a `write_token`, services that change something ask for it as a bearer token."""
        self._write_token = write_token
        self._conduct = Conduct(SideName.PORTAL, latency_ms, rate)
        self.services = PortalServices(world, self._conduct.temper)
        self._conduct.when_set["edits"] = self.services.store.edits.begin
        self._sessions = Sessions(session_ttl)
        self._answered = 0

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/mapi/login", self._login, methods=["POST"]),
                Route("/mapi/g", self._call, methods=["POST"]),
                *self._conduct.routes(),
            ]
        )

    async def _login(self, request: Request) -> Response:
        self._conduct.requests["login"] += 1
        credentials = await _read(request)
        token = self._sessions.login(str(credentials.get("username")), str(credentials.get("password")))
        if token is None:
            return json_response({"error_code": -1, "message": "Sai tên đăng nhập hoặc mật khẩu"})
        return json_response({"error_code": 0, "session": token, "message": "Thành công"})

    async def _call(self, request: Request) -> Response:
        envelope = await _read(request)
        refusal = await self._conduct.admit(str(envelope.get("service")))
        if refusal:
            return refusal
        if self._conduct.temper.takes("expire_session"):
            self._sessions.expire_all()
        if not self._sessions.alive(str(envelope.get("session"))):
            return json_response(EXPIRED)
        writes = str(envelope.get("service")) in WRITES
        if writes and self._write_token and request.headers.get("Authorization") != f"Bearer {self._write_token}":
            return json_response(MAY_NOT_WRITE)
        try:
            answer = self.services.perform(envelope)
        except ServiceError as error:
            return json_response({"error_code": error.code, "message": error.message, "result": []})
        if writes and self._conduct.temper.takes("silent_push"):
            return reset(orjson.dumps({"error_code": self._success()}))
        content: dict[str, Any] = {"error_code": self._success(), "message": answer.message, "result": answer.result}
        if answer.total is not None:
            page = Page(answer.result, answer.total)
            self._conduct.rows_served += len(page.rows)
            self._conduct.temper.reshape(page)
            content |= {"result": page.rows, "tongSo": str(page.total)}
        return self._conduct.answer(content)

    def _success(self) -> str | int:
        self._answered += 1
        return SUCCESS_SPELLINGS[self._answered % len(SUCCESS_SPELLINGS)]


async def _read(request: Request) -> dict[str, Any]:
    """The JSON object of a request; anything else counts as an empty envelope."""
    try:
        content = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}
