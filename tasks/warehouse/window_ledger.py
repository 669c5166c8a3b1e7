"""The ledger of windows: what was read of each, and where its rows went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from errors import ConservationBroken
from schemas.codes import Side
from schemas.crash import point
from schemas.window import Window
from tasks.warehouse import tables


@dataclass(frozen=True)
class WindowRows:
    """What the earlier steps counted in one window, in rows; changes that the source took until `watermark` are in."""

    window: Window
    extracted: int
    accepted: int
    duplicate: int
    quarantined: int
    watermark: datetime | None = None
    clock_skew: float | None = None
    """Seconds that the source's clock was ahead of ours."""

    @classmethod
    def of(cls, counted: Mapping[str, Any]) -> WindowRows:
        """From what the validate step tells of a window; a fate that it does not name has no rows."""
        rows = {name: counted.get(name, 0) for name in ("extracted", "accepted", "duplicate", "quarantined")}
        return cls(counted["window"], **rows, watermark=counted.get("watermark"), clock_skew=counted.get("clock_skew"))


def record_windows(
    connection: Connection,
    run_id: str,
    as_of: datetime,
    side: Side,
    windows: Sequence[WindowRows],
    staged: dict[date, int],
    loaded: dict[date, int],
    gone: dict[date, int],
) -> None:
    """Write the window ledger, if every window's rows add up."""
    records = []
    for rows in windows:
        start = rows.window.start
        written = loaded.get(start, 0)
        unchanged = staged.get(start, 0) - written
        if rows.extracted != written + unchanged + rows.duplicate + rows.quarantined:
            raise ConservationBroken(
                f"{side} {rows.window.name}: {rows.extracted} rows in, but {written} loaded + {unchanged} "
                f"unchanged + {rows.duplicate} duplicate + {rows.quarantined} quarantined"
            )
        records.append(
            {
                "run_id": run_id,
                "side": side.value,
                "window_start": start,
                "window_end": rows.window.end,
                "read_at": as_of,
                "watermark": rows.watermark,
                "clock_skew_seconds": None if rows.clock_skew is None else round(rows.clock_skew),
                "extracted": rows.extracted,
                "loaded": written,
                "unchanged": unchanged,
                "duplicate": rows.duplicate,
                "quarantined": rows.quarantined,
                "gone": gone.get(start, 0),
            }
        )
    point("warehouse.load.before_windows")
    if records:
        connection.execute(tables.window.insert(), records)
