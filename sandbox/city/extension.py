"""``metaData``: JSON inside a text. The site extension that carries what OpenCPS has no column for."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson

from sandbox.catalogue import Catalogue
from sandbox.columns import NO_TIME, Background, Facts
from sandbox.documents import FLAGS, component_flags, fee_items, result_url
from sandbox.spelling import Spelling, spell_amount
from sandbox.wire import TimeText


class SiteExtension:
    def __init__(self, catalogue: Catalogue, text: TimeText) -> None:
        self._procedures, self._text = catalogue.procedures, text
        self._components: dict[tuple[int, int, int, int], orjson.Fragment] = {}
        self._fees: dict[tuple[int, int, int], list[dict[str, str]]] = {}

    def texts(self, facts: Facts, back: Background, spelling: Spelling, codes: list[str]) -> list[str]:
        """One JSON text a row."""
        procedures = self._procedures
        columns = zip(
            facts.channel.tolist(),
            spelling.blank_channel.tolist(),
            facts.payment.tolist(),
            spelling.blank_payment.tolist(),
            facts.digitised.tolist(),
            facts.reused.tolist(),
            facts.stored.tolist(),
            facts.vneid.tolist(),
            facts.result.tolist(),
            back.content.tolist(),
            facts.fee.tolist(),
            spelling.amount.tolist(),
            codes,
            self._supplements(facts),
            strict=True,
        )
        return [
            orjson.dumps(
                {
                    "submissionChannel": "" if no_channel else str(channel),
                    "onlinePayment": "" if no_payment else str(payment),
                    "hasDigitisedComponent": FLAGS[digitised],
                    "accountVerifiedVneid": FLAGS[vneid],
                    "databases": ["7"] if procedures[content].population else [],
                    "fees": self._fee_list(content, fee, amount),
                    "components": self._component_list(content, digitised, reused, stored),
                    "results": self._results(content, code) if result else [],
                    "supplements": supplements,
                }
            ).decode()
            for (
                channel,
                no_channel,
                payment,
                no_payment,
                digitised,
                reused,
                stored,
                vneid,
                result,
                content,
                fee,
                amount,
                code,
                supplements,
            ) in columns
        ]

    def _fee_list(self, content: int, fee: int, amount: int) -> list[dict[str, str]]:
        key = (content, fee, amount)
        if key not in self._fees:
            fees = fee_items(self._procedures[content], fee)
            self._fees[key] = [{"code": c, "name": n, "amount": spell_amount(a, amount)} for c, n, a in fees]
        return self._fees[key]

    def _component_list(self, content: int, digitised: int, reused: int, stored: int) -> orjson.Fragment:
        """Cached: the procedure and three flags decide."""
        key = (content, digitised, reused, stored)
        if key not in self._components:
            described = component_flags(self._procedures[content], digitised, reused, stored)
            components = [
                {"code": code, "name": name, "digitised": flags[0], "reused": flags[1], "fromStore": flags[2]}
                for code, name, flags in described
            ]
            self._components[key] = orjson.Fragment(orjson.dumps(components))
        return self._components[key]

    def _results(self, content: int, code: str) -> list[dict[str, str]]:
        procedure = self._procedures[content]
        return [{"code": procedure.result_code, "name": procedure.result_name, "url": result_url(code)}]

    def _supplements(self, facts: Facts) -> list[list[dict[str, Any]]]:
        times = self._text.city
        found: list[list[dict[str, Any]]] = [[] for _ in range(len(facts))]
        places = np.flatnonzero(facts.asked > NO_TIME)
        asking = facts.take(places)
        texts = zip(
            places.tolist(), times(asking.asked), times(asking.answered), times(asking.asked_again), strict=True
        )
        for place, asked, answered, again in texts:
            found[place].append({"requestedAt": asked, "answeredAt": answered})
            if again:
                found[place].append({"requestedAt": again, "answeredAt": ""})
        return found
