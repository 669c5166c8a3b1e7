"""The lists inside a case record, reduced to the facts that are compared.

The portal sends each list as JSON; the city's OpenCPS record carries them in `metaData`, a site extension. Both become
one shape here: `Nested`, whose columns the canonical case takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import orjson
import pandas as pd

from schemas.codes import Side
from tasks.rules.itemised import Fee, Supplement, fee_facts, supplement_facts, text_array
from tasks.rules.text import arrow_text

Item = Mapping[str, Any]
Lists = tuple[list[Item] | None, ...]
"""One row's lists in the order of `_LISTS`; None stands for what is no list."""

_PORTAL_KEYS: Final = {
    "digitised": "DuocSoHoa",
    "reused": "DuocTaiSuDung",
    "stored": "DuocLayTuKhoDMQG",
    "amount": "Gia",
    "url": "DuongDanTepTinKetQua",
    "requested": "NgayBoSung",
    "answered": "NgayTiepNhanBoSung",
}
_CITY_KEYS: Final = {
    "digitised": "digitised",
    "reused": "reused",
    "stored": "fromStore",
    "amount": "amount",
    "url": "url",
    "requested": "requestedAt",
    "answered": "answeredAt",
}
_SET: Final = ("1", "2", 1, 2)  # reuse has two ways, the other flags one
_LISTS: Final = ("components", "fees", "results", "supplements", "databases")
_CITY_SCALARS: Final = {
    "channel": "submissionChannel",
    "online_payment": "onlinePayment",
    "has_digitised_component": "hasDigitisedComponent",
    "account_verified_vneid": "accountVerifiedVneid",
}


def summarise(side: Side, rows: pd.DataFrame) -> pd.DataFrame:
    """One row of facts for each row, same index:

    `any_digitised`, `any_reused`, `any_stored`, `has_result`, `population_linked` (bool), `fee_total` (Int64 dong, null
    without fees), `amount_bad`, `list_bad` (bool), `supplement_requests` (int), `supplement_requested_at` (latest,
    UTC),
    `supplement_answered` (bool: the latest one), `supplement_waiting_s` (int seconds over the answered ones; an answer
    before its request adds none), `supplement_precision` (the coarsest `Precision` of their times, null without any),
    `supplement_time_bad` (bool); for the city also the scalars of the extension as text.
    """
    scalars: dict[str, list[str | None]] = {}
    lists, keys = (_city_lists(rows, scalars), _CITY_KEYS) if side is Side.CITY else (_portal_lists(rows), _PORTAL_KEYS)
    flags, fees, supplements = _read(lists, keys)
    made = {column: text_array(texts) for column, texts in scalars.items()}
    facts = pd.DataFrame(
        made | {name: [row[place] for row in flags] for place, name in enumerate(_FLAGS)}, index=rows.index
    )
    return facts.join(fee_facts(fees, rows.index)).join(supplement_facts(supplements, rows.index))


def _portal_lists(rows: pd.DataFrame) -> Iterator[Lists]:
    """Each row's `_LISTS`, from a column each."""
    return zip(*(map(_list, _texts(rows[name])) for name in _LISTS), strict=True)


def _city_lists(rows: pd.DataFrame, scalars: dict[str, list[str | None]]) -> Iterator[Lists | None]:
    """Each row's `_LISTS`, None where the extension is no object; `scalars` gets its other columns on the way."""
    scalars |= {column: [] for column in _CITY_SCALARS}
    taken = [(scalars[column], key) for column, key in _CITY_SCALARS.items()]
    for text in _texts(rows["site_extension"]):
        extension = _object(text)
        known = extension or {}
        for column, key in taken:
            column.append(_scalar(known.get(key)))
        yield None if extension is None else tuple([_list(known.get(name)) for name in _LISTS])


def _texts(column: pd.Series) -> list[str | None]:
    """The column's texts; going through a pandas column value by value takes ten times as long."""
    texts: list[str | None] = arrow_text(column).to_pylist()
    return texts


def extension_of(text: str | None) -> dict[str, list[Any]]:
    """The lists of a city's extension by their names there, empty where there is none. Raises ValueError when one
    cannot be read."""
    extension = _object(text)
    lists = {name: _list(extension.get(name)) for name in _LISTS} if extension is not None else {}
    if None in lists.values() or not lists:
        raise ValueError("the extension of the city's record cannot be read")
    return {name: list(items or ()) for name, items in lists.items()}


def _object(text: str | None) -> dict[str, Any] | None:
    """The extension's object; None when it is no JSON object (empty text is an empty one)."""
    if not text:
        return {}
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _list(value: Any) -> list[Item] | None:
    """A list of objects from JSON text or a parsed value; None when it is something else (empty is an empty list)."""
    if value.__class__ is list:
        return value
    if value is None or value in ("", "[]"):
        return []
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
    if value is None:
        return []
    return value if isinstance(value, list) else None


def _scalar(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


_FLAGS: Final = ("any_digitised", "any_reused", "any_stored", "has_result", "population_linked", "list_bad")
_UNREAD: Final = (False, False, False, False, False, True)


def _read(
    lists: Iterable[Lists | None], keys: Mapping[str, str]
) -> tuple[list[tuple[bool, ...]], list[Fee], list[Supplement]]:
    """`_FLAGS` of each row, and the fees and supplements of all rows with their row numbers.

    One pass, so that a row's parsed lists are gone before the next row's are made: keeping them all costs more than
    reading them.
    """
    names = (keys["digitised"], keys["reused"], keys["stored"], keys["url"])
    amount, requested, answered = keys["amount"], keys["requested"], keys["answered"]
    flags: list[tuple[bool, ...]] = []
    fees: list[Fee] = []
    supplements: list[Supplement] = []
    for number, row in enumerate(lists):
        if row is None:
            flags.append(_UNREAD)
            continue
        flags.append(_row_flags(row, *names))
        if row[1]:
            fees += [(number, _scalar(item.get(amount))) for item in row[1] if isinstance(item, dict)]
        if row[3]:
            supplements += [
                (number, _scalar(item.get(requested)), _scalar(item.get(answered)))
                for item in row[3]
                if isinstance(item, dict)
            ]
    return flags, fees, supplements


def _row_flags(row: tuple[Any, ...], digitised: str, reused: str, stored: str, url: str) -> tuple[bool, ...]:
    """`_FLAGS` of one row. A tuple is searched by equality: a list in place of a flag cannot be hashed."""
    components, fees, results, supplements, databases = row
    is_digitised = is_reused = is_stored = has_result = False
    bad = None in row
    for item in components or ():
        if isinstance(item, dict):
            is_digitised = is_digitised or _is_set(item.get(digitised))
            is_reused = is_reused or _is_set(item.get(reused))
            is_stored = is_stored or _is_set(item.get(stored))
        else:
            bad = True
    for item in results or ():
        if isinstance(item, dict):
            has_result = has_result or bool(item.get(url))
        else:
            bad = True
    for items in (fees, supplements):
        for item in items or ():
            bad = bad or not isinstance(item, dict)
    return is_digitised, is_reused, is_stored, has_result, bool(databases), bad


def _is_set(value: Any) -> bool:
    return value != "0" and value in _SET  # "0" is by far the commonest
