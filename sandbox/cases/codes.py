"""Case codes as numbers, as text, and back.

Two forms are in use side by side: ``H26.12-260305-0007`` (short, Decision 20/2020) and ``000.00.12.H26-260305-0007``
(old, Circular 01/2018 art. 19 with QCVN 102:2016). The date is that of submission and the sequence is a counter per
agency and day, at least four digits. The old form has room for two digits only, so wards never use it.

As a number a code is ``prefix << 48 | day << 24 | sequence``, which makes look-up and uniqueness numpy operations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from sandbox.cases.working_time import EPOCH
from sandbox.catalogue.agencies import CITY_CODE, Agency
from sandbox.columns import DAY, Ids, Ints, Mask

NO_CODE = -1
_PREFIX_BITS, _DAY_BITS = 48, 24
_SEQUENCE_MASK = (1 << _DAY_BITS) - 1
_SHORT = re.compile(r"(.+)-(\d{6})-(\d{4,7})", re.ASCII)


@dataclass(frozen=True)
class CodeBook:
    """Prefix texts by number: every agency's short form, then every agency's old form."""

    prefixes: tuple[str, ...]
    agencies: int

    @classmethod
    def of(cls, agencies: tuple[Agency, ...]) -> CodeBook:
        short = [agency.code for agency in agencies]
        old = [f"000.00.{agency.unit}.{CITY_CODE}" for agency in agencies]
        return cls(tuple(short + old), len(agencies))

    def texts(self, keys: Ints) -> list[str]:
        day_text = {
            day: (EPOCH + timedelta(days=day)).strftime("-%y%m%d-") for day in np.unique(days_of(keys)).tolist()
        }
        prefixes = self.prefixes
        parts: Iterable[tuple[int, int, int]] = zip(
            (keys >> _PREFIX_BITS).tolist(), days_of(keys).tolist(), sequences_of(keys).tolist(), strict=True
        )
        return [f"{prefixes[prefix]}{day_text[day]}{sequence:04d}" for prefix, day, sequence in parts]

    def parse(self, text: str) -> int:
        """The key of ``text``, or ``NO_CODE`` when no agency of the city could have issued it in that spelling."""
        match = _SHORT.fullmatch(text)
        if not match or match[1] not in self.prefixes:
            return NO_CODE
        day = np.datetime64(f"20{match[2][:2]}-{match[2][2:4]}-{match[2][4:]}") if _is_date(match[2]) else None
        if day is None or len(match[3]) != max(4, len(str(int(match[3])))):
            return NO_CODE
        return make_key(self.prefixes.index(match[1]), int(day.astype("datetime64[D]").astype(int)), int(match[3]))


def make_key(prefix: int, day: int, sequence: int) -> int:
    return prefix << _PREFIX_BITS | day << _DAY_BITS | sequence


def days_of(keys: Ints) -> Ints:
    return keys >> _DAY_BITS & _SEQUENCE_MASK


def sequences_of(keys: Ints) -> Ints:
    return keys & _SEQUENCE_MASK


def groups_of(keys: Ints) -> Ints:
    """Agency prefix and day together, as one number."""
    return keys >> _DAY_BITS


def issue_codes(agency: Ids, submitted: Ints, old_form: Mask, agencies: int) -> Ints:
    """Number the cases of each agency and day in order of submission, starting at 1."""
    prefix = agency.astype(np.int64) + np.where(old_form, agencies, 0)
    group = prefix << _DAY_BITS | submitted // DAY
    order = np.lexsort((submitted, group))
    arranged = group[order]
    starts = np.flatnonzero(np.r_[True, arranged[1:] != arranged[:-1]])
    lengths = np.diff(np.r_[starts, len(arranged)])
    counter = np.arange(len(arranged)) - np.repeat(starts, lengths) + 1
    keys = np.empty(len(group), np.int64)
    keys[order] = arranged << _DAY_BITS | counter
    return keys


def _is_date(text: str) -> bool:
    try:
        np.datetime64(f"20{text[:2]}-{text[2:4]}-{text[4:]}")
    except ValueError:
        return False
    return True
