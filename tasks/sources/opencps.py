"""The city's system: the OpenCPS case listing, `GET /o/rest/v2/dossiers`.

The listing pages by an offset range (`start`, `end`), has no modified-since filter and says how many rows a filter has.
A window is read in two listings: cases by received day, and cases that are not received yet by submission day.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from errors import CountMismatch, MalformedPage
from schemas.codes import Side
from schemas.window import Window
from settings import Settings
from tasks.sources.http import Wire

PATH = "/o/rest/v2/dossiers"
DAY = "%d/%m/%Y"

Record = dict[str, Any]


class OpenCps:
    """Reads cases of the city. One instance serves many threads."""

    side = Side.CITY

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.wire = Wire(Side.CITY, settings.city_url, settings, {"groupId": settings.city_group_id})

    def close(self) -> None:
        self.wire.close()

    def read(self, window: Window) -> Iterator[list[Record]]:
        """The window's pages of raw records.

        Raises CountMismatch when the rows of a listing are not as many as its `total`, MalformedPage when an answer has
        another shape, and whatever `Wire.json` raises.
        """
        first, last = window.start.strftime(DAY), window.last_day.strftime(DAY)
        yield from self._listing(window, {"fromReceiveDate": first, "toReceiveDate": last})
        unreceived = {"status": self._settings.city_unreceived_status, "fromSubmitDate": first, "toSubmitDate": last}
        yield from self._listing(window, unreceived)

    def _listing(self, window: Window, filters: dict[str, str]) -> Iterator[list[Record]]:
        start, total = 0, 0
        while True:
            params = {
                **filters,
                "start": start,
                "end": start + self._settings.city_page_rows,
                "sort": "dossierId",  # unique, so that a row stands on one page only
                "order": "asc",
            }
            answer = self.wire.json("GET", PATH, params=params, window=window.name)
            total, rows = _page(answer, window)
            if rows:
                yield rows
            start += len(rows)
            if not rows or start >= total:
                break
        if start != total:
            raise CountMismatch(Side.CITY, f"{start} rows read, {total} announced", window=window.name)


def _page(answer: Any, window: Window) -> tuple[int, list[Record]]:
    """Total and rows of one answer. Numbers may come as text."""
    try:
        total, rows = int(answer["total"]), answer["data"]
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedPage(Side.CITY, "an answer without a `total` and `data`", window=window.name) from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise MalformedPage(Side.CITY, "`data` is not a list of records", window=window.name)
    return total, rows
