"""One push at a time: what is sent for a case, the attempt around it, and what the portal has afterwards.

What is to be sent is worked out for some cases together; right before each is sent, the portal is asked once more
whether its record is still the one that this was worked out from.
An attempt is entered before it is sent and settled after it was read back, each in a transaction of its own: wherever a
run is ended, the next one finds the attempt and asks the portal what became of it before it sends anything.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple, TypeVar

import orjson
import pandas as pd
from prefect import get_run_logger
from sqlalchemy import Connection

from errors import SourceError
from schemas.crash import point
from schemas.mismatch import Kind
from schemas.repair import Outcome
from settings import Settings
from tasks.facing import Facing, Seen
from tasks.rules.breaker import settled
from tasks.rules.push import correction, whole_record
from tasks.sources.push import PushTarget
from tasks.warehouse import reading, repairs
from tasks.warehouse.engine import open_engine, transaction

T = TypeVar("T")
R = TypeVar("R")
Push = Mapping[str, Any]
"""An entry of a plan: `case_code`, `closes`, `is_updating`."""


class Unsent(Exception):
    """A push that is not made, by reason: nothing was sent and nothing is entered."""


class Look(NamedTuple):
    """A case on both sides before it is pushed: the portal's form of its code, the city's case with its landed row, the
    portal's records, the first of them as a run would see it, and the kinds in which the two differ."""

    code: str
    found: tuple[Seen, dict[str, Any]] | None
    records: list[dict[str, Any]]
    before: Seen | None
    kinds: list[str] | None


class Draft(NamedTuple):
    """What will be sent for a case, the records from which that was worked out, and what it is held against. Holds
    personal data."""

    code: str
    looked_at: list[dict[str, Any]]
    city: Seen
    before: Seen | None
    record: dict[str, Any]
    fields: list[str]


