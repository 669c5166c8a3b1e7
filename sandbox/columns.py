"""Cases as columns: one numpy array per field, one position per case.

A million cases as Python objects would take minutes and gigabytes; as arrays they take seconds. Text is made only
for the rows of a page that somebody asks for.

Times are whole seconds of the Vietnamese wall clock counted from 1970-01-01 00:00 *local*. Vietnam has kept one
offset (+07:00) since 1975, so wall-clock arithmetic is exact. ``NO_TIME`` (zero) stands for "not set".
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta, timezone
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int8]
Ids = npt.NDArray[np.int16]
Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

NO_TIME = 0
HOUR = 3_600
DAY = 86_400
VIETNAM = timezone(timedelta(hours=7))


def wall_seconds(moment: datetime) -> int:
    """Wall-clock seconds of an aware moment, or of a naive one already in Vietnamese time."""
    local = moment.astimezone(VIETNAM) if moment.tzinfo else moment.replace(tzinfo=VIETNAM)
    return int(local.timestamp()) + 7 * HOUR


@dataclass
class ColumnSet:
    """A record of equally long arrays."""

    def take(self, rows: npt.NDArray[Any]) -> Self:
        """The same columns restricted to ``rows`` (a copy)."""
        return type(self)(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def copy(self) -> Self:
        return type(self)(**{f.name: getattr(self, f.name).copy() for f in fields(self)})

    def append_copies(self, rows: npt.NDArray[Any]) -> None:
        """Lengthen every column by copies of ``rows``."""
        for f in fields(self):
            column = getattr(self, f.name)
            setattr(self, f.name, np.concatenate([column, column[rows]]))

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))


@dataclass
class Facts(ColumnSet):
    """What one side says about every case: the fields that the two sides are compared on."""

    code: Ints
    agency: Ids
    procedure: Ids
    local_suffix: Codes
    status: Codes
    submitted: Ints
    received: Ints
    due: Ints
    finished: Ints
    returned: Ints
    asked: Ints
    answered: Ints
    asked_again: Ints
    channel: Codes
    payment: Codes
    fee: Ints
    digitised: Codes
    reused: Codes
    stored: Codes
    vneid: Codes
    result: Codes


@dataclass
class Background(ColumnSet):
    """What is never disputed: who applied, when the city last changed the case, what the file consists of.

    ``content`` is the procedure that the documents, fees and results belong to. A portal record may name a wrong
    procedure while its documents stay those of the right one.
    """

    content: Ids
    modified: Ints
    enterprise: Codes
    surname: Codes
    middle: Codes
    given: Codes
    identity: Ints
    phone: Ints
    mail: Ints
    note: Codes
