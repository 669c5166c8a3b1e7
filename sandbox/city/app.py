"""HTTP interface of the city's system, with the manners of OpenCPS (numbers and booleans as text, offset ranges)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.city import igate, paged
from sandbox.city.listing import BadRequestError, CityListing, Selection, read_selection
from sandbox.city.records import FIRST_DOSSIER_ID
from sandbox.city.steps import list_steps
from sandbox.columns import Rows
from sandbox.conduct import Conduct, json_response
from sandbox.moods import Page
from sandbox.sessions import Sessions
from sandbox.side import SideName
from sandbox.world import World

BASE = "/o/rest/v2/dossiers"
MOST_ROWS = 1_000
TOKEN_SECONDS = 600


class CityService:
    def __init__(self, world: World, latency_ms: int, rate: int = 0) -> None:
        self._world = world
        self.listing = CityListing(world)
        self.tokens = Sessions(TOKEN_SECONDS)
        self._conduct = Conduct(SideName.CITY, latency_ms, rate)
        self._conduct.when_set["edits"] = self.listing.edits.begin

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route(BASE, self._list, methods=["GET"]),
                Route(BASE + "/{dossier_id:int}", self._show, methods=["GET"]),
                Route(BASE + "/{dossier_id:int}/actions", self._steps, methods=["GET"]),
                Route(igate.SEARCH, self._search, methods=["GET"]),
                Route(paged.SEARCH, self._search_pages, methods=["GET"]),
                Route(igate.TOKEN, self._token, methods=["POST"]),
                Route(paged.TOKEN, self._token, methods=["POST"]),
                *self._conduct.routes(),
            ]
        )

    async def _list(self, request: Request) -> Response:
        refusal = await self._conduct.admit("dossiers") or self._expired() or _without_group(request)
        if refusal:
            return refusal
        try:
            selection = read_selection(request.query_params, MOST_ROWS)
        except BadRequestError as error:
            return json_response({"error": str(error)}, 400)
        total, rows = self._page(selection)
        page = self._reshaped(self._world.city.render(rows), total)
        return self._conduct.answer({"total": page.total, "data": page.rows})

    async def _search(self, request: Request) -> Response:
        """iGate's search."""
        refusal = await self._conduct.admit("search") or self._expired() or self._without_token(request)
        if refusal:
            return refusal
        try:
            selection, number, size = igate.read_slice(request.query_params, MOST_ROWS)
        except BadRequestError as error:
            return json_response({"error": str(error)}, 400)
        total, rows = self._page(selection)
        last = selection.start + len(rows) >= total
        page = self._reshaped([igate.to_igate(record) for record in self._world.city.render(rows)], total)
        return self._conduct.answer(igate.slice_of(page.rows, number, size, last))

    async def _search_pages(self, request: Request) -> Response:
        """The paged system's search."""
        refusal = await self._conduct.admit("HoSo") or self._expired() or self._without_token(request)
        if refusal:
            return refusal
        try:
            selection, number, size = paged.read_page(request.query_params, MOST_ROWS)
        except BadRequestError as error:
            return json_response({"error": str(error)}, 400)
        total, rows = self._page(selection)
        page = self._reshaped([paged.to_paged(record) for record in self._world.city.render(rows)], total)
        return self._conduct.answer(paged.page_of(page.rows, number, size, page.total))

    async def _token(self, request: Request) -> Response:
        """A bearer token for user name and password, as a form (iGate) or as JSON (paged)."""
        self._conduct.requests["token"] += 1
        body = await request.body()
        try:
            given = orjson.loads(body)
        except orjson.JSONDecodeError:
            given = dict(parse_qsl(body.decode(errors="replace")))
        user, password = given.get("username") or given.get("email"), given.get("password")
        token = self.tokens.login(str(user), str(password))
        if token is None:
            return json_response({"error": "invalid_grant"}, 401)
        return json_response({"access_token": token, "token": token, "expires_in": TOKEN_SECONDS})

    def _without_token(self, request: Request) -> Response | None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return None if self.tokens.alive(token) else json_response({"error": "unauthorized"}, 401)

    def _page(self, selection: Selection) -> tuple[int, Rows]:
        """The rows of a page, as the moods have them."""
        temper = self._conduct.temper
        start = temper.aim(selection.start, selection.end - selection.start)
        shuffle = hash((start, selection.end)) % 100_003 + 1 if temper.takes("unstable_ties") else None
        aimed = replace(selection, start=start, end=start + selection.end - selection.start)
        return self.listing.select(aimed, shuffle, edit=selection.start > 0 and temper.takes("edits"))

    def _reshaped(self, records: list[dict[str, Any]], total: int) -> Page:
        page = Page(records, total)
        self._conduct.rows_served += len(records)
        self._conduct.temper.reshape(page)
        return page

    def _expired(self) -> Response | None:
        """OpenCPS asks the gateway before it answers; a lost login is a plain 401."""
        if not self._conduct.temper.takes("expire_session"):
            return None
        self.tokens.expire_all()
        return json_response({"error": "unauthorized"}, 401)

    async def _show(self, request: Request) -> Response:
        refusal = await self._conduct.admit("dossier") or _without_group(request)
        if refusal:
            return refusal
        rows = self._row(request)
        if not len(rows):
            return json_response({"error": "no such dossier"}, 404)
        self._conduct.rows_served += 1
        return self._conduct.answer(self._world.city.render(rows)[0])

    async def _steps(self, request: Request) -> Response:
        refusal = await self._conduct.admit("actions") or _without_group(request)
        if refusal:
            return refusal
        rows = self._row(request)
        if not len(rows):
            return json_response({"error": "no such dossier"}, 404)
        draft = self._world.draft
        steps = list_steps(
            int(rows[0]), draft.city.facts.take(rows), int(draft.background.modified[rows[0]]), draft.text
        )
        return self._conduct.answer({"total": len(steps), "data": steps})

    def _row(self, request: Request) -> Rows:
        row = int(request.path_params["dossier_id"]) - FIRST_DOSSIER_ID
        held = self._world.draft.city.held
        return np.array([row] if 0 <= row < len(held) and held[row] else [], np.int64)


def _without_group(request: Request) -> Response | None:
    """OpenCPS is one installation for many sites: the site must be named in a header."""
    if request.headers.get("groupId"):
        return None
    return json_response({"error": "header groupId is required"}, 400)