@dataclass
class Pusher:
    """Pushes of one run, of the plan with digest `plan_digest`."""

    knobs: Settings
    target: PushTarget
    plan_digest: str
    run_id: str
    as_of: datetime

    def __post_init__(self) -> None:
        with self.transaction() as connection:
            self._facing = Facing(connection, self.knobs, self.as_of)
            self._agencies = reading.agency_names(connection)
            self._procedures = repairs.procedure_names(connection)

    def transaction(self) -> AbstractContextManager[Connection]:
        return transaction(open_engine(self.knobs), self.knobs)

    def drafts(self, pushes: Sequence[Push], cases: pd.DataFrame) -> list[Draft | Unsent]:
        """What to send for each push, after a look at the portal's records, or why it is not made; `cases` are the
        city's current ones (rows of `repairs.cases_of`), of these pushes or of more."""
        made: list[Draft | Unsent] = []
        for push, look in zip(pushes, self._looks(pushes, cases), strict=True):
            try:
                made.append(self._draft(push, look))
            except Unsent as unsent:
                made.append(unsent)
        drafts = [draft if isinstance(draft, Draft) else None for draft in made]
        sent = _where(self._facing.on_portal, [draft and draft.record for draft in drafts])
        left = self._apart([draft and draft.city for draft in drafts], sent)
        # A record that would not close what it is to close is not sent.
        return [
            Unsent("unfit") if isinstance(draft, Draft) and kinds != [] else draft
            for draft, kinds in zip(made, left, strict=True)
        ]

    def _looks(self, pushes: Sequence[Push], cases: pd.DataFrame) -> list[Look]:
        places = pd.Index(cases["case_code"]).get_indexer([push["case_code"] for push in pushes])
        known = iter(self._facing.in_city(cases.iloc[places[places >= 0]]))
        found = [next(known) if place >= 0 else None for place in places]
        codes = [str(cases["portal_code"].iloc[place]) if place >= 0 else "" for place in places]
        records = [self.target.records(code) if city else [] for code, city in zip(codes, found, strict=True)]
        before = _where(self._facing.on_portal, [each[0] if each else None for each in records])
        kinds = self._apart([city and city[0] for city in found], before)
        return [Look(*told) for told in zip(codes, found, records, before, kinds, strict=True)]

    def _apart(self, city: Sequence[Seen | None], portal: Sequence[Seen | None]) -> list[list[str] | None]:
        """The kinds of mismatch of each case that is there on both sides."""
        pairs = [(ours, theirs) if ours and theirs else None for ours, theirs in zip(city, portal, strict=True)]
        return _where(self._facing.kinds, pairs)

    def attempt(self, push: Push, draft: Draft | Unsent, number: int) -> Outcome:
        """Push one case. Raises Unsent, also where the portal's record moved since the draft was made: the next run
        looks anew."""
        if isinstance(draft, Unsent):
            raise draft
        code = push["case_code"]
        if self.target.records(draft.code) != draft.looked_at:  # any field: what is not corrected is sent as it was
            raise Unsent("moved")
        name = f"{self.run_id}-{number:04d}"
        row = {
            "attempt_id": name,
            "plan_digest": self.plan_digest,
            "case_code": code,
            "closes": ", ".join(push["closes"]),
            "is_updating": draft.before is not None,
            "fields": ", ".join(draft.fields),
            "push_hash": self._keyed(draft.record),
            "before_hash": draft.before.hash if draft.before else None,
            "intended_at": self.as_of,
            "run_id": self.run_id,
        }
        point("apply.before_intent")
        with self.transaction() as connection:
            repairs.intend(connection, row)
        point("apply.after_intent")
        said = self.target.push(draft.record, updating=draft.before is not None)
        point("apply.after_push")
        now, kinds = self._read_back(draft.record["MaHoSo"], draft.city, draft.record)
        outcome = settled(said, kinds == [] if kinds is not None else None, now == row["before_hash"])
        self._settle(name, outcome, said, kinds)
        get_run_logger().info("%s: %s (portal's code %s)", code, outcome, said)
        return outcome

    def _draft(self, push: Push, look: Look) -> Draft:
        """What to send for a case. Raises Unsent."""
        code, found, records, before, kinds = look
        if found is None:
            raise Unsent("no record of the city")
        if len(records) > 1:
            raise Unsent("two records")
        if records and before is None:
            raise Unsent("unreadable")
        if kinds == []:
            raise Unsent("agrees already")
        if bool(records) != push["is_updating"]:
            raise Unsent("changed")
        city, landed = found
        names = {"agency_name": "", "procedure_name": "", "field_code": "", "field_name": "", "case_code": code}
        names |= self._procedures.get(str(city.facts["procedure_code"]), {})
        names["agency_name"] = self._agencies.get(str(city.facts["agency_code"]), "")
        try:
            record = whole = whole_record(city.facts, landed, names)
        except ValueError as error:
            raise Unsent("unfit") from error
        fields = sorted(whole)
        if before:
            own_number = self.knobs.portal_record_id_field
            record, fields = correction(whole, city.facts, before.facts, records[0], own_number)
        return Draft(code, records, city, before, record, fields)

    def resume(self, row: Mapping[str, Any]) -> Outcome:
        """Settle an attempt of a run that was ended, or could not tell, by what the portal has now."""
        with self.transaction() as connection:
            case = repairs.cases_of(connection, [row["case_code"]])
        found = None if case.empty else self._facing.in_city(case)[0]
        now, kinds = self._read_back(str(case["portal_code"].iloc[0]), found[0]) if found is not None else (None, None)
        agrees = kinds == [] if kinds is not None else None
        outcome = settled(row["portal_code"], agrees, now == row["before_hash"], resumed=True)
        self._settle(row["attempt_id"], outcome, None, kinds)
        get_run_logger().info("%s: an earlier attempt is %s", row["case_code"], outcome)
        return outcome

    def _read_back(
        self, code: str, city: Seen, sent: Mapping[str, Any] | None = None
    ) -> tuple[str | None, list[str] | None]:
        """Hash of the portal's record (None: it has none) and the kinds that it differs in; no kinds at all (None) when
        it cannot be read. What comes back as it was `sent`, to the letter, was judged before."""
        try:
            records = self.target.records(code)
        except SourceError as error:
            get_run_logger().warning("not read back: %s", error)
            return None, None
        if not records:
            return None, [Kind.MISSING_ON_PORTAL.value]
        if sent is not None and len(records) == 1 and all(records[0].get(name) == sent[name] for name in sent):
            return None, []
        seen = self._facing.on_portal(records)[0] if len(records) == 1 else None
        return (seen.hash, self._facing.kinds([(city, seen)])[0]) if seen else (None, None)

    def _settle(self, name: str, outcome: Outcome, said: str | None, kinds: list[str] | None) -> None:
        point("apply.before_outcome")
        with self.transaction() as connection:
            repairs.settle(connection, name, outcome, said, kinds or [], self.as_of)
        point("apply.after_outcome")

    def _keyed(self, record: Mapping[str, Any]) -> str:
        key = self.knobs.fingerprint_key.get_secret_value().encode()
        return hmac.digest(key, orjson.dumps(record, option=orjson.OPT_SORT_KEYS), sha256).hex()[:32]


def _where(function: Callable[[list[T]], list[R]], items: Sequence[T | None]) -> list[R | None]:
    """What a function of many makes of those items that are there, in their places."""
    made = iter(function([item for item in items if item is not None]))
    return [None if item is None else next(made) for item in items]
