"""Times of the exchange: every text form seen on the wire to UTC microseconds with a precision, and back.

Source: wire contract, sections 3 (14-digit times without an offset are Vietnam wall clock), 5 and 8 (the other forms;
offsets `+0000` and `+0700` both occur; null travels as the empty text). Vietnam is UTC+7 without daylight saving since
1975, so the wall clock is a constant shift and no time-zone table is needed. Two times are compared by truncation to
the coarser side's precision (design, section 6).
"""

from __future__ import annotations

from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tasks.rules.text import arrow_text, pandas_text

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
SECOND_US: Final = 1_000_000
DAY_US: Final = 86_400 * SECOND_US
VIETNAM_US: Final = 7 * 3_600 * SECOND_US
NAT: Final = int(np.iinfo(np.int64).min)
"""NumPy's "not a time" seen as an integer."""
FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2100


class Precision(IntEnum):
    """How much of a time its text said; a larger value is coarser."""

    SECOND = 0
    MINUTE = 1
    DAY = 2


_UNIT_US: Final[Ints] = np.array([SECOND_US, 60 * SECOND_US, DAY_US], dtype=np.int64)

# y, M, d, H, m, s stand for digits; every other character stands for itself.
_DATES: Final = ("yyyyMMdd", "dd/MM/yyyy", "yyyy-MM-dd")
_CLOCKS: Final = (("yyyyMMdd", "HHmm"), ("dd/MM/yyyy", " HH:mm"), ("yyyy-MM-dd", " HH:mm"), ("yyyy-MM-dd", "THH:mm"))
_LAYOUTS: Final = MappingProxyType(
    dict.fromkeys(_DATES, Precision.DAY)
    | {date + clock: Precision.MINUTE for date, clock in _CLOCKS}
    | {date + clock + (":ss" if ":" in clock else "ss"): Precision.SECOND for date, clock in _CLOCKS}
)
_TAIL: Final = (
    r"^(?P<base>\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?)"
    r"(?:\.(?P<fraction>\d{1,9}))?(?P<offset>Z|[+-]\d{2}(?::?\d{2})?)?$"
)


def to_micros(at: pd.Series) -> Ints:
    """Microseconds since 1970 UTC as int64 of the same length; `NAT` where missing."""
    return at.to_numpy(dtype="datetime64[us]").view(np.int64)


def from_micros(micros: Ints, like: pd.Series) -> pd.Series:
    """The inverse of `to_micros` (datetime64[us, UTC]), with the index and name of `like`."""
    return pd.Series(pd.DatetimeIndex(micros.view("datetime64[us]"), tz="UTC"), index=like.index, name=like.name)


