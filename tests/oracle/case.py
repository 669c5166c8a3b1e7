"""The oracle's case: what one readable record says, and the clock of the national rule on it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from schemas.codes import CITY_STATUS_WORDS, QuarantineReason, Side
from tests.oracle.reading import (
    END,
    NAMES,
    REQUIRED,
    SECOND,
    VIETNAM,
    WELL_FORMED,
    Moment,
    References,
    Unreadable,
    bare,
    code_of,
    dong,
    items,
    latest,
    moment,
    plain_name,
    working_days_after,
)

Record = dict[str, Any]


@dataclass
class Case:
    """What one side says about one case."""

    code: str
    status: int
    procedure: str | None
    agency: str | None
    channel: int
    payment: int
    fee: int | None
    flags: dict[str, bool]
    result: bool
    received: Moment
    due: Moment
    finished: Moment
    returned: Moment
    submitted: Moment
    modified: Moment
    person: tuple[str, str] | None
    supplements: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    grain: int = SECOND
    """The coarsest precision among the times of supplements."""

    @property
    def received_day(self) -> date | None:
        return self.received[0].astimezone(VIETNAM).date() if self.received else None

    @property
    def listed_day(self) -> date | None:
        at = self.received or self.submitted
        return at[0].astimezone(VIETNAM).date() if at else None

    @property
    def waited(self) -> timedelta:
        """Time between the requests and the answers of supplements; it is added to the deadline."""
        return sum((max(answer - asked, timedelta()) for asked, answer in self.supplements if answer), timedelta())

    @property
    def asked_again(self) -> datetime | None:
        """Since when a repeated, unanswered request makes the case overdue."""
        return self.supplements[-1][0] if self._waits and len(self.supplements) > 1 else None

    @property
    def _waits(self) -> bool:
        return self.status == 5 and bool(self.supplements) and self.supplements[-1][1] is None

    def limit(self, references: References) -> int:
        """The legal limit in working days; 0 when none is known."""
        return max(references.max_days.get((self.procedure or "")[:8], 0), 0)

    def deadline(self, references: References) -> datetime | None:
        """Due, or received plus the legal limit, whichever is known; plus the time spent waiting for supplements."""
        due, received = latest(self.due), latest(self.received)
        if received is None or (due is None and not self.limit(references)):
            return None
        start = due or working_days_after(received, self.limit(references), references.is_working)
        return start + self.waited

    def stopped(self) -> Moment:
        """When the clock stopped: the end event, or the first supplement request while it is not answered."""
        if self.received is None:
            return None
        if self.status in END:
            return self.finished or self.returned
        if self._waits and len(self.supplements) == 1:
            return self.supplements[0][0], self.grain
        return None

    def overdue(self, references: References, as_of: datetime) -> bool | None:
        """The national rule at `as_of`; None when nothing says until when the case had time."""
        if self.received and self.asked_again and as_of >= self.asked_again:
            return True
        deadline, stopped = self.deadline(references), self.stopped()
        return None if deadline is None else (stopped[0] if stopped else as_of) > deadline


def read(side: Side, record: Record, references: References) -> Case:
    """A record as a case. Raises Unreadable, with a reason, when the record cannot be trusted."""
    names = NAMES[side]
    code = record.get(names["code"])
    if not code:
        raise Unreadable(QuarantineReason.NULL_KEY)
    if not isinstance(code, str) or not WELL_FORMED.fullmatch(code):
        raise Unreadable(QuarantineReason.MALFORMED_KEY)
    if any(name not in record for name in REQUIRED[side]):
        raise Unreadable(QuarantineReason.MISSING_FIELD)
    if any(ord(c) < 32 or ord(c) == 127 for name in ("procedure", "agency") for c in _code(side, record, name)):
        raise Unreadable(QuarantineReason.BAD_CODE)
    inner = record
    if side is Side.CITY:
        inner = _extension(record["metaData"])
    case = Case(code=code, status=_status(side, record[names["status"]]), **_content(side, record, inner, references))
    if case.status not in (1, 3, 7) and case.received is None:
        raise Unreadable(QuarantineReason.RECEIVED_MISSING)
    due = latest(case.due)
    if due and case.received and due < case.received[0]:
        raise Unreadable(QuarantineReason.DUE_BEFORE_RECEIVED)
    if len(record.get(names["note"]) or "") > 2000:
        raise Unreadable(QuarantineReason.NOTE_TOO_LONG)
    return case


def _code(side: Side, record: Record, name: str) -> str:
    """The text of a field that holds a code; the portal's agency is a name."""
    return "" if (side, name) == (Side.PORTAL, "agency") else record[NAMES[side][name]] or ""


