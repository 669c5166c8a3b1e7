"""HTTP interface of the city's system, with the manners of OpenCPS (numbers and booleans as text, offset ranges)."""

from __future__ import annotations

import numpy as np
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.city.listing import BadRequestError, CityListing, read_selection
from sandbox.city.records import FIRST_DOSSIER_ID
from sandbox.city.steps import list_steps
from sandbox.columns import Rows
from sandbox.conduct import Conduct, json_response
from sandbox.moods import Page
from sandbox.side import SideName
from sandbox.world import World

BASE = "/o/rest/v2/dossiers"
MOST_ROWS = 1_000


class CityService:
    def __init__(self, world: World, latency_ms: int) -> None:
        self._world = world
        self._listing = CityListing(world)
        self._conduct = Conduct(SideName.CITY, latency_ms)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route(BASE, self._list, methods=["GET"]),
                Route(BASE + "/{dossier_id:int}", self._show, methods=["GET"]),
                Route(BASE + "/{dossier_id:int}/actions", self._steps, methods=["GET"]),
                *self._conduct.routes(),
            ]
        )

    async def _list(self, request: Request) -> Response:
        refusal = await self._conduct.admit("dossiers") or _without_group(request)
        if refusal:
            return refusal
        try:
            selection = read_selection(request.query_params, MOST_ROWS)
        except BadRequestError as error:
            return json_response({"error": str(error)}, 400)
        unstable = self._conduct.temper.takes("unstable_ties")
        shuffle = hash((selection.start, selection.end)) % 100_003 + 1 if unstable else None
        total, rows = self._listing.select(selection, shuffle)
        page = Page(self._world.city.render(rows), total)
        self._conduct.rows_served += len(page.rows)
        self._conduct.temper.reshape(page)
        return self._conduct.answer({"total": page.total, "data": page.rows})

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