def _civil(year: Ints, month: Ints, day: Ints) -> tuple[Ints, Bools]:
    """Days since 1970 and whether that date exists within the years believed."""
    ok = (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12) & (day >= 1)
    months = np.where(ok, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (np.where(ok, day, 1) - 1).astype("timedelta64[D]")
    return days.astype(np.int64), ok & (days.astype("datetime64[M]") == months)


def _read_layout(chars: NDArray[np.uint8], layout: str) -> tuple[Ints, Bools, Bools]:
    """Local microseconds, has this layout, is a possible time, of a matrix with one text a row."""
    digits = chars - np.uint8(ord("0"))
    shaped = np.ones(len(chars), dtype=np.bool_)
    fields = {letter: np.zeros(len(chars), dtype=np.int64) for letter in "yMdHms"}
    for column, letter in enumerate(layout):
        if letter in fields:
            shaped &= digits[:, column] < 10
            fields[letter] = fields[letter] * 10 + digits[:, column]
        else:
            shaped &= chars[:, column] == ord(letter)
    days, ok = _civil(fields["y"], fields["M"], fields["d"])
    hour, minute, second = fields["H"], fields["m"], fields["s"]
    ok &= (hour < 24) & (minute < 60) & (second < 60)
    return days * DAY_US + ((hour * 60 + minute) * 60 + second) * SECOND_US, shaped, shaped & ok


def _read_plain(values: Any, micros: Ints, precision: NDArray[np.int8]) -> Bools:
    """Fill in the rows written in a plain layout (local time); returns the rows whose layout was recognised."""
    lengths = pc.fill_null(pc.binary_length(values), -1).to_numpy(zero_copy_only=False)
    known = np.zeros(len(values), dtype=np.bool_)
    for length in sorted({len(layout) for layout in _LAYOUTS}):
        rows = np.flatnonzero(lengths == length)
        if not len(rows):
            continue
        # Texts of one length lie back to back in Arrow's buffer: that is a matrix of bytes already.
        _, starts, data = (packed := values.take(pa.array(rows))).buffers()
        start = int(np.frombuffer(starts, dtype=np.int64)[packed.offset])
        chars = np.frombuffer(data, np.uint8, length * len(rows), start).reshape(-1, length)
        for layout in (layout for layout in _LAYOUTS if len(layout) == length):
            local, shaped, ok = _read_layout(chars, layout)
            known[rows[shaped]] = True
            micros[rows[ok]] = local[ok]
            precision[rows[ok]] = _LAYOUTS[layout]
    return known


def _number(texts: Any) -> Ints:
    """Texts of digits as numbers; "" is 0."""
    numbers: Ints = pc.cast(pc.if_else(pc.equal(texts, ""), "0", texts), "int64").to_numpy(zero_copy_only=False)
    return numbers


def _offset_micros(offset: Any) -> tuple[Ints, Bools]:
    """Shift east of UTC, Vietnam's where none was written, and whether it can be an offset."""
    sign = np.where(pc.starts_with(offset, "-").to_numpy(zero_copy_only=False), -1, 1)
    digits = pc.replace_substring_regex(offset, r"[Z+:-]", "")
    hours, minutes = (_number(pc.utf8_slice_codeunits(digits, start, start + 2)) for start in (0, 2))
    shift = sign * (hours * 60 + minutes) * (60 * SECOND_US)
    absent = pc.equal(offset, "").to_numpy(zero_copy_only=False)
    return np.where(absent, VIETNAM_US, shift), (hours <= 14) & (minutes < 60)


def _read_tailed(values: Any) -> tuple[Ints, NDArray[np.int8]]:
    """UTC microseconds (`NAT` when bad) and precision of texts with a fraction, an offset or both."""
    parts = pc.extract_regex(values, _TAIL)
    base, fraction, offset = (pc.fill_null(pc.struct_field(parts, name), "") for name in ("base", "fraction", "offset"))
    micros = np.full(len(values), NAT, dtype=np.int64)
    precision = np.zeros(len(values), dtype=np.int8)
    _read_plain(base, micros, precision)
    shift, ok = _offset_micros(offset)
    # A fraction belongs to seconds; after a minute (16 characters) it is nonsense.
    torn = pc.and_(pc.equal(pc.utf8_length(base), 16), pc.not_equal(fraction, "")).to_numpy(zero_copy_only=False)
    padded = pc.utf8_slice_codeunits(pc.utf8_rpad(fraction, 6, "0"), 0, 6)
    return np.where(ok & ~torn & (micros != NAT), micros + _number(padded) - shift, NAT), precision


def parse(text: pd.Series) -> pd.DataFrame:
    """Read wire times: one row a text, same index; nothing is raised for bad text.

    Columns: `at` (datetime64[us, UTC]; NaT when missing or bad), `precision` (Int8, a `Precision`, null with `at`) and
    `bad` (bool: text that is no possible time, or whose year lies outside 1990..2100). Missing and blank text is not
    bad. A fraction is kept to the microsecond; a space may stand for the ISO `T`; white space around is ignored.
    """
    values = pc.utf8_trim_whitespace(arrow_text(text))
    micros = np.full(len(values), NAT, dtype=np.int64)
    precision = np.zeros(len(values), dtype=np.int8)
    known = _read_plain(values, micros, precision)
    micros[micros != NAT] -= VIETNAM_US
    written = pc.fill_null(pc.not_equal(values, ""), False).to_numpy(zero_copy_only=False)
    rest = np.flatnonzero(written & ~known)
    if len(rest):
        micros[rest], precision[rest] = _read_tailed(values.take(pa.array(rest)))
    missing = micros == NAT
    grain = pd.arrays.IntegerArray(precision, missing)
    return pd.DataFrame({"at": from_micros(micros, like=text), "precision": grain, "bad": written & missing})


def _grain(precision: pd.Series) -> NDArray[np.int8]:
    return np.asarray(precision.astype("Int8").fillna(int(Precision.SECOND)), dtype=np.int8)


def _floor(micros: Ints, grain: NDArray[np.int8]) -> Ints:
    local = micros + VIETNAM_US
    return np.where(micros == NAT, NAT, local - local % _UNIT_US[grain] - VIETNAM_US)


def truncate(at: pd.Series, precision: pd.Series) -> pd.Series:
    """`at` floored to its precision in Vietnam wall clock (datetime64[us, UTC]); a null precision means SECOND."""
    return from_micros(_floor(to_micros(at), _grain(precision)), like=at)


def same_time(a_at: pd.Series, a_precision: pd.Series, b_at: pd.Series, b_precision: pd.Series) -> pd.Series:
    """Whether two times agree as far as the coarser of the two says (boolean, never null, index of `a_at`).

    Both missing agree; one missing does not. Rows are matched by position.
    """
    a, b = to_micros(a_at), to_micros(b_at)
    coarser = np.maximum(_grain(a_precision), _grain(b_precision))
    return pd.Series(_floor(a, coarser) == _floor(b, coarser), index=a_at.index, dtype="boolean")


def to_wire14(at: pd.Series) -> pd.Series:
    """`yyyyMMddHHmmss` in Vietnam wall clock, the portal's form of a time; "" where missing (str, index of `at`)."""
    micros = to_micros(at)
    missing = micros == NAT
    local = np.where(missing, 0, micros + VIETNAM_US)
    days = (local // DAY_US).astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    month = months.astype(np.int64)
    second = local % DAY_US // SECOND_US
    date = ((month // 12 + 1970) * 100 + month % 12 + 1) * 100 + (days - months).astype(np.int64) + 1
    clock = (second // 3_600 * 100 + second // 60 % 60) * 100 + second % 60
    numbers = pa.array(date * 1_000_000 + clock, mask=missing)
    return pandas_text(pc.fill_null(pc.cast(numbers, pa.large_string()), ""), like=at)
