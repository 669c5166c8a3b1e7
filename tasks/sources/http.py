"""HTTP manners, shared by every client: one place that waits, retries and gives up.

A call is repeated on connection faults, time-outs, 429, 5xx and answers that are cut off, with full-jitter backoff;
`Retry-After` in seconds or as a date is honoured. All other answers are the client's to judge.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any

import httpx
import orjson
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from errors import MalformedPage, SourceRefused, TransportError
from schemas.codes import Side
from settings import Settings

RETRIED_STATUS = frozenset({429, 500, 502, 503, 504})


class _Again(Exception):
    """An answer that is worth asking for once more."""

    def __init__(self, reason: str, *, retry_after: float | None = None, malformed: bool = False) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.malformed = malformed


class Wire:
    """A connection to one side's host. Safe to share between threads; close it, or use it as a context."""

    def __init__(self, side: Side, base_url: str, settings: Settings, headers: dict[str, str] | None = None) -> None:
        self.side = side
        self.requests = 0
        self._settings = settings
        self._client = httpx.Client(
            base_url=base_url,
            headers={"Accept": "application/json", **(headers or {})},
            timeout=httpx.Timeout(settings.read_seconds, connect=settings.connect_seconds),
            follow_redirects=False,
        )

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def json(self, method: str, path: str, *, window: str | None = None, **request: Any) -> Any:
        """The parsed JSON body of one call.

        Raises TransportError or MalformedPage after the last attempt, SourceRefused on a status that no repetition
        cures.
        """
        retrying = Retrying(
            stop=stop_after_attempt(self._settings.attempts),
            wait=self._wait,
            retry=retry_if_exception_type(_Again),
            reraise=True,
        )
        try:
            return retrying(self._once, method, path, window, request)
        except _Again as last:
            failure = MalformedPage if last.malformed else TransportError
            raise failure(
                self.side, f"{last} (after {self._settings.attempts} attempts, {method} {path})", window=window
            ) from last

    def _once(self, method: str, path: str, window: str | None, request: dict[str, Any]) -> Any:
        self.requests += 1
        try:
            answer = self._client.request(method, path, **request)
        except httpx.TransportError as error:
            raise _Again(type(error).__name__) from error
        if answer.status_code in RETRIED_STATUS:
            raise _Again(f"HTTP {answer.status_code}", retry_after=_retry_after(answer.headers.get("Retry-After")))
        if not answer.is_success:
            raise SourceRefused(self.side, f"HTTP {answer.status_code} to {method} {path}", window=window)
        try:
            return orjson.loads(answer.content)
        except orjson.JSONDecodeError as error:
            raise _Again(
                f"{len(answer.content)} bytes that are not JSON (position {error.pos})", malformed=True
            ) from error

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        jitter = wait_random_exponential(self._settings.backoff_seconds, self._settings.backoff_cap_seconds)(state)
        asked = error.retry_after if isinstance(error, _Again) and error.retry_after is not None else 0.0
        return max(asked, jitter)


def _retry_after(header: str | None) -> float | None:
    """Seconds to wait, from either form of the header (RFC 9110 section 10.2.3); None when absent or unreadable."""
    if header is None:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, (until - datetime.now(UTC)).total_seconds())
