"""The city's system: a paged listing of the Thanh Hoa kind, `GET .../HoSo` with `PageNumber` and `PageSize`.

Its order has no tie-breaker, so rows can repeat or vanish between two pages even when nobody edits anything. What is
read is therefore trusted only when every row came once and they are as many as `totalCount`; the reader splits a
window that is not like that until its parts fit on one page.
"""

from __future__ import annotations

from typing import Any

from errors import AccessRefused, MalformedPage
from schemas.codes import Side
from schemas.systems import PAGED
from schemas.window import Window
from settings import Settings
from tasks.sources.http import SessionLostError, Wire
from tasks.sources.protocol import Page, Part, Record, parts_of
from tasks.sources.session import Session

RECEIVED, UNRECEIVED = "received", "unreceived"


class PagedCity:
    """Reads cases of a paged city system. One instance serves many threads and shares one token."""

    side = Side.CITY
    system = PAGED
    overlaps = False
    counted = True

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
        """The page after the first `position` pages. Raises AccessRefused, and whatever `Wire.json` raises."""
        total, listed = self._ask(part, position + 1, rows)
        return Page(listed, total, position + 1 if listed and position * rows + len(listed) < total else None)

    def agrees(self, part: Part, rows: int, last_id: str | None) -> bool:
        return self._ask(part, 1, 1)[0] == rows

    def _ask(self, part: Part, page: int, rows: int) -> tuple[int, list[Record]]:
        field = "TiepNhan" if part.listing == RECEIVED else "NgayNop"
        params = {
            f"{field}From": part.first.isoformat(),
            f"{field}To": part.last.isoformat(),
            "PageNumber": page,
            "PageSize": rows,
        }
        if part.listing == UNRECEIVED:
            params["MaTrangThai"] = self._settings.paged_unreceived_status

        def understood(answer: Any) -> tuple[int, list[Record]]:
            return _understood(answer, page)

        for attempt in (1, 2):
            token = self._session.token()
            try:
                answer: tuple[int, list[Record]] = self.wire.json(
                    "GET",
                    self._settings.paged_search_path,
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
        credentials = {"email": settings.city_username, "password": settings.city_password.get_secret_value()}
        try:
            answer = self.wire.json("POST", settings.paged_token_path, json=credentials, kind="login")
        except SessionLostError:
            answer = None
        if not isinstance(answer, dict) or not answer.get("token"):
            raise AccessRefused(Side.CITY, "the login was refused: check HOSO_CITY_USERNAME and _PASSWORD")
        return str(answer["token"])


def _understood(answer: Any, asked: int) -> tuple[int, list[Record]]:
    """Total and rows; keys may begin with a small or a capital letter (the serialiser's choice)."""
    if not isinstance(answer, dict):
        raise MalformedPage(Side.CITY, "an answer that is not an object")
    answer = _small(answer)
    total, rows = answer.get("totalCount"), answer.get("data")
    if not isinstance(total, int) or not isinstance(rows, list) or not {*map(type, rows)} <= {dict}:
        raise MalformedPage(Side.CITY, "an answer without a `totalCount` and records in `data`")
    if answer.get("currentPage", asked) != asked:
        raise MalformedPage(Side.CITY, "an answer gives another page than asked")
    if rows and next(iter(rows[0]), "")[:1].isupper():
        rows = [_small(row) for row in rows]
    return total, rows


def _small(record: Record) -> Record:
    return {name[:1].lower() + name[1:]: value for name, value in record.items()}
