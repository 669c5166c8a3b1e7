"""Small worlds for the oracle: few codes, few times, few names, so that everything collides often.

A case is drawn once as plain values, the portal's copy is changed in up to three ways, and each side writes its own
spelling: precision, layout, empty values, Unicode, thousands separators, suffixes. Hypothesis chooses a seed for each
case, so that a failing world shrinks to the fewest cases while the values stay as mixed as a die makes them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from schemas.codes import Side
from tasks.rules.canonical import References as ProductReferences
from tasks.rules.workdays import WorkCalendar
from tests.oracle.path import Read, day_windows
from tests.oracle.reading import VIETNAM, References
from tests.oracle.writing import AGENCIES, SPOILS, UNKNOWN_AGENCY, Facts, Style, spoil, write

Record = dict[str, Any]
MAX_DAYS = {"1.000001": 3, "1.000002": 0}
REFERENCES = References(AGENCIES, MAX_DAYS)  # June 2025 has no public holiday
PRODUCT_REFERENCES = ProductReferences(
    pd.DataFrame(AGENCIES, columns=["agency_code", "agency_name"], dtype="string[pyarrow]"),
    pd.DataFrame({"procedure_code": list(MAX_DAYS), "max_days": pd.array(list(MAX_DAYS.values()), "Int16")}),
    WorkCalendar(2024, 2026),
)
AS_OF = datetime(2025, 6, 19, 20, tzinfo=VIETNAM)
WINDOWS = day_windows(date(2025, 6, 1), [date(2025, 6, 9)], date(2025, 6, 20))
TOWNS = ("H26.01", "G99.77", "K83.64", "T50.12", "A14.38", "B57.90", "C68.25", "D71.43", "E02.86", "F39.59")
"""Beginnings of case codes: cases of different towns never look alike, so ten small worlds share one reading."""
TAILS = ("250603-0001", "250603-0002", "250603-0010", "250603-5555", "250603-5577", "250603-7788", "250604-5555")
"""Ends of case codes, among them look-alikes."""
INSTANTS = [
    datetime(2025, 6, day, *clock, tzinfo=VIETNAM)
    for day in (3, 4, 6, 9, 10, 13, 16, 18)
    for clock in ((0, 0, 0), (8, 0, 30), (8, 0, 45), (16, 30, 0), (23, 59, 59))
]
AGES = [timedelta(minutes=30), timedelta(minutes=60), timedelta(hours=5), timedelta(hours=24), timedelta(days=4)]


def _style(die: random.Random) -> Style:
    return Style(
        layout=die.randrange(4),
        precision=die.choice([0, 0, 0, 1, 2]),
        due_precision=die.choice([0, 0, 1, 2]),
        agency=die.choice(["plain", "plain", "NFD", "space", "tone", "eth"]),
        amount=die.choice(["plain", "grouped", "decimal"]),
        empty=die.choice(["text", "null", "absent"]),
        blank=die.random() < 0.5,
        numbers=die.random() < 0.5,
    )


def _rarely(die: random.Random) -> bool:
    return die.random() < 0.1


def _facts(die: random.Random, code: str) -> Facts:
    """A case that could be true."""
    status = die.choice([1, 2, 3, 4, 4, 5, 5, 6, 7, 8, 9, 9, 9, 10])
    received, due, *rest = sorted(die.choices(INSTANTS, k=die.randint(2, 5)))
    supplements: list[tuple[datetime, datetime | None]] = []
    if rest and die.random() < 0.5:
        asked = rest.pop(0)
        supplements.append((asked, die.choice([None, asked + timedelta(hours=26)])))
        supplements += [(again, None) for again in rest[:1] if die.random() < 0.5]
    ended = status in (3, 7, 8, 9, 10)
    return Facts(
        code=code,
        status=status,
        procedure=die.choice(["1.000001", "1.000001", "1.000002", "2.000003"]) if not _rarely(die) else "",
        agency=die.choice([0, 0, 2, 3]) if not _rarely(die) else UNKNOWN_AGENCY,
        channel=die.randint(1, 3),
        payment=die.randint(0, 2),
        fees=die.choice([(), (0,), (15_000,), (15_000, 1_000)]),
        digital=die.choice([None, 0, 1]),
        verified=die.randint(0, 1),
        reused=die.randint(0, 2),
        stored=die.randint(0, 1),
        result=status in (9, 10) and die.random() < 0.5,
        person=die.choice(["Nguyễn Văn Đức", "Nguyễn Văn Đức", "Lê Thị Hoà", ""]),
        submitted=die.choice([None, received]),
        received=None if status == 1 and die.random() < 0.5 else received,
        due=die.choice([due, due, None]),
        finished=die.choice([received, due, *INSTANTS]) if ended and not _rarely(die) else None,
        returned=die.choice([None, *INSTANTS]) if status == 10 else None,
        supplements=tuple(supplements),
        modified=None if _rarely(die) else AS_OF - die.choice(AGES),
    )


def _shift(name: str, **by: int) -> Callable[[Facts], Facts]:
    def shifted(f: Facts) -> Facts:
        at = getattr(f, name)
        return f if at is None else replace(f, **{name: at + timedelta(**by)})

    return shifted


def _set(**values: Any) -> Callable[[Facts], Facts]:
    return lambda f: replace(f, **values)


CHANGES: list[Callable[[Facts], Facts]] = [
    *(_set(status=status) for status in range(1, 11)),
    _set(status=9), _set(status=9), _set(status=4, finished=None), _set(finished=None), _set(due=None),
    lambda f: replace(f, status=9, finished=f.received),
    _shift("received", hours=7), _shift("received", seconds=15), _shift("due", hours=7), _shift("due", seconds=15),
    _shift("due", days=-1), _shift("finished", days=3), _shift("finished", seconds=15), _set(received=None),
    _set(agency=2), _set(agency=5), _set(agency=UNKNOWN_AGENCY), _set(procedure="1.000002"),
    _set(procedure="1.000001.H26"), _set(procedure=""), _set(channel=1), _set(payment=1), _set(fees=()),
    _set(fees=(15_000,)), _set(result=False), _set(result=True), _set(digital=1), _set(digital=None), _set(reused=1),
    _set(stored=1), _set(verified=1), _set(supplements=()), _set(returned=None), _set(submitted=None),
    _set(person="Lê Thị Hoà"),
]  # fmt: skip


@dataclass(frozen=True)
class World:
    """Both sides' records by window, as they would be read, at `as_of`."""

    city: Read
    portal: Read
    as_of: datetime = AS_OF

    @property
    def reads(self) -> list[Read]:
        return [self.city, self.portal]

    def records(self, side: Side) -> list[Record]:
        read = self.city if side is Side.CITY else self.portal
        return [record for records in read.windows.values() for record in records]

    def days(self, side: Side) -> list[tuple[date, date]]:
        return [(w.start, w.end) for w in (self.city if side is Side.CITY else self.portal).windows]


