"""Small worlds for the oracle: few codes, few times, few names, so that everything collides often.

A case is drawn once as plain values, the portal's copy is changed in up to three ways, and each side writes its own
spelling: precision, layout, empty values, Unicode, thousands separators, suffixes. Hypothesis chooses a seed for each
case, so that a failing world shrinks to the fewest cases while the values stay as mixed as a die makes them.
"""

from __future__ import annotations

import json
import random
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from schemas.codes import CITY_STATUS_WORDS, Side
from tasks.rules.canonical import References as ProductReferences
from tasks.rules.workdays import WorkCalendar
from tests.oracle.path import Read, day_windows
from tests.oracle.reading import NAMES, VIETNAM, References

Record = dict[str, Any]
AGENCIES = [
    ("H26.01", "Phường Hoà Bình"), ("H26.01", "UBND phường Hòa Bình"), ("H26.02", "Quận Đống Đa"),
    ("H26.03", "Sở Tư pháp"), ("H26.04", "Sở Tư pháp"), ("H26.05", "Quan Dong Da"),
]  # fmt: skip
UNKNOWN_AGENCY = len(AGENCIES)
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
LAYOUTS = {
    0: ("%Y%m%d%H%M%S", "%d/%m/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S+0700"),
    1: ("%Y%m%d%H%M", "%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M", "%Y%m%d%H%M"),
    2: ("%Y%m%d", "%d/%m/%Y", "%Y-%m-%d", "%d/%m/%Y"),
}
STATUS_WORDS = {int(code): word for word, code in CITY_STATUS_WORDS.items()}


@dataclass(frozen=True)
class Facts:
    """What is true of a case, before anybody writes it."""

    code: str
    status: int
    procedure: str
    agency: int
    channel: int
    payment: int
    fees: tuple[int, ...]
    digital: int | None
    verified: int
    reused: int
    stored: int
    result: bool
    person: str
    submitted: datetime | None
    received: datetime | None
    due: datetime | None
    finished: datetime | None
    returned: datetime | None
    supplements: tuple[tuple[datetime, datetime | None], ...]
    modified: datetime | None


@dataclass(frozen=True)
class Style:
    """How one side writes one case."""

    layout: int
    precision: int
    due_precision: int
    agency: str
    amount: str
    empty: str
    blank: bool
    numbers: bool


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

SPOILS: list[tuple[str, Any]] = [
    ("status", "11"), ("status", "handover"), ("due", "abc"), ("received", "20251345080000"), ("note", "x" * 2001),
    ("channel", "9"), ("fees", "amount"), ("components", "no list"), ("procedure", None), ("code", ""), ("code", "?"),
    ("code", "\u200b"), ("code", "lower"), ("supplements", "no time"), ("due", "01/06/2025"),
]  # fmt: skip


def write(side: Side, f: Facts, style: Style, identity: str) -> Record:
    """The record with which a side says these facts."""
    n = NAMES[side]
    record: Record = {
        n["code"]: f.code, n["id"]: identity, n["person"]: f.person, n["identity"]: "001" if f.person else "",
        n["note"]: "", n["procedure"]: f.procedure,
        n["status"]: STATUS_WORDS[f.status] if side is Side.CITY else str(f.status),
    }  # fmt: skip
    for name in ("submitted", "received", "due", "finished", "returned"):
        precision = style.due_precision if name == "due" else style.precision
        record[n[name]] = _time(getattr(f, name), style, precision)
    inner = {n[name]: items for name, items in _lists(f, n, style).items()}
    for name, value in (
        ("channel", f.channel),
        ("payment", f.payment),
        ("digital", f.digital),
        ("verified", f.verified),
    ):
        nothing = value is None or (style.blank and value == (1 if name == "channel" else 0) and name != "digital")
        inner[n[name]] = "" if nothing else value if style.numbers else str(value)
    if side is Side.PORTAL:
        record |= inner | {n["agency"]: _agency(f.agency, style)}
    else:
        suffix = ".H26" if style.blank and len(f.procedure) == 8 else ""
        code = AGENCIES[f.agency][0] if f.agency < len(AGENCIES) else ""
        record |= {n["modified"]: _time(f.modified, replace(style, layout=1), 0), "metaData": json.dumps(inner)}
        record |= {n["procedure"]: f.procedure + suffix, n["agency"]: code, "govAgencyName": _agency(f.agency, style)}
    return _emptied(record, n, style)


def _time(at: datetime | None, style: Style, precision: int) -> str:
    return "" if at is None else at.astimezone(VIETNAM).strftime(LAYOUTS[precision][style.layout])


def _agency(number: int, style: Style) -> str:
    name = AGENCIES[number][1] if number < len(AGENCIES) else "Một nơi lạ"
    if style.agency == "NFD":
        return unicodedata.normalize("NFD", name)
    return {
        "plain": name, "space": f" {name.replace(' ', chr(160))}\u200b", "tone": name.replace("oà", "òa"),
        "eth": name.replace("Đ", "Ð"),
    }[style.agency]  # fmt: skip


def _lists(f: Facts, n: dict[str, str], style: Style) -> dict[str, list[Record]]:
    flag = (lambda v: v) if style.numbers else str
    second = replace(style, layout=1)
    return {
        "components": [
            {n["digitised"]: flag(f.digital or 0), n["reused"]: flag(f.reused), n["stored"]: flag(f.stored)}
        ],
        "fees": [{n["amount"]: _amount(fee, style)} for fee in f.fees],
        "results": [{n["url"]: "https://a.example/kq.pdf"}] if f.result else [],
        "supplements": [
            {n["asked"]: _time(a, second, 0), n["answered"]: _time(b, second, 0)} for a, b in f.supplements
        ],
        "databases": [],
    }


def _amount(fee: int, style: Style) -> Any:
    if style.amount == "grouped":
        return f"{fee:,}".replace(",", ".")
    return f"{fee}.0" if style.amount == "decimal" else fee if style.numbers else str(fee)


def _emptied(record: Record, n: dict[str, str], style: Style) -> Record:
    optional = {n[name] for name in ("submitted", "returned", "note", "person", "identity")}
    for key, value in list(record.items()):
        if value == "" and style.empty == "null":
            record[key] = None
        elif value == "" and style.empty == "absent" and key in optional:
            del record[key]
    return record


def spoil(side: Side, record: Record, how: tuple[str, Any]) -> Record:
    """The record with one thing that cannot be read."""
    name, value = how
    n, record = NAMES[side], dict(record)
    if name == "code":
        code = record[n["code"]]
        record[n["code"]] = {"": "", "?": "no code", "\u200b": code[:5] + "\u200b" + code[5:], "lower": code.lower()}[
            value
        ]
    elif name == "procedure":
        del record[n["procedure"]]
    elif name in ("channel", "fees", "components", "supplements"):
        inner = json.loads(record["metaData"]) if side is Side.CITY else record
        wrong = {"fees": [{n["amount"]: "1,5 triệu"}], "supplements": [{n["asked"]: "", n["answered"]: ""}]}
        inner[n[name]] = wrong.get(name, value)
        if side is Side.CITY:
            record["metaData"] = json.dumps(inner)
    else:
        record[n[name]] = value
    return record


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
