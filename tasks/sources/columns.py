"""Raw records to landing columns: text under our names, the raw record beside them, drift noted on the way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any, Final

import orjson
import pyarrow as pa

from schemas.codes import Side
from schemas.systems import WireSystem
from schemas.wire import FIELDS, WireField, WireType
from tasks.sources.drift import ABSENT, Drift

PAYLOAD: Final = "payload"
ABSENT_FIELDS: Final = "absent_fields"
TEXT: Final = frozenset({str, type(None)})
LISTED: Final = TEXT | {list}
Record = dict[str, Any]


def landing_schema(side: Side) -> pa.Schema:
    """The columns of every landed file of a side, all text."""
    names = [field.column for field in FIELDS[side]]
    return pa.schema([pa.field(name, pa.string()) for name in [*names, ABSENT_FIELDS, PAYLOAD]])


def to_table(records: list[Record], system: WireSystem, drift: Drift) -> pa.Table:
    """One page as a table of `landing_schema(side)`.

    Absent and null keys become null, `""` stays `""`; a value of another JSON type is kept as its JSON text.
    `absent_fields` names the required keys that a record does not have as agreed, null when it has them all. Fields
    that a system does not have are null.

    Raises MissingField and SourceDrifted by the drift policies.
    """
    schema = landing_schema(system.side)
    if not records:
        return schema.empty_table()
    aside: dict[int, list[str]] = defaultdict(list)
    columns = dict.fromkeys(schema.names, pa.nulls(len(records), pa.string()))
    for field, values, whole in _values(records, system):
        missing = [] if whole else [number for number, value in enumerate(values) if value is ABSENT]
        if missing:
            _set_aside(aside, drift.removed(field, missing, len(records)), field.name)
            values = [None if value is ABSENT else value for value in values]
        kinds, texts = {*map(type, values)}, values
        if field.type is WireType.LIST and kinds <= LISTED:
            columns[field.column] = _lists(values)
            continue
        if not kinds <= TEXT:
            _set_aside(aside, drift.retyped(field, values), field.name)
            texts = [value if value is None or value.__class__ is str else _json(value) for value in values]
        if field.column in system.codes and not {*texts} <= system.codes[field.column]:
            codes = [None if isinstance(v, dict | list) else t for v, t in zip(values, texts, strict=True)]
            _set_aside(aside, drift.new_codes(field, codes), field.name)
        columns[field.column] = pa.array(texts, pa.string())
    for number in drift.added(records, known_names(system)):
        aside[number].append("(added)")
    if system.extension:
        columns["site_extension"] = pa.array(_extended(records, system), pa.string())
    if aside:
        names = [",".join(sorted(set(aside[n]))) if n in aside else None for n in range(len(records))]
        columns[ABSENT_FIELDS] = pa.array(names, pa.string())
    columns[PAYLOAD] = pa.array([*map(orjson.dumps, records)], pa.binary()).view(pa.string())
    return pa.table(columns, schema=schema)


def known_names(system: WireSystem) -> frozenset[str]:
    """Top-level keys that are mapped or ignored by name."""
    return system.ignored | {field.name.split(".")[0] for field in system.fields}


def _values(records: list[Record], system: WireSystem) -> Iterator[tuple[WireField, Sequence[Any], bool]]:
    """(field, its values, whether no value is ABSENT) for each mapped field; one pass in C over complete records."""
    flat = [field for field in system.fields if "." not in field.name]
    names = [field.name for field in flat]
    take, lacking = itemgetter(*names), dict.fromkeys(names, ABSENT)
    gaps: set[str] = set()

    def row(record: Record) -> Any:
        try:
            return take(record)
        except KeyError:
            gaps.update(lacking.keys() - record.keys())
            return take(lacking | record)

    columns = [*zip(*map(row, records), strict=True)]
    for field, column in zip(flat, columns, strict=True):
        yield field, column, field.name not in gaps
    for field in system.fields:
        if "." in field.name:
            path = field.name.split(".")
            yield field, [dig(record, path) for record in records], False


def dig(record: Any, path: list[str]) -> Any:
    """The value at the end of a path of keys; ABSENT when one is missing."""
    for key in path:
        if not isinstance(record, dict) or key not in record:
            return ABSENT
        record = record[key]
    return record


def _set_aside(aside: dict[int, list[str]], rows: list[int], name: str) -> None:
    for row in rows:
        aside[row].append(name)


def _lists(values: Sequence[Any]) -> pa.Array:
    """Lists as their JSON text; most are empty. Text and null stay what they are."""
    dumps = orjson.dumps
    texts = [(dumps(v) if v else b"[]") if v.__class__ is list else v for v in values]
    return pa.array(texts, pa.binary()).view(pa.string())


def _json(value: Any) -> str:
    return "[]" if value == [] else orjson.dumps(value).decode()


def _extended(records: list[Record], system: WireSystem) -> list[str | None]:
    """The site extension of each record, completed by the fields that this system has outside of it."""
    name = next(field.name for field in system.fields if field.column == "site_extension")
    made = []
    for record in records:
        extension = record.get(name)
        if isinstance(extension, str) and extension:
            try:
                extension = orjson.loads(extension)
            except orjson.JSONDecodeError:
                made.append(extension)  # for the validation to judge
                continue
        if extension in (None, ""):
            extension = {}
        if isinstance(extension, dict):
            native = {key: dig(record, path.split(".")) for key, path in system.extension.items()}
            extension = extension | {
                k: v if isinstance(v, str) else _json(v) for k, v in native.items() if v not in (ABSENT, None)
            }
        made.append(_json(extension))
    return made
