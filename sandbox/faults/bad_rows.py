"""Records that no honest reader can use: they must be set aside whole, with the reason.

All but the records without a key replace one side of an otherwise honest pair; the other side stays good, and is not
"missing" its partner: the partner is there, but unreadable.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sandbox.cases.applicants import redraw
from sandbox.columns import HOUR, NO_TIME
from sandbox.faults.draft import BadRow, Draft
from sandbox.side import ABSENT, Side, SideName, WireValue
from sandbox.wire import WIRE_KEYS

LONGEST_NOTE = 2_000
UNKNOWN_STATUSES = {SideName.CITY: ("handover", "xyz"), SideName.PORTAL: ("0", "11", "")}
NOT_TIMES = {
    SideName.CITY: ("2026-13-45", "31/02/2026 08:00:00", "abc"),
    SideName.PORTAL: ("20261345080000", "20260231080000", "abc", "2026-13-45"),
}
NO_KEYS: tuple[WireValue, ...] = ("", None, ABSENT)
INVISIBLE = ("\u200b", "\ufeff", "\u00a0")

Spoiler = Callable[[Draft, Side, int], tuple[str, WireValue]]


def plant_bad_rows(draft: Draft, count: int) -> None:
    """``count`` of each reason on each side."""
    everywhere = np.ones(len(draft.free), bool)
    for side in (draft.city, draft.portal):
        for reason, spoil in SPOILERS.items():
            for row in draft.pick(everywhere, count).tolist():
                _spoil(draft, side, row, reason, *spoil(draft, side, row))
    for side in (draft.city, draft.portal):
        _plant_keyless(draft, side, count)


def _spoil(draft: Draft, side: Side, row: int, reason: str, field: str, value: WireValue) -> None:
    side.overrides.setdefault(row, {})[WIRE_KEYS[side.name][field]] = value
    draft.bad_rows.append(BadRow(side, row, reason, field))


def _plant_keyless(draft: Draft, side: Side, count: int) -> None:
    """Additional records without a counterpart whose key is empty, null or absent."""
    models = draft.candidates(np.ones(len(draft.free), bool), count)[:count]
    on_city = side.name is SideName.CITY
    rows = draft.add_rows(models, on_city=on_city, on_portal=not on_city)
    side.facts.code[rows] = draft.fresh_codes(models)
    redraw(draft.background, rows, draft.rng)
    for number, row in enumerate(rows.tolist()):
        _spoil(draft, side, row, "null_key", "case_code", NO_KEYS[number % len(NO_KEYS)])


def _one_of(draft: Draft, texts: tuple[str, ...]) -> str:
    return texts[draft.rng.integers(len(texts))]


def _bad_status(draft: Draft, side: Side, row: int) -> tuple[str, WireValue]:
    return "status_code", _one_of(draft, UNKNOWN_STATUSES[side.name])


def _due_before_received(draft: Draft, side: Side, row: int) -> tuple[str, WireValue]:
    earlier = side.facts.received[[row]] - draft.rng.integers(HOUR, 120 * HOUR)
    return "due_at", draft.text.of(side.name, earlier)[0]


def _unparseable_time(draft: Draft, side: Side, row: int) -> tuple[str, WireValue]:
    facts = side.facts
    columns = {"received_at": facts.received, "due_at": facts.due, "finished_at": facts.finished}
    filled = tuple(field for field, column in columns.items() if column[row] != NO_TIME)
    return _one_of(draft, filled), _one_of(draft, NOT_TIMES[side.name])


def _note_too_long(draft: Draft, side: Side, row: int) -> tuple[str, WireValue]:
    length = LONGEST_NOTE + 1 + int(draft.rng.integers(0, 500))
    return "note", ("Đề nghị kiểm tra lại thành phần hồ sơ. " * (length // 38 + 1))[:length].rstrip().ljust(length, ".")


def _malformed_key(draft: Draft, side: Side, row: int) -> tuple[str, WireValue]:
    code = draft.book.texts(side.facts.code[[row]])[0]
    place = int(draft.rng.integers(1, len(code)))
    return "case_code", code[:place] + _one_of(draft, INVISIBLE) + code[place:]


SPOILERS: dict[str, Spoiler] = {
    "bad_status": _bad_status,
    "due_before_received": _due_before_received,
    "unparseable_time": _unparseable_time,
    "note_too_long": _note_too_long,
    "malformed_key": _malformed_key,
}
