"""The site's reference files: CSV, UTF-8, checked whole before any of them is used."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from errors import ConfigError
from schemas.references import FILES, VALIDITY


def read_references(folder: Path | None) -> dict[str, pd.DataFrame]:
    """Every table of FILES, text and days (`datetime.date`, None without bound); empty where there is no file.

    Raises ConfigError naming file and line for missing or unknown columns, empty values, days that are none, lines that
    contradict each other, and targets that are themselves replaced.
    """
    return {name: _table(folder, name) for name in FILES}


def case_code_forms(folder: Path | None) -> pd.DataFrame:
    """The table of old and new forms of case codes; all files are checked, as in `read_references`."""
    return read_references(folder)["case_codes"]


def _table(folder: Path | None, name: str) -> pd.DataFrame:
    columns = list(FILES[name])
    path = folder / f"{name}.csv" if folder else None
    if path is None or not path.exists():
        return pd.DataFrame(columns=columns, dtype="object")
    frame: pd.DataFrame = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    frame.columns = frame.columns.str.strip()
    if set(frame.columns) != set(columns):
        raise ConfigError(f"{path.name} has the columns {', '.join(frame.columns)} instead of {', '.join(columns)}")
    frame = pd.DataFrame({name: frame[name].str.strip() for name in columns})
    key, target = columns[:2]
    _refuse(path, (frame[key] == "") | (frame[target] == ""), f"{key} and {target} are needed")
    for bound in set(VALIDITY) & set(columns):
        days = pd.to_datetime(frame[bound].replace("", None), format="%Y-%m-%d", errors="coerce")
        _refuse(path, days.isna() & (frame[bound] != ""), f"{bound} is no day (YYYY-MM-DD)")
        frame[bound] = days.dt.date.astype("object").where(days.notna(), None)
    _refuse(path, frame[target].isin(frame[key]), f"{target} is itself replaced")
    _refuse(path, _overlapping(frame, key), f"another line holds for this {key} at the same time")
    return frame


def _refuse(path: Path, wrong: pd.Series, why: str) -> None:
    if wrong.any():
        raise ConfigError(f"{path.name}, line {int(wrong.to_numpy().argmax()) + 2}: {why}")


def _overlapping(frame: pd.DataFrame, key: str) -> pd.Series:
    """Lines that begin before an earlier one of the same key has ended."""
    if not set(VALIDITY) <= set(frame.columns):
        return frame[key].duplicated()
    first = pd.to_datetime(frame["valid_from"]).fillna(pd.Timestamp("1900-01-01"))
    after = pd.to_datetime(frame["valid_to"]).fillna(pd.Timestamp("2200-01-01"))
    order = pd.DataFrame({"key": frame[key], "first": first, "after": after}).sort_values(["key", "first"])
    before = order.groupby("key")["after"].shift()
    return (order["first"] < before).reindex(frame.index)
