"""A login that several threads share: made when needed, trusted for a while, renewed once when it is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Session:
    """A token and when to stop trusting it. `login` returns a fresh token or raises AccessRefused."""

    def __init__(self, login: Callable[[], str], seconds: float) -> None:
        self._login = login
        self._seconds = seconds
        self._lock = threading.Lock()
        self._token: str | None = None
        self._ends = 0.0

    def token(self) -> str:
        """The current token; logs in first when there is none that can be trusted."""
        with self._lock:
            if self._token is None or time.monotonic() >= self._ends:
                self._token = self._login()
                self._ends = time.monotonic() + self._seconds
            return self._token

    def forget(self, token: str) -> None:
        """Drop a lost token, unless another thread has a newer one already."""
        with self._lock:
            if self._token == token:
                self._token = None
