"""The oracle's judgement: two sides' records to {(case code, kind): verdict}, one case at a time."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from schemas.codes import Side
from schemas.mismatch import Kind
from tests.oracle.case import Case, read
from tests.oracle.reading import (
    DAY,
    END,
    MINUTE,
    NAMES,
    SECOND,
    WELL_FORMED,
    References,
    Unreadable,
    probable,
    same,
)

Record = dict[str, Any]
Days = Sequence[tuple[date, date]]
AFTER = {1: {2, 3, 7}, 2: {3, 4, 7, 8}, 3: set(), 4: {5, 6, 7, 8, 9}, 5: {4, 7, 8}, 6: {4, 7, 8},
         7: set(), 8: {4}, 9: {10}, 10: set()}  # fmt: skip
"""The lifecycle as the document draws it: status -> statuses that may follow."""


def findings(
    city_records: Sequence[Record],
    portal_records: Sequence[Record],
    references: References,
    as_of: datetime,
    read_days: dict[Side, Days],
    lag: timedelta,
    confirm: timedelta,
) -> dict[tuple[str, str], str]:
    """Every mismatch of two whole listings, in reading order, with its verdict at `as_of`.

    `read_days` are the half-open spans of days that each side was asked for.
    """
    city, portal = _Side(Side.CITY, city_records, references), _Side(Side.PORTAL, portal_records, references)
    unreadable = city.unreadable | portal.unreadable
    found: dict[tuple[str, str], str] = {}
    alone: dict[Side, list[Case]] = {Side.CITY: [], Side.PORTAL: []}
    for code in sorted((city.cases.keys() | portal.cases.keys()) - city.doubled - portal.doubled):
        a, b = city.cases.get(code), portal.cases.get(code)
        if a and b:
            verdict = (
                "unknown" if code in unreadable else age(a.modified or a.received or b.received, as_of, lag, confirm)
            )
            found |= {(code, str(kind)): verdict for kind in differences(a, b, references, as_of)}
        elif a and a.status != 1 and a.received:
            alone[Side.CITY].append(a)
        elif b:
            alone[Side.PORTAL].append(b)
    for kind, case, known in _without_partner(alone, unreadable, read_days):
        since = case.modified or case.received
        found[case.code, str(kind)] = age(since, as_of, lag, confirm) if known else "unknown"
    found |= {(code, str(Kind.DUPLICATE_IN_CITY)): "confirmed" for code in city.doubled}
    return found | {(code, str(Kind.DUPLICATE_ON_PORTAL)): "confirmed" for code in portal.doubled}


class _Side:
    """One side's listing, sorted into readable cases, doubled codes and codes that cannot be read.

    Doubled codes count as unreadable, for the other side's record has no one partner then.
    """

    def __init__(self, side: Side, records: Sequence[Record], references: References) -> None:
        by_record: dict[Any, Record] = {}
        for place, record in enumerate(records):
            code, identity = record.get(NAMES[side]["code"]), record.get(NAMES[side]["id"])
            # A record without a number is known by its whole content; of a record read twice the last reading counts.
            key = (code, identity or json.dumps(record, sort_keys=True)) if code else place
            by_record.pop(key, None)
            by_record[key] = record
        distinct: dict[str, set[Any]] = defaultdict(set)
        readable: dict[str, list[Case]] = defaultdict(list)
        self.unreadable: set[str] = set()
        for key, record in by_record.items():
            code = record.get(NAMES[side]["code"])
            if isinstance(code, str):
                distinct[code].add(key)
            try:
                case = read(side, record, references)
            except Unreadable:
                self.unreadable |= {probable(code) or ""}
            else:
                readable[case.code].append(case)
        self.doubled = {code for code in distinct if len(distinct[code]) > 1 and WELL_FORMED.fullmatch(code)}
        self.cases = {code: cases[0] for code, cases in readable.items() if code not in self.doubled}
        self.unreadable |= self.doubled


def age(since: Any, as_of: datetime, lag: timedelta, confirm: timedelta) -> str:
    if since is None:
        return "unknown"
    old = as_of - since[0]
    return "in_flight" if old < lag else "late" if old < confirm else "confirmed"


def _without_partner(
    alone: dict[Side, list[Case]], unreadable: set[str], read_days: dict[Side, Days]
) -> list[tuple[Kind, Case, bool]]:
    """(kind, case, known) of cases that one side alone has; `known` = the other side would have shown it."""

    def known(case: Case, other: Side) -> bool:
        day = case.listed_day
        return case.code not in unreadable and day is not None and any(a <= day < b for a, b in read_days[other])

    found, taken = [], set()
    for a in alone[Side.CITY]:
        near = [b for b in alone[Side.PORTAL] if known(a, Side.PORTAL) and known(b, Side.CITY) and look_alike(a, b)]
        if near:
            found.append((Kind.AMBIGUOUS, a, True))
            taken |= {a.code} | {b.code for b in near}
    for side, kind in ((Side.CITY, Kind.MISSING_ON_PORTAL), (Side.PORTAL, Kind.MISSING_IN_CITY)):
        found += [(kind, case, known(case, side.other)) for case in alone[side] if case.code not in taken]
    return found


def look_alike(a: Case, b: Case) -> bool:
    shared = [(x.procedure, x.agency, x.received_day, x.person) for x in (a, b)]
    return shared[0] == shared[1] and None not in shared[0] and edits(a.code, b.code) <= 2


def edits(a: str, b: str) -> int:
    @cache
    def d(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        best = min(d(i - 1, j) + 1, d(i, j - 1) + 1, d(i - 1, j - 1) + (a[i - 1] != b[j - 1]))
        if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
            best = min(best, d(i - 2, j - 2) + 1)
        return best

    return d(len(a), len(b))


def follows(later: int, earlier: int) -> bool:
    """Whether a case can come from `earlier` to `later`, by steps of the lifecycle."""
    seen: set[int] = set()
    frontier = {earlier}
    while frontier:
        frontier = {n for status in frontier for n in AFTER[status]} - seen
        seen |= frontier
    return later in seen


def differences(a: Case, b: Case, references: References, as_of: datetime) -> set[Kind]:
    """The kinds of a pair: `a` is the city's case, `b` the portal's."""
    kinds = set()
    if a.status != b.status:
        if a.status in (5, 6, 8) and b.status == 9:
            kinds.add(Kind.STATUS_REWRITTEN)
        else:
            kinds.add(Kind.STATUS_BEHIND if follows(a.status, b.status) else Kind.STATUS_AHEAD)
    if not same(a.received, b.received):
        kinds.add(Kind.RECEIVED_DIFFERS)
    flip = _flip(a, b, references, as_of)
    if flip:
        kinds.add(flip)
    else:
        if not same(a.due, b.due):
            kinds.add(Kind.DUE_DIFFERS)
        if not same(a.finished, b.finished) and not _status_explains_finish(a, b, kinds):
            kinds.add(Kind.FINISHED_DIFFERS)
    if a.agency != b.agency:
        kinds.add(Kind.AGENCY_DIFFERS)
    if a.procedure != b.procedure:
        kinds.add(Kind.PROCEDURE_DIFFERS)
    if a.channel != b.channel:
        kinds.add(Kind.CHANNEL_DIFFERS)
    if a.payment != b.payment or a.fee != b.fee:
        kinds.add(Kind.PAYMENT_DIFFERS)
    ended = [case.status in (9, 10) for case in (a, b)]
    if a.flags != b.flags or (b.result and not a.result and ended[0]):
        kinds.add(Kind.DIGITISATION_DIFFERS)
    if a.result and not b.result and all(ended):
        kinds.add(Kind.RESULT_MISSING)
    return kinds


def _flip(a: Case, b: Case, references: References, as_of: datetime) -> Kind | None:
    """Two overdue verdicts, unless the two clocks agree as far as the coarser side's times say."""
    late = [case.overdue(references, as_of) for case in (a, b)]
    if None in late or late[0] == late[1]:
        return None
    if same(a.stopped(), b.stopped()) and _same_deadline(a, b, references):
        return None
    return Kind.PHANTOM_OVERDUE if late[1] else Kind.HIDDEN_OVERDUE


