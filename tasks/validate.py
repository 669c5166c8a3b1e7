"""Validate: landed rows become accepted and quarantined ones, with reasons; each row exactly once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash
from prefect import get_run_logger, task

import settings
from errors import QuarantineFlood
from expectations.run import failures, reasons
from schemas.codes import Side
from schemas.crash import point
from schemas.systems import STATUS_WORDS
from schemas.window import Window
from schemas.wire import WireType, columns
from tasks.rules.duplicates import CONFLICT, REREAD, identities, repeated_keys, with_duplicates
from tasks.rules.references import new_form
from tasks.rules.typed import typed
from tasks.sources.columns import PAYLOAD
from tasks.sources.references import case_code_forms
from tasks.sources.zone import Zone
from tasks.warehouse.bulk import to_frame
from tasks.warehouse.set_aside import QUARANTINE_SCHEMA

_JUDGED_ONLY = frozenset(
    {"repeat", "reason", "reasons", "absent_fields", "landing_row", "site_extension"}
    | {*columns(Side.PORTAL, type=WireType.LIST)}
)
"""Columns that no step after this one reads: typed rows have what the lists and the extension say."""


@task(name="validate", task_run_name="validate {side}", tags=["validate"])
def validate(side: Side, landed: list[dict[str, Any]], run_dir: str, stop_at_flood: bool = True) -> dict[str, Any]:
    """Judge one side's landed windows; returns accepted and quarantine files, counts by window and by reason.

    Raises QuarantineFlood when more than `quarantine_stop_share` of the rows are bad, unless told not to.
    """
    knobs = settings.current()
    folder = Path(run_dir) / side
    folder.mkdir(parents=True, exist_ok=True)
    counts: dict[Window, Counter[str]] = defaultdict(Counter)
    for read in landed:
        counts[read["window"]]["extracted"] += read["rows"]
    by_reason: Counter[str] = Counter()
    accepted, quarantined = [], []
    forms = case_code_forms(knobs.reference_dir)
    zone = Zone.of(knobs)
    for number, batch in enumerate(_batches(landed, knobs.batch_rows, forms, zone)):
        good, bad = _judge(side, batch, counts, forms, zone)
        by_reason.update(bad["reason"].tolist())
        accepted.append(_write(pa.Table.from_pandas(good, preserve_index=False), folder / f"accepted-{number:04d}"))
        point("validate.after_accepted")
        table = pa.Table.from_pandas(bad[QUARANTINE_SCHEMA.names], schema=QUARANTINE_SCHEMA, preserve_index=False)
        quarantined.append(_write(table, folder / f"quarantine-{number:04d}"))
        point("validate.after_quarantine")
    rows = sum(count["extracted"] for count in counts.values())
    bad_rows = sum(count["quarantined"] for count in counts.values())
    get_run_logger().info("%s: %d rows, %d quarantined %s", side, rows, bad_rows, dict(by_reason))
    if stop_at_flood and rows and bad_rows / rows > knobs.quarantine_stop_share:
        raise QuarantineFlood(f"{side}: {bad_rows} of {rows} rows are bad ({dict(by_reason)}): is the source at fault?")
    kept = {"watermark": "safe_until", "clock_skew": "clock_skew_seconds"}
    told = {read["window"]: {name: read.get(field) for name, field in kept.items()} for read in landed}
    windows = [{"window": window, **count, **told[window]} for window, count in counts.items()]
    point("validate.after_side")
    return {"side": side, "accepted": accepted, "quarantine": quarantined, "windows": windows, "reasons": by_reason}


def _batches(landed: list[dict[str, Any]], rows: int, forms: pd.DataFrame, zone: Zone) -> Iterator[pd.DataFrame]:
    """Landed rows in reading order, about `rows` at a time, with where they came from and whether their key repeats."""
    paths = [(path, read["window"]) for read in landed for path in read["files"]]
    keys = pd.concat([_keys(path, zone) for path, _ in paths], ignore_index=True)
    keys["case_code"] = new_form(keys["case_code"], forms)
    keys["repeat"] = repeated_keys(keys)
    repeats = {path: part["repeat"] for path, part in keys.groupby("path", sort=False)}
    pending: list[pd.DataFrame] = []
    for path, window in paths:
        judged = [name for name in zone.names(path) if name != PAYLOAD]  # half of a row: few rows need theirs
        frame = to_frame(zone.table(path, judged))
        frame = frame.assign(window_start=window.start, landing_file=path, landing_row=range(len(frame)))
        frame["repeat"] = repeats[path].to_numpy() if len(frame) else pd.Series(dtype="string[pyarrow]")
        pending.append(frame)
        if sum(map(len, pending)) >= rows:
            yield pd.concat(pending, ignore_index=True)
            pending = []
    if pending:
        yield pd.concat(pending, ignore_index=True)


def _keys(path: str, zone: Zone) -> pd.DataFrame:
    """The keys of one landed file; whole payloads are read only where rows have no record id."""
    keys = to_frame(zone.table(path, ["case_code", "record_id"])).assign(path=path)
    nameless = keys["record_id"].isna() | (keys["record_id"] == "")
    payload = to_frame(zone.table(path, ["payload"]))["payload"] if nameless.any() else keys["record_id"]
    return keys.assign(identity=identities(keys["record_id"], payload))


def _payloads(rows: pd.DataFrame, zone: Zone) -> pd.Series:
    """The payloads of some rows by their `landing_file` and `landing_row`, same index (text); one file in memory at a
    time."""
    texts = pd.Series(pd.NA, index=rows.index, dtype="string[pyarrow]")
    for path, places in rows.groupby("landing_file", sort=False)["landing_row"]:
        column = to_frame(zone.table(str(path), [PAYLOAD]))[PAYLOAD]
        texts[places.index] = column.iloc[places.to_numpy()].array
    return texts


def _judge(
    side: Side, batch: pd.DataFrame, counts: dict[Window, Counter[str]], forms: pd.DataFrame, zone: Zone
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split a batch into accepted and set-aside rows, and count both in their windows."""
    words = settings.current().city_status_map or STATUS_WORDS[settings.current().city_adapter]
    rows = typed(side, batch, words, forms)
    verdicts = reasons(side, failures(side, rows))
    rows["reason"] = verdicts["reason"].reindex(rows.index).astype("string[pyarrow]")
    rows["reasons"] = verdicts["reasons"].reindex(rows.index).astype("string[pyarrow]")
    reread, repeated = rows["repeat"] == REREAD, rows["repeat"] == CONFLICT
    rows, conflict = with_duplicates(rows, repeated)
    fate = pd.Series("accepted", index=rows.index).mask(rows["reason"].notna(), "quarantined")
    fate = fate.mask(reread | conflict, "duplicate")
    by_window = {window.start: count for window, count in counts.items()}
    fates = pd.DataFrame({"start": rows["window_start"], "fate": fate}).value_counts().reset_index()
    for start, kind, number in zip(fates["start"], fates["fate"], fates["count"], strict=True):
        by_window[start][kind] += number
    bad = rows.loc[rows["reason"].notna() & ~reread].copy()
    bad["payload"] = _payloads(bad, zone)
    bad["quarantine_id"] = [xxhash.xxh3_128_hexdigest(f"{side}\x1f{text}".encode()) for text in bad["payload"]]
    good = rows.drop(columns=_JUDGED_ONLY.intersection(rows.columns)).loc[fate == "accepted"]
    return good, bad


def _write(table: pa.Table, path: Path) -> str:
    name = f"{path}.parquet"
    pq.write_table(table, name, compression="zstd", compression_level=1)
    Path(name).chmod(0o600)
    return name
