"""Structured logs: with logging.yaml, every line of a run is one JSON object."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
SCRIPT = """
import logging, prefect.main
from prefect.logging import get_logger
from prefect.logging.configuration import setup_logging
setup_logging()
get_logger("flow_runs").info("%d rows", 3, extra={"flow_run_name": "daily", "send_to_api": False})
"""


def test_a_line_is_an_object(tmp_path: Path) -> None:
    environment = os.environ | {
        "PREFECT_LOGGING_SETTINGS_PATH": str(HOME / "logging.yaml"),
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        "PREFECT_HOME": str(tmp_path),
    }
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, cwd=HOME, capture_output=True, text=True)
    (line,) = done.stderr.splitlines()
    told = json.loads(line)
    assert (told["message"], told["name"], told["levelname"]) == ("3 rows", "prefect.flow_runs", "INFO")
