"""Rows of the quarantine that are judged again: taking them out, and putting back what the judgement made of them.

A replay is no read of a window: it writes versions at its own clock reading and leaves the ledger of windows alone. The
kept row is the latest word of its window, or it would have been released; where the case was meanwhile read otherwise
(in another window), that newer word stands and the kept row is released unused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Connection, Select, Table, and_, exists, func, or_, select

from errors import ConfigError, ConservationBroken
from schemas.case import CASE_SCHEMA
from schemas.codes import QuarantineReason, Side
from tasks.warehouse.bulk import fetch, fetch_batches, stage, to_frame
from tasks.warehouse.late import known_after
from tasks.warehouse.published import keep_published
from tasks.warehouse.set_aside import QUARANTINE_SCHEMA
from tasks.warehouse.tables import quarantine, version
from tasks.warehouse.writer import KEY_SCHEMA, write_versions

KEPT_SCHEMA = pa.schema(
    [
        pa.field("quarantine_id", pa.string(), nullable=False),
        pa.field("case_code", pa.string()),
        pa.field("last_seen", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("landing_file", pa.string()),
        pa.field("older", pa.bool_(), nullable=False),
    ]
)
"""Rows taken out, one by one. `older`: another row taken out is a later reading of the same record."""

_VERDICT_SCHEMA = pa.schema(
    [QUARANTINE_SCHEMA.field(name) for name in ("quarantine_id", "case_code", "probable_code", "reason", "reasons")]
)


@dataclass(frozen=True)
class Replayed:
    """One side's rows after the judgement: files of KEPT_SCHEMA, canonical cases, QUARANTINE_SCHEMA."""

    side: Side
    kept_file: str
    clean_files: Sequence[str]
    quarantine_files: Sequence[str]


def check_time(connection: Connection, side: Side, as_of: datetime) -> None:
    """Raises ConfigError when a read or a replay at or after `as_of` is in the warehouse."""
    if known_after(connection, side, as_of):
        raise ConfigError(
            f"the {side} was read or replayed at {as_of:%Y-%m-%d %H:%M:%S} UTC or later: replay after that"
        )


def kept_rows(
    connection: Connection, side: Side, reasons: Sequence[QuarantineReason], rows: int
) -> Iterator[pd.DataFrame]:
    """Open rows set aside for one of the reasons, in batches of `rows`, the longest unseen first: `quarantine_id`,
    `window_start`, `payload` (personal data), `landing_file`, `last_seen`.

    Open rows with the case code of such a row come along: whether a code is doubled can only be judged together.
    """
    chosen, q = quarantine.alias("chosen"), quarantine
    wanted = and_(chosen.c.side == side.value, chosen.c.released_at.is_(None), chosen.c.reason.in_(reasons))
    companion = exists().where(wanted, chosen.c.case_code == q.c.case_code)
    statement = (
        select(q.c.quarantine_id, q.c.window_start, q.c.payload, q.c.landing_file, q.c.last_seen)
        .where(q.c.side == side.value, q.c.released_at.is_(None), or_(q.c.reason.in_(reasons), companion))
        .order_by(q.c.last_seen, q.c.window_start, q.c.quarantine_id)
    )
    return (to_frame(batch) for batch in fetch_batches(connection, statement, rows))


def load_replayed(connection: Connection, run_id: str, as_of: datetime, replayed: Replayed) -> dict[str, int]:
    """Write what became of one side's rows; returns rows `replayed, loaded, unchanged, superseded, quarantined`.

    Rows now good become versions at `as_of`, unless the case says the same already, and are released; bad ones keep
    their place with today's reasons. Raises ConservationBroken when rows do not add up, ConfigError as `check_time`.
    """
    check_time(connection, replayed.side, as_of)
    kept = stage(connection, "stage_kept", KEPT_SCHEMA, [replayed.kept_file])
    bad = stage(connection, "stage_verdict", _VERDICT_SCHEMA, replayed.quarantine_files)
    rows, older = (
        _count(connection, select(func.count()).select_from(kept).where(where))
        for where in (kept.c.quarantine_id.is_not(None), kept.c.older)
    )
    accepted, dropped = _settle_files(connection, replayed, kept)
    keys = stage(connection, "stage_case", KEY_SCHEMA, replayed.clean_files)
    keep_published(connection, replayed.side, as_of, keys, [])
    written = write_versions(connection, run_id, replayed.side, keys, replayed.clean_files, as_of)
    loaded = sum(written.values())
    _release(connection, kept, bad, as_of)
    counts = {
        "replayed": rows,
        "loaded": loaded,
        "unchanged": accepted - dropped - loaded,
        "superseded": older + dropped,
        "quarantined": _count(connection, select(func.count()).select_from(bad)),
    }
    _check(connection, replayed.side, counts, keys, kept, bad)
    return counts


