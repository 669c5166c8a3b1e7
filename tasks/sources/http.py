"""HTTP manners, shared by every client: the one place that waits, retries and gives up.

A call is repeated on connection faults, time-outs, 429, 5xx and answers that cannot be understood, with full-jitter
backoff; one that changes something only where it certainly was not taken. `Retry-After` in seconds or as a date is
honoured and pauses everybody who talks to that host. Certificates are verified, redirects are never followed, and
proxies come from the environment (`HTTPS_PROXY`, `NO_PROXY`).
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from errors import MalformedPage, SourceRefused, TransportError, UnsafeAnswer
from schemas.codes import Side
from settings import Settings
from tasks.sources.body import TooLargeError, TooSlowError, parse_json, read_body
from tasks.sources.pace import pace_of

RETRIED_STATUS = frozenset({429, 500, 502, 503, 504})
REFUSED_STATUS = frozenset({429, 503})
"""Answers that ask for less, not only for later."""
_NOT_TAKEN = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Faults before anything was sent."""


class SessionLostError(Exception):
    """HTTP 401: the session or token is no longer good. Clients renew it and ask again."""


class _Again(Exception):
    """An answer that is worth asking for once more."""

    def __init__(
        self, reason: str, *, retry_after: float | None = None, malformed: bool = False, taken: bool = True
    ) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.malformed = malformed
        self.taken = taken
        """Whether the host may have done what it was asked."""


class Wire:
    """A connection pool to one side's host. Safe to share between threads; close it when done."""

    def __init__(self, side: Side, base_url: str, settings: Settings, headers: dict[str, str] | None = None) -> None:
        self.side = side
        self.requests = 0
        self.clock_skew: float | None = None
        """Seconds that the host's clock (its `Date` header) is ahead of ours, at the latest answer."""
        self._settings = settings
        self._host = urlsplit(base_url).netloc
        self._pace = pace_of(base_url, settings.own_requests_per_second, settings.own_requests_in_flight)
        self._counting = threading.Lock()
        self._client = httpx.Client(
            base_url=base_url,
            headers={"Accept": "application/json", "Accept-Encoding": "gzip", **(headers or {})},
            timeout=httpx.Timeout(settings.read_seconds, connect=settings.connect_seconds),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=settings.requests_in_flight),
            follow_redirects=False,
            verify=_trust(settings),
        )

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def json(
        self,
        method: str,
        path: str,
        *,
        window: str | None = None,
        understand: Callable[[Any], Any] | None = None,
        kind: str = "",
        repeat: bool = True,
        **request: Any,
    ) -> Any:
        """The JSON body of one call, as `understand` reads it; `kind` names calls that take equally long. Without
        `repeat` it is asked for again only where the host certainly did not take it: no connection, 429.

        `understand` raises MalformedPage for an answer of another shape, which is asked for again like a cut-off one.

        Raises TransportError or MalformedPage after the last attempt, SourceRefused on a status that no repetition
        cures, SessionLostError on 401, UnsafeAnswer on an answer that must not be taken.
        """
        retrying = Retrying(
            stop=stop_after_attempt(self._settings.attempts),
            wait=self._wait,
            retry=retry_if_exception(lambda error: isinstance(error, _Again) and (repeat or not error.taken)),
            reraise=True,
        )
        try:
            return retrying(self._once, method, path, window, understand, kind or path, request)
        except _Again as last:
            failure = MalformedPage if last.malformed else TransportError
            raise failure(
                self.side,
                f"{last} (after {retrying.statistics['attempt_number']} attempts, {method} {path})",
                window=window,
            ) from last

    def _once(
        self,
        method: str,
        path: str,
        window: str | None,
        understand: Callable[[Any], Any] | None,
        kind: str,
        request: dict[str, Any],
    ) -> Any:
        with self._pace.turn():
            with self._counting:
                self.requests += 1
            started = time.monotonic()
            answer, body = self._receive(method, path, window, started, request)
        refused = answer.status_code in REFUSED_STATUS
        pause = self._asked_pause(answer, window) if answer.status_code in RETRIED_STATUS else None
        self._pace.learn(kind, time.monotonic() - started, refused=refused, pause=pause or 0.0)
        self._judge(answer, f"{method} {path}", window, pause)
        try:
            value = parse_json(body, answer.headers.get("Content-Type", ""))
        except ValueError as error:
            raise _Again(f"{len(body)} bytes that are not JSON", malformed=True) from error
        try:
            return understand(value) if understand else value
        except MalformedPage as error:
            raise _Again(error.reason, malformed=True) from error

    def _receive(
        self, method: str, path: str, window: str | None, started: float, request: dict[str, Any]
    ) -> tuple[httpx.Response, bytes]:
        settings = self._settings
        try:
            with self._client.stream(method, path, **request) as answer:
                self._note_clock(answer.headers.get("Date"))
                return answer, read_body(answer, settings.answer_limit_mb << 20, started + settings.total_seconds)
        except TooLargeError as error:
            raise UnsafeAnswer(self.side, f"{method} {path}: {error}", window=window) from error
        except TooSlowError as error:
            raise _Again(f"no whole answer within {settings.total_seconds:g} s") from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            if _untrusted(error):
                raise UnsafeAnswer(self.side, "the host's certificate cannot be trusted", window=window) from error
            raise _Again(type(error).__name__, taken=not isinstance(error, _NOT_TAKEN)) from error

    def _judge(self, answer: httpx.Response, call: str, window: str | None, pause: float | None) -> None:
        status = answer.status_code
        if status in RETRIED_STATUS:
            raise _Again(f"HTTP {status}", retry_after=pause, taken=status != 429)
        if status == 401:
            raise SessionLostError
        if answer.is_redirect:
            host = urlsplit(answer.headers.get("Location", "")).netloc
            if host and host != self._host:
                raise UnsafeAnswer(self.side, f"{call} leads away from the configured host", window=window)
        if not answer.is_success:
            raise SourceRefused(self.side, f"HTTP {status} to {call}", window=window)

    def _asked_pause(self, answer: httpx.Response, window: str | None) -> float | None:
        pause = retry_after(answer.headers.get("Retry-After"))
        most = self._settings.retry_after_cap_seconds
        if pause is not None and pause > most:
            raise TransportError(self.side, f"asked to wait {pause:.0f} s, more than {most:g} s", window=window)
        return pause

    def _note_clock(self, date: str | None) -> None:
        try:
            at = parsedate_to_datetime(date) if date else None
        except ValueError:
            at = None
        if at is not None:
            at = at if at.tzinfo else at.replace(tzinfo=UTC)
            self.clock_skew = (at - datetime.now(UTC)).total_seconds()

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        jitter = wait_random_exponential(self._settings.backoff_seconds, self._settings.backoff_cap_seconds)(state)
        asked = error.retry_after if isinstance(error, _Again) and error.retry_after is not None else 0.0
        return max(asked, jitter)


def retry_after(header: str | None) -> float | None:
    """Seconds to wait, from either form of the header (RFC 9110 section 10.2.3); None when absent or unreadable."""
    if header is None:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def _trust(settings: Settings) -> ssl.SSLContext | bool:
    """The public authorities, or those of the configured file (a government network has its own)."""
    return ssl.create_default_context(cafile=str(settings.ca_file)) if settings.ca_file else True


def _untrusted(error: BaseException | None) -> bool:
    """Whether a certificate is behind a connection fault."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
