"""Settings that a deployment keeps in the Prefect server: plain ones in variables, secrets in secret blocks.

`HOSO_CITY_URL` may be the variable `hoso_city_url`, `HOSO_PORTAL_PASSWORD` the secret block `hoso-portal-password`. The
environment of the worker wins. Asked for are only settings without a default that the environment lacks.
"""

from __future__ import annotations

import os

from prefect.blocks.system import Secret
from prefect.variables import Variable
from pydantic import SecretStr

import settings


def adopt_settings() -> None:
    """Fill required settings that the environment lacks; what is nowhere stays missing, and `settings` names it."""
    for name, field in settings.Settings.model_fields.items():
        variable = settings.PREFIX + name.upper()
        if not field.is_required() or variable in os.environ:
            continue
        secret = field.annotation is SecretStr
        value = _secret(f"hoso-{name.replace('_', '-')}") if secret else Variable.get(f"hoso_{name}")
        if isinstance(value, str) and value:
            os.environ[variable] = value
            settings.current.cache_clear()


def _secret(block: str) -> str | None:
    try:
        loaded = Secret.load(block)
    except ValueError:  # there is no such block
        return None
    assert isinstance(loaded, Secret)
    return str(loaded.get())
