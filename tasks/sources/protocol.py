"""What an adapter has to be able to do: say how a range of days is listed, and fetch one page of a listing.

Everything else (counting, shifted pages, splitting, resuming, landing) is done once, for all adapters, by
`tasks.sources.reading` and `tasks.sources.landing`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Protocol, runtime_checkable

from schemas.codes import Side
from schemas.systems import WireSystem
from schemas.window import Window

Record = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """The cases of some days that one listing gives; `listing` is the adapter's own word for the kind of listing.

    `first` and `last` are days of the source's clock, both inside.
    """

    listing: str
    first: date
    last: date

    @property
    def name(self) -> str:
        return f"{self.listing}-{self.first:%Y%m%d}-{self.last:%Y%m%d}"

    def halves(self) -> tuple[Part, Part] | None:
        """The two halves of the days, the earlier first; None for a single day."""
        days = (self.last - self.first).days
        if days < 1:
            return None
        middle = self.first + timedelta(days=days // 2)
        return replace(self, last=middle), replace(self, first=middle + timedelta(days=1))


def parts_of(window: Window, *listings: str) -> list[Part]:
    """The whole window once for each kind of listing."""
    return [Part(listing, window.start, window.last_day) for listing in listings]


@dataclass(frozen=True)
class Page:
    """One answer of a listing. `total` is the source's own count of the part, None when it gives none; `following` is
    the position of the next page, None when the source says that this one is the last.
    """

    rows: list[Record]
    total: int | None
    following: int | None


@runtime_checkable
class Source(Protocol):
    """What every adapter has. An instance is shared by all threads of a process."""

    side: Side
    system: WireSystem

    @property
    def clock_skew(self) -> float | None:
        """Seconds that the source's clock is ahead of ours, as last seen; None when it does not tell."""
        ...

    def parts(self, window: Window) -> list[Part]:
        """The listings that together hold every case of the window once."""
        ...

    def close(self) -> None: ...


@runtime_checkable
class Paged(Source, Protocol):
    """A source that is asked page by page and may change between two pages."""

    page_rows: int
    overlaps: bool
    """Whether a page can begin at any row: then each page begins with the last row of the one before it, and a shift
    of the listing between the two shows."""
    counted: bool
    """Whether each page has the part's total. Without one, opposite changes between pages could cancel out unseen."""

    def page(self, part: Part, position: int, rows: int) -> Page:
        """The page at `position` (0 at first, then what the page before said) of at most `rows` rows."""
        ...

    def agrees(self, part: Part, rows: int, last_id: str | None) -> bool:
        """Ask once more whether the part has exactly `rows` rows (and still ends with `last_id`, if order allows)."""
        ...


@runtime_checkable
class Streamed(Source, Protocol):
    """A source that gives a consistent part in one go: a database snapshot, a file."""

    def stream(self, part: Part) -> Iterator[Page]:
        """The pages of the part, each with the part's total."""
        ...


class CitySource(Source, Protocol):
    """A source of the city's cases."""


class Catalogues(Protocol):
    """The catalogues that both sides' values are judged against."""

    def catalogue(self, service: str, **arguments: str) -> list[Record]:
        """The rows of a catalogue service (`LayDanhMucCoQuan`, `LayDanhSachTTHC`, `LayThuTuc`)."""
        ...


class PortalSource(Source, Catalogues, Protocol):
    """A source of the portal's cases, and of the catalogues."""
