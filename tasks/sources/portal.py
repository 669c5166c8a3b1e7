"""The national portal's copy: session login, then one endpoint for every service.

`DanhSachHoSo` lists cases by received day; `LayDanhMucCoQuan`, `LayDanhSachTTHC` and `LayThuTuc` are catalogues.
Success is `error_code` "00", "0" or 0 (three generations of one client compare with three spellings). Some gateways
wrap the whole answer as JSON text in a `message` field.
"""

from __future__ import annotations

from typing import Any

import orjson

from errors import AccessRefused, MalformedPage, SourceRefused
from schemas.codes import Side
from schemas.systems import PORTAL
from schemas.window import Window
from settings import Settings
from tasks.sources.http import SessionLostError, Wire
from tasks.sources.protocol import Page, Part, Record, parts_of
from tasks.sources.session import Session


def succeeded(error_code: object) -> bool:
    """Whether an `error_code` means success, in any of its spellings."""
    return str(error_code).strip() in {"0", "00"}


class Portal:
    """Reads cases and catalogues of the portal. One instance serves many threads and shares one session."""

    side = Side.PORTAL
    system = PORTAL
    overlaps = False
    counted = True

    def __init__(self, settings: Settings, headers: dict[str, str] | None = None) -> None:
        self._settings = settings
        self.page_rows = settings.portal_page_rows
        headers = dict(headers or {})
        if settings.portal_destination:
            headers["dstcode"] = settings.portal_destination
        self.wire = Wire(Side.PORTAL, settings.portal_url, settings, headers)
        self._session = Session(self._login, settings.portal_session_seconds)

    @property
    def clock_skew(self) -> float | None:
        return self.wire.clock_skew

    def close(self) -> None:
        self.wire.close()

    def parts(self, window: Window) -> list[Part]:
        return parts_of(window, "received")

    def page(self, part: Part, position: int, rows: int) -> Page:
        """The page after the first `position` pages. Raises what `call` raises."""
        total, listed = self._list(part, position + 1, rows)
        more = listed and position * rows + len(listed) < total
        return Page(listed, total, position + 1 if more else None)

    def agrees(self, part: Part, rows: int, last_id: str | None) -> bool:
        total, listed = self._list(part, max(1, rows), 1)
        own = self._settings.portal_record_id_field
        return total == rows and (not own or last_id is None or [row.get(own) for row in listed] == [last_id])

    def _list(self, part: Part, page: int, rows: int) -> tuple[int, list[Record]]:
        settings = self._settings

        def understood(answer: Record) -> None:
            _rows(answer)
            try:
                int(answer[settings.portal_total_field])
            except (KeyError, TypeError, ValueError) as error:
                raise MalformedPage(Side.PORTAL, f"no total in `{settings.portal_total_field}`") from error

        answer = self.call(
            "DanhSachHoSo",
            window=part.name,
            check=understood,
            ngayNhan1=part.first.isoformat(),
            ngayNhan2=part.last.isoformat(),
            **{settings.portal_page_field: page, settings.portal_page_rows_field: rows},
        )
        return int(answer[settings.portal_total_field]), _rows(answer)

    def catalogue(self, service: str, **arguments: str) -> list[Record]:
        """The rows of a catalogue service."""
        return _rows(self.call(service, check=_rows, **arguments))

    def call(self, service: str, *, window: str | None = None, check: Any = None, **arguments: Any) -> Record:
        """The envelope that one service answers with; logs in when there is no session, and once more when it is lost.

        `check` raises MalformedPage on a successful answer of another shape, which is then asked for again.

        Raises AccessRefused, SourceRefused (the portal's own code), MalformedPage, and whatever `Wire.json` raises.
        """
        answer = self.exchange(service, window=window, check=check, **arguments)
        if not succeeded(answer["error_code"]):
            raise SourceRefused(Side.PORTAL, f"{service}: error_code {answer['error_code']!r}", window=window)
        return answer

    def exchange(
        self, service: str, *, window: str | None = None, check: Any = None, repeat: bool = True, **arguments: Any
    ) -> Record:
        """As `call`, but a refusal is an answer, too. `repeat` as in `Wire.json`."""

        def understood(answer: Any) -> Record:
            envelope = _envelope(answer, service)
            if check is not None and succeeded(envelope["error_code"]):
                check(envelope)
            return envelope

        for attempt in (1, 2):
            session = self._session.token()
            envelope = {"session": session, "madonvi": self._settings.portal_unit, "service": service, **arguments}
            path = self._settings.portal_service_path
            try:
                answer: Record = self.wire.json(
                    "POST", path, json=envelope, window=window, understand=understood, kind=service, repeat=repeat
                )
            except SessionLostError:
                answer = {"error_code": self._settings.portal_session_lost_codes[0]}
            if str(answer["error_code"]) not in self._settings.portal_session_lost_codes or attempt == 2:
                break
            self._session.forget(session)
        return answer

    def _login(self) -> str:
        settings = self._settings
        credentials = {"username": settings.portal_username, "password": settings.portal_password.get_secret_value()}
        try:
            answer = self.wire.json("POST", settings.portal_login_path, json=credentials, kind="login")
        except SessionLostError:
            answer = None
        if not isinstance(answer, dict) or not succeeded(answer.get("error_code")) or not answer.get("session"):
            raise AccessRefused(Side.PORTAL, "the login was refused: check HOSO_PORTAL_USERNAME and _PASSWORD")
        return str(answer["session"])


def _envelope(answer: Any, service: str) -> Record:
    """The answer's envelope, unwrapped from `message` when a gateway put it there as text."""
    if isinstance(answer, dict) and "error_code" not in answer and str(answer.get("message", "")).startswith("{"):
        try:
            answer = orjson.loads(answer["message"])
        except orjson.JSONDecodeError as error:
            raise MalformedPage(Side.PORTAL, f"{service} answered with a broken text in `message`") from error
    if not isinstance(answer, dict) or "error_code" not in answer:
        raise MalformedPage(Side.PORTAL, f"{service} answered without an `error_code`")
    return answer


def _rows(answer: Record) -> list[Record]:
    rows = answer.get("result")
    if not isinstance(rows, list) or not {*map(type, rows)} <= {dict}:
        raise MalformedPage(Side.PORTAL, "`result` is not a list of records")
    return rows
