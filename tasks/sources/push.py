"""The way into the portal: one case's record looked up, one case's record sent.

A real client sends one case a call, because a batch is answered with one code for all of it and hides what failed in it
(wire contract, section 8, items 19 and 5). The write token goes with pushes alone; a lookup does not need it.
"""

from __future__ import annotations

from typing import Any

from errors import ConfigError, MalformedPage, SourceRefused, TransportError, UnsafeAnswer
from schemas.repair import SERVICE
from settings import Settings
from tasks.sources.portal import Portal, succeeded

Record = dict[str, Any]
YES = "0"
LONGEST_CODE = 20


def check_writes(settings: Settings) -> None:
    """Raises ConfigError naming every setting without which nothing may be sent."""
    missing = []
    if not settings.repair_writes:
        missing.append("HOSO_REPAIR_WRITES is not on")
    if not settings.portal_write_token.get_secret_value():
        missing.append("HOSO_PORTAL_WRITE_TOKEN is missing")
    if settings.portal_adapter != "mapi":
        missing.append("HOSO_PORTAL_ADAPTER is not mapi: files cannot be written to")
    if missing:
        raise ConfigError("nothing may be sent to the portal: " + "; ".join(missing))


class PushTarget:
    """The portal as it is read back and written to. Close it when done."""

    def __init__(self, settings: Settings) -> None:
        """Raises ConfigError as `check_writes` does."""
        check_writes(settings)
        token = settings.portal_write_token.get_secret_value()
        self._reader = Portal(settings)
        self._writer = Portal(settings, {"Authorization": f"Bearer {token}"})

    def close(self) -> None:
        self._reader.close()
        self._writer.close()

    def records(self, code: str) -> list[Record]:
        """All records that the portal has under a case code. Raises SourceError."""
        return self._reader.catalogue("TraCuuHoSo", mahoso=code)

    def push(self, record: Record, *, updating: bool) -> str | None:
        """Send one record, once; the portal's code (YES, or why not), None when no answer tells what became of it.

        Raises AccessRefused when the login fails: then nothing was sent.
        """
        try:
            answer = self._writer.exchange(SERVICE, repeat=False, isUpdating=str(updating), data=[record])
        except SourceRefused as error:
            return error.reason.partition(" to ")[0][:LONGEST_CODE]
        except (TransportError, MalformedPage, UnsafeAnswer):
            return None
        return YES if succeeded(answer["error_code"]) else str(answer["error_code"]).strip()[:LONGEST_CODE]