def _count(connection: Connection, counting: Select[tuple[int]]) -> int:
    return connection.execute(counting).scalar_one()


def _settle_files(connection: Connection, replayed: Replayed, kept: Table) -> tuple[int, int]:
    """Leave out of the canonical files what newer reads have overtaken, and say where the rest was landed; returns rows
    accepted and rows left out."""
    newest = select(kept.c.case_code, kept.c.landing_file).where(~kept.c.older, kept.c.case_code.is_not(None))
    landed = fetch(connection, newest)
    overtaken = fetch(connection, _overtaken(replayed.side, kept)).column(0)
    accepted = dropped = 0
    for path in replayed.clean_files:
        cases = pq.read_table(path)
        current = cases.filter(pc.invert(pc.is_in(cases["case_code"], value_set=overtaken)))
        place = pc.index_in(current["case_code"], value_set=landed["case_code"])
        files = landed["landing_file"].combine_chunks().take(place.combine_chunks())
        number = CASE_SCHEMA.get_field_index("landing_file")
        pq.write_table(current.set_column(number, CASE_SCHEMA.field(number), files), path)
        accepted += cases.num_rows
        dropped += cases.num_rows - current.num_rows
    return accepted, dropped


def _overtaken(side: Side, kept: Table) -> Select[tuple[str]]:
    """Codes of rows that were released since they were taken out, or whose case was read otherwise since then."""
    is_open = exists().where(quarantine.c.quarantine_id == kept.c.quarantine_id, quarantine.c.released_at.is_(None))
    newer = exists().where(
        version.c.side == side.value,
        version.c.case_code == kept.c.case_code,
        version.c.recorded_from > kept.c.last_seen,
    )
    return select(kept.c.case_code).where(~kept.c.older, kept.c.case_code.is_not(None), or_(~is_open, newer))


def _release(connection: Connection, kept: Table, bad: Table, as_of: datetime) -> None:
    q = quarantine
    verdict = {name: bad.c[name] for name in _VERDICT_SCHEMA.names if name != "quarantine_id"}
    connection.execute(q.update().values(verdict).where(q.c.quarantine_id == bad.c.quarantine_id))
    taken = exists().where(kept.c.quarantine_id == q.c.quarantine_id)
    still = exists().where(bad.c.quarantine_id == q.c.quarantine_id)
    connection.execute(q.update().values(released_at=as_of).where(q.c.released_at.is_(None), taken, ~still))


def _check(connection: Connection, side: Side, counts: dict[str, int], keys: Table, kept: Table, bad: Table) -> None:
    """Every row has one fate, every good case is known as it says, every bad row is still there."""
    parts = ("loaded", "unchanged", "superseded", "quarantined")
    if counts["replayed"] != sum(counts[part] for part in parts):
        told = " + ".join(f"{counts[part]} {part}" for part in parts)
        raise ConservationBroken(f"{side}: {counts['replayed']} rows replayed, but {told}")
    v, ours = version.c, exists().where(kept.c.quarantine_id == bad.c.quarantine_id)
    said = and_(v.side == side.value, v.recorded_to.is_(None), v.case_code == keys.c.case_code)
    known = select(func.count()).select_from(keys).where(exists().where(said, v.content_hash == keys.c.content_hash))
    foreign = select(func.count()).select_from(bad).where(~ours)
    if _count(connection, known) != counts["loaded"] + counts["unchanged"] or _count(connection, foreign):
        raise ConservationBroken(f"{side}: {counts['replayed']} rows replayed, and not all of them are accounted for")
