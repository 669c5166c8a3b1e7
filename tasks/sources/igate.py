"""The city's system: VNPT iGate's case search, `GET /pa/dossier/search`.

A slice (`spec=slice`) counts its pages from zero, says whether it is the last and never how many rows there are. The
count is therefore asked for in another way: with pages of one row, the page of the last row must exist and be the last.
"""

from __future__ import annotations

from typing import Any

from errors import AccessRefused, MalformedPage
from schemas.codes import Side
from schemas.systems import IGATE
from schemas.window import Window
from settings import Settings
from tasks.sources.http import SessionLostError, Wire
from tasks.sources.protocol import Page, Part, Record, parts_of
from tasks.sources.session import Session

DAY = "%d/%m/%Y"
RECEIVED, UNRECEIVED = "received", "unreceived"


class IGate:
    """Reads cases of an iGate city. One instance serves many threads and shares one token."""

    side = Side.CITY
    system = IGATE
    overlaps = False
    counted = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.page_rows = settings.city_page_rows
        self.wire = Wire(Side.CITY, settings.city_url, settings)
        self._session = Session(self._login, settings.city_session_seconds)

    @property
    def clock_skew(self) -> float | None:
        return self.wire.clock_skew

    def close(self) -> None:
        self.wire.close()

    def parts(self, window: Window) -> list[Part]:
        return parts_of(window, RECEIVED, UNRECEIVED)

    def page(self, part: Part, position: int, rows: int) -> Page:
        """Page number `position`. Raises AccessRefused, MalformedPage, and whatever `Wire.json` raises."""
        content, last = self._ask(part, position, rows)
        return Page(content, None, None if last else position + 1)

    def agrees(self, part: Part, rows: int, last_id: str | None) -> bool:
        content, last = self._ask(part, max(0, rows - 1), 1)
        return last and [row.get("id") for row in content] == ([last_id] if rows else [])

    def _ask(self, part: Part, page: int, rows: int) -> tuple[list[Record], bool]:
        field = "accepted" if part.listing == RECEIVED else "applied"
        filters = {f"{field}-from": part.first.strftime(DAY), f"{field}-to": part.last.strftime(DAY)}
        if part.listing == UNRECEIVED:
            filters["dossier-status"] = self._settings.igate_unreceived_status
        # sorted by the unique id, so that a row stands on one page only
        params = {"spec": "slice", "page": page, "size": rows, "sort": self._settings.igate_sort, **filters}

        def understood(answer: Any) -> tuple[list[Record], bool]:
            return _understood(answer, page)

        for attempt in (1, 2):
            token = self._session.token()
            try:
                answer: tuple[list[Record], bool] = self.wire.json(
                    "GET",
                    self._settings.igate_search_path,
                    params=params,
                    headers={"Authorization": f"Bearer {token}"},
                    window=part.name,
                    understand=understood,
                )
                return answer
            except SessionLostError as error:
                self._session.forget(token)
                if attempt == 2:
                    raise AccessRefused(Side.CITY, "a fresh token was refused", window=part.name) from error
        raise AssertionError("unreachable")

    def _login(self) -> str:
        settings = self._settings
        form = {
            "grant_type": "password",
            "username": settings.city_username,
            "password": settings.city_password.get_secret_value(),
        }
        try:
            answer = self.wire.json("POST", settings.igate_token_path, data=form, kind="login")
        except SessionLostError:
            answer = None
        if not isinstance(answer, dict) or not answer.get("access_token"):
            raise AccessRefused(Side.CITY, "the login was refused: check HOSO_CITY_USERNAME and _PASSWORD")
        return str(answer["access_token"])


def _understood(answer: Any, asked: int) -> tuple[list[Record], bool]:
    """Rows of a slice and whether it is the last; a slice that gives another page number than asked is malformed."""
    if not isinstance(answer, dict) or not isinstance(answer.get("last"), bool):
        raise MalformedPage(Side.CITY, "an answer without `content` and `last`")
    rows = answer.get("content")
    if not isinstance(rows, list) or not {*map(type, rows)} <= {dict}:
        raise MalformedPage(Side.CITY, "`content` is not a list of records")
    if answer.get("number", asked) != asked:
        raise MalformedPage(Side.CITY, "a slice gives another page than asked")
    return rows, answer["last"]