def _extension(text: Any) -> Record:
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Unreadable(QuarantineReason.UNPARSEABLE_LIST)
    return value


def _status(side: Side, text: Any) -> int:
    words = {word: int(code) for word, code in CITY_STATUS_WORDS.items()}
    if side is Side.PORTAL:
        words = {str(code): code for code in range(1, 11)}
    if text not in words:
        raise Unreadable(QuarantineReason.BAD_STATUS)
    return words[text]


def _content(side: Side, record: Record, inner: Record, references: References) -> dict[str, Any]:
    n = NAMES[side]
    lists = {name: items(inner.get(n[name])) for name in ("components", "fees", "results", "supplements")}
    flag = {key: any(item.get(n[key]) in ("1", "2", 1, 2) for item in lists["components"])
            for key in ("digitised", "reused", "stored")}  # fmt: skip
    digital = code_of(inner.get(n["digital"]), {"0", "1"})
    flag["digitised"] = flag["digitised"] if digital is None else digital == 1
    flag["verified"] = code_of(inner.get(n["verified"]), {"0", "1"}) == 1
    amounts = [amount for item in lists["fees"] if (amount := dong(item.get(n["amount"]))) is not None]
    times = {name: moment(record.get(n[name])) for name in ("received", "due", "finished", "returned", "submitted")}
    supplements = [_supplement(item, n) for item in lists["supplements"]]
    person = bare(record.get(n["person"]) or ""), (record.get(n["identity"]) or "").strip()
    return times | {
        "procedure": _procedure(side, record[n["procedure"]]),
        "agency": _agency(side, record[n["agency"]], references),
        "channel": code_of(inner.get(n["channel"]), {"1", "2", "3"}) or 1,
        "payment": (code_of(inner.get(n["payment"]), {"0", "1", "2", "3"}) or 0) % 3,
        "fee": sum(amounts) if amounts else None,
        "flags": flag,
        "result": any(item.get(n["url"]) for item in lists["results"]),
        "modified": moment(record["modifiedDate"]) if side is Side.CITY else None,
        "person": person if any(person) else None,
        "supplements": sorted(((a[0], b and b[0]) for a, b in supplements), key=lambda s: s[0]),
        "grain": max((time[1] for pair in supplements for time in pair if time), default=SECOND),
    }


def _supplement(item: Record, names: dict[str, str]) -> tuple[tuple[datetime, int], Moment]:
    asked, answered = moment(item.get(names["asked"])), moment(item.get(names["answered"]))
    if asked is None:
        raise Unreadable(QuarantineReason.UNPARSEABLE_TIME)
    return asked, answered


def _procedure(side: Side, code: str | None) -> str | None:
    """The city's local suffix is its own business; on the portal the national code must stand alone."""
    if side is Side.CITY and code and code[8:9] == ".":
        return code[:8]
    return code or None


def _agency(side: Side, text: str | None, references: References) -> str | None:
    """The city sends a code; the portal a name, which must mean one agency of the catalogue."""
    if side is Side.CITY:
        return text or None
    for fold in (str, plain_name):
        meant = {code for code, name in references.agencies if text and fold(name) == fold(text)}
        if len(meant) == 1:
            return meant.pop()
        if meant:
            return None
    return None
