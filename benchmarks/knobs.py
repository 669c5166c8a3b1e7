"""Settings of a measurement: of its own folder, and nothing from outside."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import SecretStr

import settings
from settings import Settings


def settings_for(folder: Path, url: str) -> Settings:
    """Settings of one warehouse; no system behind them is ever asked."""
    return Settings(  # type: ignore[call-arg]
        city_url="http://city",
        portal_url="http://portal",
        portal_password=SecretStr("-"),
        fingerprint_key=SecretStr("-"),
        data_dir=folder,
        warehouse_url=url,
    )


def adopt(folder: Path, **more: str) -> None:
    """Make this process's settings those of the folder; `more`: variables of the environment."""
    for name in [name for name in os.environ if name.startswith(settings.PREFIX)]:
        del os.environ[name]
    os.environ |= {
        "HOSO_CITY_URL": "http://127.0.0.1:1",
        "HOSO_PORTAL_URL": "http://127.0.0.1:1",
        "HOSO_PORTAL_PASSWORD": "-",
        "HOSO_FINGERPRINT_KEY": "-",
        "HOSO_DATA_DIR": str(folder),
        "PREFECT_HOME": str(folder / "prefect"),
        **more,
    }
    settings.current.cache_clear()