def _same_deadline(a: Case, b: Case, references: References) -> bool:
    """Deadlines agree when what they are made of does: due times, or else received times and limits; waiting; and the
    repeated request that ends all patience."""
    made_of = [(case.due is None, case.due is None and case.limit(references)) for case in (a, b)]
    return (
        made_of[0] == made_of[1]
        and _same_waiting(a, b)
        and (same(a.received, b.received) if a.due is None else same(a.due, b.due))
    )


def _same_waiting(a: Case, b: Case) -> bool:
    """Waiting is compared to a unit of the coarser side for each request, where both know the same requests."""
    exact = a.waited == b.waited and a.asked_again == b.asked_again
    again = [case.status == 5 and len(case.supplements) > 1 for case in (a, b)]
    unit = {SECOND: timedelta(), MINUTE: timedelta(minutes=1), DAY: timedelta(days=1)}[max(a.grain, b.grain)]
    if exact or not unit or len(a.supplements) != len(b.supplements) or again[0] != again[1]:
        return exact
    return abs(a.waited - b.waited) < unit * len(a.supplements)


def _status_explains_finish(a: Case, b: Case, kinds: set[Kind]) -> bool:
    """A finish time that only one side has is explained by the status of the side without it, unless the case ended
    there; and a rewritten status brings a made-up finish time with it."""
    if Kind.STATUS_REWRITTEN in kinds:
        return True
    if a.status == b.status or (a.finished and b.finished):
        return False
    without = b if a.finished else a
    return without.status not in END
