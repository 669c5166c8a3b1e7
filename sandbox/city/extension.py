"""``metaData``: JSON inside a text. The site extension that carries what OpenCPS has no column for."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson

from sandbox.catalogue import Catalogue
from sandbox.columns import NO_TIME, Facts
from sandbox.documents import FLAGS, component_flags, fee_items, result_url
from sandbox.page import Columns, RowPage, to_records
from sandbox.spelling import spell_amount
from sandbox.wire import TimeText


class SiteExtension:
    def __init__(self, catalogue: Catalogue, text: TimeText) -> None:
        self._procedures, self._text = catalogue.procedures, text
        self._components: dict[tuple[int, int, int, int], orjson.Fragment] = {}
        self._fees: dict[tuple[int, int, int], list[dict[str, str]]] = {}

    def texts(self, page: RowPage) -> list[str]:
        """One JSON text a row."""
        columns: Columns = {
            "submissionChannel": page.channels(),
            "onlinePayment": page.payments(),
            "hasDigitisedComponent": [FLAGS[d] for d in page.facts.digitised.tolist()],
            "accountVerifiedVneid": [FLAGS[v] for v in page.facts.vneid.tolist()],
            "databases": [["7"] if self._procedures[c].population else [] for c in page.back.content.tolist()],
            "fees": self._fee_lists(page),
            "components": self._component_lists(page),
            "results": self._result_lists(page),
            "supplements": self._supplements(page.facts),
        }
        return [orjson.dumps(record).decode() for record in to_records(columns)]

    def _fee_lists(self, page: RowPage) -> list[list[dict[str, str]]]:
        keys = zip(page.back.content.tolist(), page.facts.fee.tolist(), page.spelling.amount.tolist(), strict=True)
        return [self._fee_list(*key) for key in keys]

    def _component_lists(self, page: RowPage) -> list[orjson.Fragment]:
        facts = page.facts
        flags = zip(facts.digitised.tolist(), facts.reused.tolist(), facts.stored.tolist(), strict=True)
        return [self._component_list(c, *three) for c, three in zip(page.back.content.tolist(), flags, strict=True)]

    def _result_lists(self, page: RowPage) -> list[list[dict[str, str]]]:
        rows = zip(page.facts.result.tolist(), page.back.content.tolist(), page.codes, strict=True)
        return [self._results(content, code) if has else [] for has, content, code in rows]

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
