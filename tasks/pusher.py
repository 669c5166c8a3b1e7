"""One push at a time: what is sent for a case, the attempt around it, and what the portal has afterwards.

An attempt is entered before it is sent and settled after it was read back, each in a transaction of its own: wherever a
run is ended, the next one finds the attempt and asks the portal what became of it before it sends anything.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

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

Push = Mapping[str, Any]
"""An entry of a plan: `case_code`, `closes`, `is_updating`."""


class Unsent(Exception):
    """A push that is not made, by reason: nothing was sent and nothing is entered."""


class Prepared(NamedTuple):
    """What will be sent for a case, and what it is held against afterwards. Holds personal data."""

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

    def attempt(self, push: Push, case: pd.DataFrame, number: int) -> Outcome:
        """Push one case; `case` is the city's current one (a row of `repairs.cases_of`, or none). Raises Unsent."""
        code = push["case_code"]
        prepared = self._prepare(push, case)
        name = f"{self.run_id}-{number:04d}"
        row = {
            "attempt_id": name,
            "plan_digest": self.plan_digest,
            "case_code": code,
            "closes": ", ".join(push["closes"]),
            "is_updating": prepared.before is not None,
            "fields": ", ".join(prepared.fields),
            "push_hash": self._keyed(prepared.record),
            "before_hash": prepared.before.hash if prepared.before else None,
            "intended_at": self.as_of,
            "run_id": self.run_id,
        }
        point("apply.before_intent")
        with self.transaction() as connection:
            repairs.intend(connection, row)
        point("apply.after_intent")
        said = self.target.push(prepared.record, updating=prepared.before is not None)
        point("apply.after_push")
        now, kinds = self._read_back(prepared.record["MaHoSo"], prepared.city, prepared.record)
        outcome = settled(said, kinds == [] if kinds is not None else None, now == row["before_hash"])
        self._settle(name, outcome, said, kinds)
        get_run_logger().info("%s: %s (portal's code %s)", code, outcome, said)
        return outcome

    def _prepare(self, push: Push, case: pd.DataFrame) -> Prepared:
        """What to send for a case, after a look at the portal's record. Raises Unsent."""
        found = None if case.empty else self._facing.in_city(case)
        if found is None:
            raise Unsent("no record of the city")
        (city, landed), code = found, str(case["portal_code"].iloc[0])
        records = self.target.records(code)
        if len(records) > 1:
            raise Unsent("two records")
        before = self._facing.on_portal(records[0]) if records else None
        if records and before is None:
            raise Unsent("unreadable")
        if before and not self._facing.kinds(city, before):
            raise Unsent("agrees already")
        if bool(records) != push["is_updating"]:
            raise Unsent("changed")
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
        after = self._facing.on_portal(record)
        if after is None or self._facing.kinds(city, after):  # it would not close what it is to close
            raise Unsent("unfit")
        return Prepared(city, before, record, fields)

    def resume(self, row: Mapping[str, Any]) -> Outcome:
        """Settle an attempt of a run that was ended, or could not tell, by what the portal has now."""
        with self.transaction() as connection:
            case = repairs.cases_of(connection, [row["case_code"]])
        found = None if case.empty else self._facing.in_city(case)
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
        seen = self._facing.on_portal(records[0]) if len(records) == 1 else None
        return (seen.hash, self._facing.kinds(city, seen)) if seen else (None, None)

    def _settle(self, name: str, outcome: Outcome, said: str | None, kinds: list[str] | None) -> None:
        point("apply.before_outcome")
        with self.transaction() as connection:
            repairs.settle(connection, name, outcome, said, kinds or [], self.as_of)
        point("apply.after_outcome")

    def _keyed(self, record: Mapping[str, Any]) -> str:
        key = self.knobs.fingerprint_key.get_secret_value().encode()
        return hmac.digest(key, orjson.dumps(record, option=orjson.OPT_SORT_KEYS), sha256).hex()[:32]
