"""Login and sessions. The real lifetime is not documented; the one known client renews after ten minutes."""

from __future__ import annotations

import hashlib
import hmac
import time

USER, PASSWORD = "hanoi", "sandbox"


class Sessions:
    """Tokens with a fixed lifetime from login on."""

    def __init__(self, ttl_seconds: float) -> None:
        self._ttl = ttl_seconds
        self._ends: dict[str, float] = {}
        self._issued = 0

    def login(self, user: str, password: str) -> str | None:
        """A new token, or ``None`` for wrong credentials."""
        if user != USER or not hmac.compare_digest(password.encode(), PASSWORD.encode()):
            return None
        self._issued += 1
        token = hashlib.sha256(f"{time.time_ns()}-{self._issued}".encode()).hexdigest()[:32]
        self._ends[token] = time.monotonic() + self._ttl
        return token

    def alive(self, token: str) -> bool:
        return self._ends.get(token, 0.0) > time.monotonic()

    def expire_all(self) -> None:
        self._ends.clear()
