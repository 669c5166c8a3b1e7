"""Small worlds for the oracle: few codes, few times, few names, so that everything collides often.

A case is drawn once as plain values, the portal's copy is changed in up to three ways, and each side writes its own
spelling: precision, layout, empty values, Unicode, thousands separators, suffixes.
"""

from __future__ import annotations

import json
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
MAX_DAYS = {"1.000001": 3, "1.000002": 0}
REFERENCES = References(AGENCIES, MAX_DAYS)  # June 2025 has no public holiday
PRODUCT_REFERENCES = ProductReferences(
    pd.DataFrame(AGENCIES, columns=["agency_code", "agency_name"], dtype="string[pyarrow]"),
    pd.DataFrame({"procedure_code": list(MAX_DAYS), "max_days": pd.array(list(MAX_DAYS.values()), "Int16")}),
    WorkCalendar(2024, 2026),
)
AS_OF = datetime(2025, 6, 19, 20, tzinfo=VIETNAM)
WINDOWS = day_windows(date(2025, 6, 1), [date(2025, 6, 9)], date(2025, 6, 20))
CODES = [f"H26.01-250603-{n}" for n in ("0001", "0002", "0010", "5555", "5577", "7788", "9090")] + ["G22.02-250604-4321"]
"""One for each case of a world, among them look-alikes."""
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


STYLES = st.builds(
    Style,
    layout=st.integers(0, 3),
    precision=st.sampled_from([0, 0, 0, 1, 2]),
    due_precision=st.sampled_from([0, 0, 1, 2]),
    agency=st.sampled_from(["plain", "plain", "NFD", "space", "tone", "eth"]),
    amount=st.sampled_from(["plain", "grouped", "decimal"]),
    empty=st.sampled_from(["text", "null", "absent"]),
    blank=st.booleans(),
    numbers=st.booleans(),
)
maybe_instant = st.none() | st.sampled_from(INSTANTS)


def rarely(draw: st.DrawFn) -> bool:
    """Once in ten times; never in the simplest example."""
    return draw(st.integers(0, 9)) == 9


@st.composite
def facts(draw: st.DrawFn, number: int) -> Facts:
    status = draw(st.sampled_from([1, 2, 3, 4, 4, 5, 5, 6, 7, 8, 9, 9, 9, 10]))
    received, due, *rest = sorted(draw(st.lists(st.sampled_from(INSTANTS), min_size=2, max_size=5)))
    ended = status in (3, 7, 8, 9, 10)
    supplements = []
    if rest and draw(st.booleans()):
        asked = rest.pop(0)
        supplements.append((asked, draw(st.sampled_from([None, asked + timedelta(hours=26)]))))
        if rest and draw(st.booleans()):
            supplements.append((rest.pop(0), None))
    finished = draw(st.sampled_from([received, due, *INSTANTS])) if ended and not rarely(draw) else None
    return Facts(
        code=CODES[0] if rarely(draw) else CODES[number],
        status=status,
        procedure=draw(st.sampled_from(["1.000001", "1.000001", "1.000002", "2.000003"])),
        agency=draw(st.sampled_from([0, 0, 2, 3])),
        channel=draw(st.integers(1, 3)),
        payment=draw(st.integers(0, 2)),
        fees=draw(st.sampled_from([(), (0,), (15_000,), (15_000, 1_000)])),
        digital=draw(st.sampled_from([None, 0, 1])),
        verified=draw(st.integers(0, 1)),
        reused=draw(st.integers(0, 2)),
        stored=draw(st.integers(0, 1)),
        result=status in (9, 10) and draw(st.booleans()),
        person=draw(st.sampled_from(["Nguyễn Văn Đức", "Nguyễn Văn Đức", "Lê Thị Hoà", ""])),
        submitted=draw(st.sampled_from([None, received])),
        received=None if status == 1 and draw(st.booleans()) else received,
        due=draw(st.sampled_from([due, due, None])),
        finished=finished,
        returned=draw(maybe_instant) if status == 10 else None,
        supplements=tuple(supplements),
        modified=AS_OF - draw(st.sampled_from(AGES)) if not rarely(draw) else None,
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
    _set(agency=2), _set(agency=5), _set(agency=9), _set(procedure="1.000002"), _set(procedure="1.000001.H26"),
    _set(procedure=""), _set(channel=1), _set(payment=1), _set(fees=()), _set(fees=(15_000,)), _set(result=False),
    _set(result=True), _set(digital=1), _set(digital=None), _set(reused=1), _set(stored=1), _set(verified=1),
    _set(supplements=()), _set(code=CODES[0]), _set(code=CODES[1]), _set(returned=None), _set(person="Lê Thị Hoà"),
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
def worlds(draw: st.DrawFn, most: int = 8) -> World:
    reads = {side: Read(side, {window: [] for window in WINDOWS}) for side in Side}
    for number in range(draw(st.integers(1, most))):
        for side, f, style, identity, bad in _draw_case(draw, number):
            record = write(side, f, style, identity)
            at = f.received or f.submitted or INSTANTS[0]
            window = next(w for w in WINDOWS if w.start <= at.astimezone(VIETNAM).date() < w.end)
            reads[side].windows[window].append(spoil(side, record, bad) if bad else record)
    if rarely(draw):
        side, window = draw(st.sampled_from(list(Side))), draw(st.sampled_from(WINDOWS))
        del reads[side].windows[window]
    return World(reads[Side.CITY], reads[Side.PORTAL])


def _draw_case(draw: st.DrawFn, number: int) -> list[tuple[Side, Facts, Style, str, tuple[str, Any] | None]]:
    """The records of one case: (side, facts, style, record id, what is spoilt)."""
    city = draw(facts(number))
    portal = city
    for change in draw(st.lists(st.sampled_from(CHANGES), max_size=3)):
        portal = change(portal)
    presence = draw(st.sampled_from(PRESENCE))
    if presence == "slip":  # a look-alike that shares all else
        portal = replace(city, code=draw(st.sampled_from([c for c in CODES if c != city.code])))
    sides = {"city": [Side.CITY], "portal": [Side.PORTAL]}.get(presence, list(Side))
    rows = []
    for side in sides:
        bad = draw(st.sampled_from(SPOILS)) if rarely(draw) else None
        identity = "" if side is Side.PORTAL and number == 7 else f"{number}{side[0]}"
        rows.append((side, city if side is Side.CITY else portal, draw(STYLES), identity, bad))
    if presence in ("twice", "reread"):
        side, f, style, identity, _ = draw(st.sampled_from(rows))
        change = draw(st.sampled_from(CHANGES))
        f = replace(change(f), code=f.code)
        rows.append((side, f, style, identity + "x" if presence == "twice" else identity, None))
    return rows
