"""The national portal's copy: session login, then one endpoint for every service.

`DanhSachHoSo` lists cases by received day; `LayDanhMucCoQuan`, `LayDanhSachTTHC` and `LayThuTuc` are catalogues.
Success is `error_code` "00", "0" or 0 (three generations of one client compare with three spellings).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

from errors import AccessRefused, CountMismatch, MalformedPage, SourceRefused
from schemas.codes import Side
from schemas.window import Window
from settings import Settings
from tasks.sources.http import Wire

Record = dict[str, Any]


def succeeded(error_code: object) -> bool:
    """Whether an `error_code` means success, in any of its spellings."""
    return str(error_code).strip() in {"0", "00"}


class Portal:
    """Reads cases and catalogues of the portal. One instance serves many threads and shares one session."""

    side = Side.PORTAL

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        headers = {"dstcode": settings.portal_destination} if settings.portal_destination else None
        self.wire = Wire(Side.PORTAL, settings.portal_url, settings, headers)
        self._login_lock = threading.Lock()
        self._session: str | None = None
        self._session_ends = 0.0

    def close(self) -> None:
        self.wire.close()

    def read(self, window: Window) -> Iterator[list[Record]]:
        """The window's pages of raw records.

        Raises CountMismatch when the rows are not as many as the portal announces, MalformedPage when an answer has
        another shape, AccessRefused, SourceRefused, and whatever `Wire.json` raises.
        """
        settings = self._settings
        page, read = 1, 0
        while True:
            answer = self.call(
                "DanhSachHoSo",
                window=window.name,
                ngayNhan1=window.start.isoformat(),
                ngayNhan2=window.last_day.isoformat(),
                **{settings.portal_page_field: page, settings.portal_page_rows_field: settings.portal_page_rows},
            )
            rows = _rows(answer, window.name)
            try:
                total = int(answer[settings.portal_total_field])
            except (KeyError, TypeError, ValueError) as error:
                raise MalformedPage(
                    Side.PORTAL, f"no total in `{settings.portal_total_field}`", window=window.name
                ) from error
            if rows:
                yield rows
            read += len(rows)
            if not rows or read >= total:
                break
            page += 1
        if read != total:
            raise CountMismatch(Side.PORTAL, f"{read} rows read, {total} announced", window=window.name)

    def catalogue(self, service: str, **arguments: str) -> list[Record]:
        """The rows of a catalogue service."""
        return _rows(self.call(service, **arguments), None)

    def call(self, service: str, *, window: str | None = None, **arguments: Any) -> Record:
        """The envelope that one service answers with; logs in when there is no session, and once more when it is lost.

        Raises AccessRefused, SourceRefused (the portal's own message), MalformedPage.
        """
        for attempt in (1, 2):
            session = self._login()
            envelope = {"session": session, "madonvi": self._settings.portal_unit, "service": service, **arguments}
            answer = self.wire.json("POST", self._settings.portal_service_path, json=envelope, window=window)
            if not isinstance(answer, dict) or "error_code" not in answer:
                raise MalformedPage(Side.PORTAL, f"{service} answered without an `error_code`", window=window)
            if succeeded(answer["error_code"]):
                return answer
            if str(answer["error_code"]) in self._settings.portal_session_lost_codes and attempt == 1:
                self._forget(session)
                continue
            break
        raise SourceRefused(Side.PORTAL, f"{service}: error_code {answer['error_code']!r}", window=window)

    def _login(self) -> str:
        with self._login_lock:
            if self._session is not None and time.monotonic() < self._session_ends:
                return self._session
            answer = self.wire.json(
                "POST",
                self._settings.portal_login_path,
                json={
                    "username": self._settings.portal_username,
                    "password": self._settings.portal_password.get_secret_value(),
                },
            )
            if not isinstance(answer, dict) or not succeeded(answer.get("error_code")) or not answer.get("session"):
                raise AccessRefused(Side.PORTAL, "the login was refused: check HOSO_PORTAL_USERNAME and _PASSWORD")
            self._session = str(answer["session"])
            self._session_ends = time.monotonic() + self._settings.portal_session_seconds
            return self._session

    def _forget(self, session: str) -> None:
        """Drop a lost session, unless another thread has a newer one already."""
        with self._login_lock:
            if self._session == session:
                self._session = None


def _rows(answer: Record, window: str | None) -> list[Record]:
    rows = answer.get("result")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise MalformedPage(Side.PORTAL, "`result` is not a list of records", window=window)
    return rows
