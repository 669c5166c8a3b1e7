"""dlt's REST source over the same systems, into DuckDB. Runs in the peers' environment."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import dlt
import requests
from dlt.sources.helpers.rest_client.paginators import BasePaginator
from dlt.sources.rest_api import rest_api_source

PAGE_ROWS = 500
WORKERS = 8


def run(folder: str) -> dict[str, Any]:
    """Both sides, the whole period in one listing each, with dlt's defaults except what makes it faster: nested lists
    stay JSON (no child tables), Parquet instead of inserts, more workers; no telemetry.
    """
    os.environ |= {
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "EXTRACT__WORKERS": str(WORKERS),
        "NORMALIZE__WORKERS": "2",
        "DATA_WRITER__BUFFER_MAX_ITEMS": "20000",
        "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": "100000",
    }
    ready = json.loads((Path(folder) / "systems.json").read_text())

    class Offsets(BasePaginator):
        """OpenCPS pages by an offset range."""

        start = 0

        def init_request(self, request: Any) -> None:
            request.params = {**(request.params or {}), "start": 0, "end": PAGE_ROWS}

        def update_state(self, response: Any, data: Any = None) -> None:
            self.start += PAGE_ROWS
            self._has_next_page = self.start < int(response.json()["total"])

        def update_request(self, request: Any) -> None:
            request.params = {**(request.params or {}), "start": self.start, "end": self.start + PAGE_ROWS}

    class Numbers(BasePaginator):
        """The portal counts pages inside the posted envelope."""

        page = 1

        def update_state(self, response: Any, data: Any = None) -> None:
            self._has_next_page = self.page * PAGE_ROWS < int(response.json()["tongSo"])
            self.page += 1

        def update_request(self, request: Any) -> None:
            request.json = {**request.json, "trang": self.page}

    login = requests.post(
        f"{ready['portal']}/mapi/login", json={"username": "hanoi", "password": "sandbox"}, timeout=30
    )
    envelope = {"session": login.json()["session"], "service": "DanhSachHoSo", "trang": 1, "soDong": PAGE_ROWS}
    envelope |= {"ngayNhan1": "2000-01-01", "ngayNhan2": "2100-01-01"}
    city = rest_api_source(
        {
            "client": {"base_url": ready["city"], "headers": {"groupId": "20001"}, "paginator": Offsets()},
            "resources": [
                {
                    "name": "dossiers",
                    "parallelized": True,
                    "max_table_nesting": 0,
                    "endpoint": {
                        "path": "/o/rest/v2/dossiers",
                        "params": {"sort": "dossierId"},
                        "data_selector": "data",
                    },
                }
            ],
        },
        name="city",
    )
    portal = rest_api_source(
        {
            "client": {"base_url": ready["portal"], "paginator": Numbers()},
            "resources": [
                {
                    "name": "cases",
                    "parallelized": True,
                    "max_table_nesting": 0,
                    "endpoint": {"path": "/mapi/g", "method": "POST", "json": envelope, "data_selector": "result"},
                }
            ],
        },
        name="portal",
    )
    database = f"{folder}/dlt-{os.getpid()}.duckdb"
    pipeline = dlt.pipeline(
        "bench",
        destination=dlt.destinations.duckdb(database),
        dataset_name="bench",
        pipelines_dir=f"{folder}/dlt-{os.getpid()}",
    )
    pipeline.run([city, portal], loader_file_format="parquet")
    with pipeline.sql_client() as client:
        rows = [client.execute_sql(f"select count(*) from {table}")[0][0] for table in ("dossiers", "cases")]
    return {"rows": sum(rows)}
