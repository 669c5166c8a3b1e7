"""Landed rows for tests of the rules: text columns under our names, as the landing zone has them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from schemas.codes import Side
from schemas.wire import columns

ORDINARY: dict[Side, dict[str, Any]] = {
    Side.CITY: {
        "record_id": "1",
        "case_code": "H26.01-250603-0001",
        "procedure_code": "1.000001.H26",
        "agency_code": "H26.01",
        "agency_name": "Sở Tư pháp",
        "received_at": "03/06/2025 08:00:00",
        "due_at": "10/06/2025 16:30:00",
        "modified_at": "09/06/2025 10:05:00",
        "status_code": "releasing",
        "finished_at": "09/06/2025 10:00:00",
        "site_extension": "{}",
    },
    Side.PORTAL: {
        "record_id": "1",
        "case_code": "H26.01-250603-0001",
        "procedure_code": "1.000001",
        "agency_name": "Sở Tư pháp",
        "received_at": "20250603080000",
        "due_at": "20250610163000",
        "status_code": "9",
        "finished_at": "20250609100000",
    },
}


def landed(side: Side, *rows: dict[str, Any]) -> pd.DataFrame:
    """Rows of a window: ORDINARY with each row's values over it."""
    full = [dict.fromkeys(columns(side)) | ORDINARY[side] | row for row in rows]
    frame = pd.DataFrame(full, columns=columns(side), dtype="string[pyarrow]")
    return frame.assign(window_start=date(2025, 6, 2), landing_file=None)
