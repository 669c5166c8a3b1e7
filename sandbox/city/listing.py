"""Which rows a listing request means, and in which order.

OpenCPS sorts by day (its index keeps dates without the clock), so rows of the same day tie unless the sort field is
the unique ``dossierId``. Ties come in an arbitrary order: the same in every request normally, another one for every
page when the mood ``unstable_ties`` is on, which is how a client loses rows between pages.
There is **no** modified-since filter, in the real system as here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from sandbox.city.records import STATUS_WORDS
from sandbox.columns import DAY, NO_TIME, Ints, Mask, Rows, wall_seconds
from sandbox.edits import Edits
from sandbox.world import World

KEPT_SELECTIONS = 16
DEFAULT_SORT = "receiveDate"
DATE_FILTERS = {
    "ReceiveDate": "received",
    "SubmitDate": "submitted",
    "DueDate": "due",
    "ReleaseDate": "finished",
    "FinishDate": "returned",
}
SORT_COLUMNS = {
    "receiveDate": "received",
    "submitDate": "submitted",
    "createDate": "submitted",
    "dueDate": "due",
    "releaseDate": "finished",
    "finishDate": "returned",
}


class BadRequestError(ValueError):
    """The request cannot be understood; the text goes back to the caller."""


@dataclass(frozen=True)
class Selection:
    """What one request asks for: filters, order and the offset range."""

    filters: tuple[tuple[str, str], ...]
    sort: str
    descending: bool
    start: int
    end: int

    @property
    def key(self) -> tuple[object, ...]:
        return (self.filters, self.sort, self.descending)


class CityListing:
    def __init__(self, world: World) -> None:
        self._world = world
        self._rows = world.city_rows
        self._facts = world.draft.city.facts
        self._day_order = self._rows[np.argsort(self._facts.received[self._rows], kind="stable")]
        self._days = self._facts.received[self._day_order] // DAY
        self._overridden = {
            str(values["dossierNo"]): row for row, values in world.draft.city.overrides.items() if "dossierNo" in values
        }
        self._kept: OrderedDict[tuple[object, ...], Rows] = OrderedDict()
        self.edits = Edits(self._rows, len(self._facts))

    def select(self, selection: Selection, shuffle: int | None = None, edit: bool = False) -> tuple[int, Rows]:
        """How many rows match in all, and the rows of the asked range. ``shuffle`` reorders ties differently;
        ``edit`` changes an earlier page first.
        """
        ordered = self._listed(selection, shuffle)
        if edit and selection.start > 0:
            self.edits.disturb(ordered, selection.start)
        visible = self.edits.seen(ordered)
        return len(visible), visible[selection.start : selection.end]

    def _listed(self, selection: Selection, shuffle: int | None) -> Rows:
        """Every row that matches, in order, whether or not it is visible now."""
        key = (*selection.key, shuffle)
        ordered = self._kept.get(key)
        if ordered is None:
            matching = self._matching(dict(selection.filters))
            ordered = self._ordered(matching, selection.sort, selection.descending, shuffle or 0)
            self._kept[key] = ordered
            if len(self._kept) > KEPT_SELECTIONS:
                self._kept.popitem(last=False)
        return ordered

    def _matching(self, filters: Mapping[str, str]) -> Rows:
        """Starts from the received days, which are presorted, and narrows by the other filters."""
        low, high = _day_range(filters, "ReceiveDate")
        if low is None and high is None:
            rows = self._rows
        else:
            first = max(low, 1) if low is not None else 1
            begin = np.searchsorted(self._days, first)
            until = np.searchsorted(self._days, high, side="right") if high is not None else len(self._days)
            rows = self._day_order[begin:until]
        for name, column in DATE_FILTERS.items():
            if name != "ReceiveDate":
                rows = rows[_in_days(getattr(self._facts, column)[rows], *_day_range(filters, name))]
        for name, test in (("status", self._by_status), ("agency", self._by_agency), ("service", self._by_service)):
            if filters.get(name):
                rows = rows[test(filters[name], rows)]
        return self._by_code(filters["dossierNo"], rows) if filters.get("dossierNo") else rows

    def _by_status(self, words: str, rows: Rows) -> Mask:
        wanted = [STATUS_WORDS.index(word) for word in words.split(",") if word in STATUS_WORDS[1:]]
        return np.isin(self._facts.status[rows], wanted)

    def _by_agency(self, code: str, rows: Rows) -> Mask:
        wanted = [n for n, agency in enumerate(self._world.catalogue.agencies) if agency.code == code]
        return np.isin(self._facts.agency[rows], wanted)

    def _by_service(self, code: str, rows: Rows) -> Mask:
        wanted = [n for n, p in enumerate(self._world.catalogue.procedures) if code in (p.code, f"{p.code}.H26")]
        return np.isin(self._facts.procedure[rows], wanted)

    def _by_code(self, code: str, rows: Rows) -> Rows:
        if code in self._overridden:
            return np.intersect1d(rows, [self._overridden[code]])
        found = rows[self._facts.code[rows] == self._world.book.parse(code)]
        return np.setdiff1d(found, list(self._overridden.values()))

    def _ordered(self, rows: Rows, sort: str, descending: bool, shuffle: int) -> Rows:
        if sort == "dossierId":
            return np.sort(rows)[::-1] if descending else np.sort(rows)
        day = getattr(self._facts, SORT_COLUMNS[sort])[rows] // DAY
        ties = _scramble(rows, shuffle)
        return rows[np.lexsort((ties, -day if descending else day))]


def read_selection(query: Mapping[str, str], most: int) -> Selection:
    """The query of a request; a missing or zero ``end`` means the first ten rows, as in OpenCPS."""
    start, end = _number(query, "start"), _number(query, "end")
    if end == 0:
        start, end = 0, 10
    sort = query.get("sort") or DEFAULT_SORT
    if sort != "dossierId" and sort not in SORT_COLUMNS:
        raise BadRequestError(f"cannot sort by {sort}")
    known = {f"{side}{name}" for name in DATE_FILTERS for side in ("from", "to")} | {
        "status",
        "agency",
        "service",
        "dossierNo",
    }
    filters = tuple(sorted((key, value) for key, value in query.items() if key in known and value))
    for name in DATE_FILTERS:
        _day_range(dict(filters), name)
    descending = query.get("order", "").lower() in ("true", "desc")
    return Selection(filters, sort, descending, start, max(start, min(end, start + most)))


def _number(query: Mapping[str, str], name: str) -> int:
    text = query.get(name) or "0"
    if not text.isascii() or not text.isdigit():
        raise BadRequestError(f"{name} must be a number")
    return int(text)


def _day_range(filters: Mapping[str, str], name: str) -> tuple[int | None, int | None]:
    return _day(filters.get(f"from{name}")), _day(filters.get(f"to{name}"))


def _day(text: str | None) -> int | None:
    if not text:
        return None
    try:
        return wall_seconds(datetime.strptime(text, "%d/%m/%Y")) // DAY
    except ValueError as error:
        raise BadRequestError(f"not a date of the form dd/MM/yyyy: {text}") from error


def _in_days(moments: Ints, low: int | None, high: int | None) -> Mask:
    if low is None and high is None:
        return np.ones(len(moments), bool)
    day = moments // DAY
    inside: Mask = moments != NO_TIME
    if low is not None:
        inside &= day >= low
    if high is not None:
        inside &= day <= high
    return inside


def _scramble(rows: Rows, shuffle: int) -> npt.NDArray[np.uint64]:
    """An arbitrary but repeatable order."""
    mixed = (rows.astype(np.uint64) + np.uint64(shuffle * 7_919)) * np.uint64(0x9E3779B97F4A7C15)
    return (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
