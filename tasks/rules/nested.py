"""The lists inside a case record, reduced to the facts that are compared.

The portal sends each list as JSON; the city's OpenCPS record carries them in `metaData`, a site extension. Both become
one shape here: `Nested`, whose columns the canonical case takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson
import pandas as pd

from schemas.codes import Side
from tasks.rules.amounts import parse_dong
from tasks.rules.times import parse

Item = Mapping[str, Any]

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
    if side is Side.CITY:
        extensions = [_object(text) for text in rows["site_extension"]]
        lists = [tuple(_list(e.get(name)) for name in _LISTS) if e is not None else None for e in extensions]
        scalars = {
            column: pd.array([None if e is None else _scalar(e.get(key)) for e in extensions], "string[pyarrow]")
            for column, key in _CITY_SCALARS.items()
        }
        keys = _CITY_KEYS
    else:
        lists = [tuple(_list(text) for text in texts) for texts in zip(*(rows[name] for name in _LISTS), strict=True)]
        scalars, keys = {}, _PORTAL_KEYS
    facts = pd.DataFrame({**scalars, **_flags(lists, keys)}, index=rows.index)
    facts = facts.join(_fees(lists, keys["amount"], rows.index))
    return facts.join(_supplements(lists, keys["requested"], keys["answered"], rows.index))


def _object(text: str | None) -> dict[str, Any] | None:
    """The extension's object; None when it is no JSON object (empty text is an empty one)."""
    if text is None or pd.isna(text) or text == "":
        return {}
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _list(value: Any) -> list[Item] | None:
    """A list of objects from JSON text or a parsed value; None when it is something else (empty is an empty list)."""
    if isinstance(value, str):
        if value in {"", "[]"}:
            return []
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
    if value is None or value is pd.NA:
        return []
    return value if isinstance(value, list) else None


def _scalar(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


_FLAGS: Final = ("any_digitised", "any_reused", "any_stored", "has_result", "population_linked", "list_bad")
_UNREAD: Final = (False, False, False, False, False, True)


def _flags(lists: list[Any], keys: Mapping[str, str]) -> dict[str, list[bool]]:
    """The flags that need no arithmetic, in one pass over the rows."""
    names = (keys["digitised"], keys["reused"], keys["stored"], keys["url"])
    flags = [_UNREAD if row is None else _row_flags(row, *names) for row in lists]
    return {name: [row[place] for row in flags] for place, name in enumerate(_FLAGS)}


def _row_flags(row: tuple[Any, ...], digitised: str, reused: str, stored: str, url: str) -> tuple[bool, ...]:
    """`_FLAGS` of one row. A tuple is searched by equality: a list in place of a flag cannot be hashed."""
    components, fees, results, supplements, databases = row
    is_digitised = is_reused = is_stored = has_result = False
    bad = None in row
    for item in components or ():
        if isinstance(item, dict):
            is_digitised = is_digitised or item.get(digitised) in _SET
            is_reused = is_reused or item.get(reused) in _SET
            is_stored = is_stored or item.get(stored) in _SET
        else:
            bad = True
    for item in results or ():
        if isinstance(item, dict):
            has_result = has_result or bool(item.get(url))
        else:
            bad = True
    bad = bad or not (_all_objects(fees or ()) and _all_objects(supplements or ()))
    return is_digitised, is_reused, is_stored, has_result, bool(databases), bad


def _all_objects(items: Iterable[Any]) -> bool:
    return all(isinstance(item, dict) for item in items)


def _items(lists: list[Any], position: int) -> list[tuple[int, Item]]:
    """(row number, item) of every object in the lists at `position`."""
    return [
        (number, item)
        for number, row in enumerate(lists)
        if row is not None and row[position]
        for item in row[position]
        if isinstance(item, dict)
    ]


def _fees(lists: list[Any], key: str, index: pd.Index) -> pd.DataFrame:
    items = _items(lists, 1)
    texts = pd.Series([_scalar(item.get(key)) for _, item in items], dtype="string[pyarrow]")
    parsed = parse_dong(texts).assign(row=[number for number, _ in items])
    by_row = parsed.groupby("row")
    places = pd.RangeIndex(len(index))
    facts = pd.DataFrame(
        {
            "fee_total": by_row["amount"].sum(min_count=1).reindex(places).astype("Int64"),
            "amount_bad": by_row["bad"].any().reindex(places, fill_value=False).astype(bool),
        }
    )
    return facts.set_axis(index)


def _supplements(lists: list[Any], requested: str, answered: str, index: pd.Index) -> pd.DataFrame:
    items = _items(lists, 3)
    texts = [
        pd.Series([_scalar(item.get(key)) for _, item in items], dtype="string[pyarrow]")
        for key in (requested, answered)
    ]
    asked, replied = (parse(text) for text in texts)
    flat = pd.DataFrame(
        {
            "row": pd.Series([number for number, _ in items], dtype="int64"),
            "requested_at": asked["at"],
            "answered_at": replied["at"],
            "bad": asked["bad"] | replied["bad"] | asked["at"].isna(),
            "precision": pd.concat([asked["precision"], replied["precision"]], axis=1).max(axis=1).astype("Int16"),
        }
    )
    waiting = (flat["answered_at"] - flat["requested_at"]).dt.total_seconds()
    flat["waiting_s"] = waiting.fillna(0).clip(lower=0).astype("int64")
    by_row = flat.sort_values(["row", "requested_at"], kind="stable").groupby("row")
    places = pd.RangeIndex(len(index))
    last = by_row.tail(1).set_index("row").reindex(places)
    facts = pd.DataFrame(
        {
            "supplement_requests": by_row.size().reindex(places, fill_value=0).astype("int16"),
            "supplement_requested_at": last["requested_at"],
            "supplement_answered": last["answered_at"].notna(),
            "supplement_waiting_s": by_row["waiting_s"].sum().reindex(places, fill_value=0).astype("int64"),
            "supplement_precision": by_row["precision"].max().reindex(places).astype("Int16"),
            "supplement_time_bad": by_row["bad"].any().reindex(places, fill_value=False).astype(bool),
        }
    )
    return facts.set_axis(index)
