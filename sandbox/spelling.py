"""Ways to write the same value: which one each record uses, and how it looks."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from sandbox.columns import Codes, ColumnSet


class AgencySpelling(IntEnum):
    """Ways of writing the same name that differ in bytes only."""

    PLAIN = 0
    DECOMPOSED = 1
    DOUBLE_SPACE = 2
    NO_BREAK_SPACE = 3
    ZERO_WIDTH_SPACE = 4
    TONE_PLACEMENT = 5
    D_ETH = 6
    D_AFRICAN = 7


class TimeSpelling(IntEnum):
    SECONDS = 0
    MINUTES = 1
    DUE_DAY = 2


class EmptySpelling(IntEnum):
    TEXT = 0
    NULL = 1
    ABSENT = 2


class AmountSpelling(IntEnum):
    PLAIN = 0
    GROUPED = 1
    DECIMAL = 2


@dataclass
class Spelling(ColumnSet):
    """How each record writes what it means. All of these are equalities, not differences."""

    agency: Codes
    time: Codes
    empty: Codes
    amount: Codes
    blank_channel: Codes
    blank_payment: Codes

    @classmethod
    def plain(cls, count: int) -> Spelling:
        return cls(*(np.zeros(count, np.int8) for _ in range(6)))


_NEW_TONES = {
    "òa": "oà",
    "óa": "oá",
    "ỏa": "oả",
    "õa": "oã",
    "ọa": "oạ",
    "òe": "oè",
    "óe": "oé",
    "ủy": "uỷ",
    "úy": "uý",
    "ùy": "uỳ",
}


def spell_agency(name: str, spelling: int) -> str:
    """One of the byte-different forms of a name; the same text when the form does not apply to it."""
    match AgencySpelling(spelling):
        case AgencySpelling.DECOMPOSED:
            return unicodedata.normalize("NFD", name)
        case AgencySpelling.DOUBLE_SPACE:
            return f"{name.replace(' ', '  ', 1)} "
        case AgencySpelling.NO_BREAK_SPACE:
            return name.replace(" ", "\u00a0", 2)
        case AgencySpelling.ZERO_WIDTH_SPACE:
            return name.replace(" ", " \u200b", 1)
        case AgencySpelling.TONE_PLACEMENT:
            for old, new in _NEW_TONES.items():
                name = name.replace(old, new)
        case AgencySpelling.D_ETH:
            return name.replace("Đ", "\u00d0")
        case AgencySpelling.D_AFRICAN:
            return name.replace("Đ", "\u0189")
    return name


def spell_amount(amount: int, spelling: int) -> str:
    """Dong as plain digits, with the Vietnamese thousands separator, or as a decimal number."""
    if spelling == AmountSpelling.GROUPED:
        return f"{amount:,}".replace(",", ".")
    return f"{amount}.0" if spelling == AmountSpelling.DECIMAL else str(amount)


def spell_empty(record: dict[str, Any], keys: tuple[str, ...], spelling: int) -> None:
    """Turn the empty texts among ``keys`` into null or leave the keys out."""
    for key in keys:
        if record[key] == "":
            if spelling == EmptySpelling.NULL:
                record[key] = None
            else:
                del record[key]
