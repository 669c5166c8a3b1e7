"""The city's system: the OpenCPS case listing, `GET /o/rest/v2/dossiers`.

The listing pages by an offset range (`start`, `end`), has no modified-since filter and says how many rows a filter has.
A window is read in two listings: cases by received day, and cases that are not received yet by submission day.
"""

from __future__ import annotations

from typing import Any

from errors import AccessRefused, MalformedPage
from schemas.codes import Side
from schemas.systems import OPENCPS
from schemas.window import Window
from settings import Settings
from tasks.sources.http import SessionLostError, Wire
from tasks.sources.protocol import Page, Part, Record, parts_of

PATH = "/o/rest/v2/dossiers"
DAY = "%d/%m/%Y"
RECEIVED, UNRECEIVED = "received", "unreceived"


class OpenCps:
    """Reads cases of an OpenCPS city. One instance serves many threads."""

    side = Side.CITY
    system = OPENCPS
    overlaps = True
    counted = True

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.page_rows = settings.city_page_rows
        self.wire = Wire(Side.CITY, settings.city_url, settings, {"groupId": settings.city_group_id})

    @property
    def clock_skew(self) -> float | None:
        return self.wire.clock_skew

    def close(self) -> None:
        self.wire.close()

    def parts(self, window: Window) -> list[Part]:
        return parts_of(window, RECEIVED, UNRECEIVED)

    def page(self, part: Part, position: int, rows: int) -> Page:
        """Rows from `position` on, with the row before them when there is one.

        Raises MalformedPage, and whatever `Wire.json` raises.
        """
        start = max(0, position - 1)
        total, listed = self._ask(part, start, start + rows)
        following = start + len(listed)
        return Page(listed, total, following if following < total and listed else None)

    def agrees(self, part: Part, rows: int, last_id: str | None) -> bool:
        total, listed = self._ask(part, max(0, rows - 1), max(1, rows))
        return total == rows and (not rows or [row.get("dossierId") for row in listed] == [last_id])

    def _ask(self, part: Part, start: int, end: int) -> tuple[int, list[Record]]:
        field = "ReceiveDate" if part.listing == RECEIVED else "SubmitDate"
        filters = {f"from{field}": part.first.strftime(DAY), f"to{field}": part.last.strftime(DAY)}
        if part.listing == UNRECEIVED:
            filters["status"] = self._settings.city_unreceived_status
        # dossierId is unique, so that a row stands on one page only
        params = {**filters, "start": start, "end": end, "sort": "dossierId", "order": "asc"}
        try:
            answer: tuple[int, list[Record]] = self.wire.json(
                "GET", PATH, params=params, window=part.name, understand=_understood
            )
        except SessionLostError as error:
            raise AccessRefused(
                Side.CITY, "HTTP 401: check HOSO_CITY_GROUP_ID and the way in", window=part.name
            ) from error
        return answer


def _understood(answer: Any) -> tuple[int, list[Record]]:
    """Total and rows of one answer. Numbers may come as text."""
    try:
        total, rows = int(answer["total"]), answer["data"]
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedPage(Side.CITY, "an answer without a `total` and `data`") from error
    if not isinstance(rows, list) or not {*map(type, rows)} <= {dict}:
        raise MalformedPage(Side.CITY, "`data` is not a list of records")
    return total, rows
