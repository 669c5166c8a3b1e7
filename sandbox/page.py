"""The rows of one page as columns, with what both wires need of them, and records made from rendered columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.cases.applicants import Applicants
from sandbox.cases.codes import CodeBook
from sandbox.columns import Background, Facts, Rows
from sandbox.side import Side
from sandbox.spelling import Spelling

Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class RowPage:
    rows: Rows
    facts: Facts
    back: Background
    spelling: Spelling
    people: Applicants
    codes: list[str]

    @classmethod
    def of(cls, rows: Rows, side: Side, background: Background, book: CodeBook) -> RowPage:
        facts, back = side.facts.take(rows), background.take(rows)
        return cls(rows, facts, back, side.spelling.take(rows), Applicants.of(back), book.texts(facts.code))

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def online(self) -> list[bool]:
        return [channel == 2 for channel in self.facts.channel.tolist()]

    def channels(self) -> list[str]:
        """The channel as sent; desk may be left empty."""
        pairs = zip(self.facts.channel.tolist(), self.spelling.blank_channel.tolist(), strict=True)
        return ["" if blank else str(channel) for channel, blank in pairs]

    def payments(self) -> list[str]:
        """The payment code as sent; "not paid online" may be left empty."""
        pairs = zip(self.facts.payment.tolist(), self.spelling.blank_payment.tolist(), strict=True)
        return ["" if blank else str(payment) for payment, blank in pairs]

    def pick(self, table: list[list[str]], which: str) -> list[str]:
        """Texts of ``table`` by variant and number: of the agency's name, or of the procedure's code."""
        facts, spelling = self.facts, self.spelling
        variants, numbers = {
            "agency": (spelling.agency, facts.agency),
            "procedure": (facts.local_suffix, facts.procedure),
        }[which]
        return [table[v][n] for v, n in zip(variants.tolist(), numbers.tolist(), strict=True)]


def to_records(columns: Columns) -> list[dict[str, Any]]:
    """One dictionary a row from one list a field."""
    keys = tuple(columns)
    return [dict(zip(keys, values, strict=True)) for values in zip(*columns.values(), strict=True)]
