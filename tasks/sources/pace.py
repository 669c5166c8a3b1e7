"""How fast and how many at once: one pace a host, shared by every client and worker of the process.

Two limits stand in front of each request: a token bucket (requests a second, small bursts) and a number of requests in
flight that falls when the host's answers get slower and rises again when they do not. A host that says `Retry-After`
pauses everybody.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

Clock = Callable[[], float]

BURST_SECONDS = 0.05
"""How much unused pace may be caught up at once: servers that meter by the second tolerate that much."""
SLOW_RATIO, SLOW_SECONDS = 3.0, 0.2
"""An answer is slow when it takes that many times its usual time, and that much longer."""
FORGET = 0.002
"""How fast a slower host becomes the usual one: by half in about 350 answers."""
SHRINK, SHRINK_REFUSED = 0.7, 0.5
"""What is left of the requests in flight after slow answers, and after an answer "too many" or "unavailable"."""


class TokenBucket:
    """Hands out points in time, `rate` a second. Safe to share between threads; the clock is in seconds."""

    def __init__(self, rate: float, clock: Clock = time.monotonic) -> None:
        self._interval = 1 / rate
        self._slack = max(0.0, BURST_SECONDS - self._interval)
        self._clock = clock
        self._lock = threading.Lock()
        self._next = clock()

    def reserve(self) -> float:
        """Take the next free point in time; returns the seconds until then."""
        with self._lock:
            now = self._clock()
            mine = max(self._next, now - self._slack)
            self._next = mine + self._interval
            return max(0.0, mine - now)

    def pause(self, seconds: float) -> None:
        """Nothing is free before `seconds` from now."""
        with self._lock:
            self._next = max(self._next, self._clock() + seconds + self._slack)


@dataclass
class Concurrency:
    """How many requests may be in flight: additive growth, multiplicative decrease, never above `ceiling`.

    The usual time of an answer is kept for each kind of request, because a catalogue entry and a page of cases differ.
    Not thread-safe by itself.
    """

    ceiling: int
    limit: float = field(init=False)
    _usual: dict[str, float] = field(default_factory=dict)
    _ratio: float = 1.0
    _since_shrink: int = 0

    def __post_init__(self) -> None:
        self.limit = float(self.ceiling)

    def record(self, kind: str, seconds: float, *, refused: bool = False) -> None:
        """Learn from one answer."""
        self._since_shrink += 1
        usual = self._usual.get(kind, seconds)
        self._usual[kind] = seconds if seconds < usual else usual + FORGET * (seconds - usual)
        self._ratio += 0.2 * (seconds / max(usual, 1e-6) - self._ratio)
        slow = self._ratio > SLOW_RATIO and seconds - usual > SLOW_SECONDS
        if (slow or refused) and self._since_shrink >= self.limit:  # once for each round of requests in flight
            self.limit = max(1.0, self.limit * (SHRINK_REFUSED if refused else SHRINK))
            self._since_shrink = 0
        elif not slow and not refused:
            self.limit = min(float(self.ceiling), self.limit + 1 / self.limit)


class Pace:
    """The two limits of one host together."""

    def __init__(self, rate: float, ceiling: int, sleep: Callable[[float], None] = time.sleep) -> None:
        self.concurrency = Concurrency(ceiling)
        self._bucket = TokenBucket(rate)
        self._sleep = sleep
        self._free = threading.Condition()
        self._in_flight = 0
        self._paused_until = 0.0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and hold it while the request is in flight."""
        with self._free:
            self._free.wait_for(lambda: self._in_flight < max(1, int(self.concurrency.limit)))
            self._in_flight += 1
        try:
            self._sleep(self._bucket.reserve())
            while (rest := self._paused_until - time.monotonic()) > 0:  # a pause that began while this one waited
                self._sleep(rest)
                self._sleep(self._bucket.reserve())
            yield
        finally:
            with self._free:
                self._in_flight -= 1
                self._free.notify()

    def learn(self, kind: str, seconds: float, *, refused: bool = False, pause: float = 0.0) -> None:
        """Note how long one answer took, whether it was "too many" or "unavailable", and the pause it asked for."""
        with self._free:
            self.concurrency.record(kind, seconds, refused=refused)
            self._free.notify_all()
        if pause > 0:
            self._paused_until = max(self._paused_until, time.monotonic() + pause)
            self._bucket.pause(pause)


_paces: dict[tuple[str, float, int], Pace] = {}
_paces_lock = threading.Lock()


def pace_of(url: str, rate: float, ceiling: int) -> Pace:
    """The pace of the host in `url`; the same one for everybody in this process who asks for the same limits."""
    parts = urlsplit(url)
    key = (f"{parts.scheme}://{parts.netloc}", rate, ceiling)
    with _paces_lock:
        return _paces.setdefault(key, Pace(rate, ceiling))
