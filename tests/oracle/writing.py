"""How the two sides of a small world write a case: facts and a style in, one wire record out."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from schemas.codes import CITY_STATUS_WORDS, Side
from tests.oracle.reading import NAMES, VIETNAM

Record = dict[str, Any]
AGENCIES = [
    ("H26.01", "Phường Hoà Bình"), ("H26.01", "UBND phường Hòa Bình"), ("H26.02", "Quận Đống Đa"),
    ("H26.03", "Sở Tư pháp"), ("H26.04", "Sở Tư pháp"), ("H26.05", "Quan Dong Da"),
]  # fmt: skip
UNKNOWN_AGENCY = len(AGENCIES)
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


SPOILS: list[tuple[str, Any]] = [
    ("status", "11"), ("status", "handover"), ("due", "abc"), ("received", "20251345080000"), ("note", "x" * 2001),
    ("channel", "9"), ("fees", "amount"), ("components", "no list"), ("procedure", None), ("code", ""), ("code", "?"),
    ("code", "\u200b"), ("code", "lower"), ("supplements", "no time"), ("due", "01/06/2025"),
    ("procedure", "1.000001\x1f"), ("agency", "H26.01\x1f"),
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
    plain = replace(style, layout=1)
    return {
        "components": [
            {n["digitised"]: flag(f.digital or 0), n["reused"]: flag(f.reused), n["stored"]: flag(f.stored)}
        ],
        "fees": [{n["amount"]: _amount(fee, style)} for fee in f.fees],
        "results": [{n["url"]: "https://a.example/kq.pdf"}] if f.result else [],
        "supplements": [
            {n["asked"]: _time(a, plain, style.precision), n["answered"]: _time(b, plain, style.precision)}
            for a, b in f.supplements
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
    elif name == "procedure" and value is None:
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
