"""Reference data from the portal's catalogues: agencies, and procedures with their legal maximum time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd

from errors import MalformedPage
from schemas.codes import Side
from tasks.sources.protocol import Catalogues

ONLINE = "2"
"""`KENH` of a way of filing that is online."""


def agencies(portal: Catalogues) -> pd.DataFrame:
    """Columns `agency_code`, `agency_name`, `agency_level`, all text; one row a unit."""
    rows = portal.catalogue("LayDanhMucCoQuan")
    try:
        triples = [(row["MADONVI"], row["TENDONVI"], str(row.get("CAPDONVI", ""))) for row in rows]
    except KeyError as error:
        raise MalformedPage(Side.PORTAL, f"LayDanhMucCoQuan has a row without {error}") from error
    return pd.DataFrame(triples, columns=["agency_code", "agency_name", "agency_level"], dtype="string[pyarrow]")


def procedures(portal: Catalogues, workers: int) -> pd.DataFrame:
    """Columns `procedure_code`, `procedure_name`, `field_code`, `field_name` (text), `max_days` (Int16, working days,
    null when the catalogue has none), `has_fee`, `returns_document`, `offered_online` (bool), `population_linked` (bool
    or null), `offices` (agency codes with a space between) and `procedure_level`; one row a procedure.
    """
    listed = portal.catalogue("LayDanhSachTTHC")
    with ThreadPoolExecutor(workers) as pool:
        rows = list(pool.map(lambda row: _procedure(portal, row), listed))
    frame = pd.DataFrame(rows)
    text = ["procedure_code", "procedure_name", "field_code", "field_name", "offices", "procedure_level"]
    return frame.astype({**dict.fromkeys(text, "string[pyarrow]"), "max_days": "Int16", "population_linked": "boolean"})


def _procedure(portal: Catalogues, listed: dict[str, Any]) -> dict[str, Any]:
    code = listed["MATTHC"]
    details = portal.catalogue("LayThuTuc", maTTHC=code)
    detail = details[0] if details else {}
    ways = detail.get("CACHTHUCTHUCHIEN") or []
    times = [time for way in ways for time in way.get("THOIGIAN") or []]
    days = [int(time["THOIGIANGIAIQUYET"]) for time in times if str(time.get("THOIGIANGIAIQUYET", "")).isdigit()]
    fees = [fee for time in times for fee in time.get("PHILEPHI") or []]
    return {
        "procedure_code": code,
        "procedure_name": listed.get("TENTTHC"),
        "field_code": listed.get("MALINHVUC"),
        "field_name": listed.get("TENLINHVUC"),
        "max_days": max(days) if days else None,
        "has_fee": any(str(fee.get("SOTIEN", "0")).strip() not in {"", "0"} for fee in fees),
        "returns_document": any(row.get("MAKETQUA") for row in detail.get("KETQUATHUCHIEN") or []),
        "offered_online": any(str(way.get("KENH")) == ONLINE for way in ways),
        "population_linked": {"0": False, "1": True}.get(str(detail.get("KETNOICSDLDANCU"))),
        "offices": " ".join(str(row["MADONVI"]) for row in detail.get("COQUANTHUCHIEN") or [] if row.get("MADONVI")),
        "procedure_level": max(
            (str(row.get("CAPTHUCHIEN", "")) for row in detail.get("CAPTHUCHIEN") or []), default=""
        ),
    }