PRESENCE = ["both"] * 14 + ["city", "city", "portal", "portal", "slip", "slip", "twice", "twice", "reread", "reread"]


@st.composite
def worlds(draw: st.DrawFn, towns: int = len(TOWNS), at_least: int = 0, all_read: bool = False) -> World:
    """A world of `towns` towns with `at_least` to eight cases each; `all_read`: no window fails."""
    reads = {side: Read(side, {window: [] for window in WINDOWS}) for side in Side}
    salt = draw(st.binary(min_size=4, max_size=4))  # without it Hypothesis repeats itself more often than it varies
    for town in TOWNS[:towns]:
        for number, seed in enumerate(
            draw(st.lists(st.binary(min_size=8, max_size=8), min_size=at_least, max_size=8, unique=True))
        ):
            _add_case(reads, random.Random(salt + town.encode() + seed), town, number)
    unread = draw(st.sampled_from([None] * 12 + [(side, window) for side in Side for window in WINDOWS]))
    if unread and not all_read:
        del reads[unread[0]].windows[unread[1]]
    return World(reads[Side.CITY], reads[Side.PORTAL])


def _add_case(reads: dict[Side, Read], die: random.Random, town: str, number: int) -> None:
    """Put a case's records into the windows that list them."""
    own = TAILS[number % len(TAILS)]
    city = _facts(die, f"{town}-{own if not _rarely(die) else die.choice(TAILS)}")
    for side, f, identity in _presence(die, city, f"{town}{number}"):
        style = _style(die)
        record = write(side, f, style, identity)
        if _rarely(die):
            record = spoil(side, record, die.choice(SPOILS))
        at = f.received or f.submitted or INSTANTS[0]
        window = next(w for w in WINDOWS if w.start <= at.astimezone(VIETNAM).date() < w.end)
        reads[side].windows[window].append(record)


def _presence(die: random.Random, city: Facts, identity: str) -> list[tuple[Side, Facts, str]]:
    """(side, facts, record id) of the records of one case."""
    portal = city
    for change in die.choices(CHANGES, k=die.choice([0, 0, 1, 1, 1, 2, 3])):
        portal = change(portal)
    presence = die.choice(PRESENCE)
    if presence == "slip":  # a look-alike that shares all else
        portal = replace(city, code=city.code[:-1] + die.choice("123456789"))
    rows = [(Side.CITY, city, identity), (Side.PORTAL, portal, "" if _rarely(die) else identity)]
    if presence in ("city", "portal"):
        return [row for row in rows if row[0] == presence]
    if presence in ("twice", "reread"):
        side, f, known = die.choice(rows)
        rows.append((side, replace(die.choice(CHANGES)(f), code=f.code), known + "x" if presence == "twice" else known))
    return rows
