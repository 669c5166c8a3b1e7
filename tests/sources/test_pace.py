"""The pace of a host: how fast, how many at once, and what makes it slow down. Clocks are numbers here."""

from __future__ import annotations

import threading
import time

import pytest

from tasks.sources.pace import Concurrency, Pace, TokenBucket, pace_of


def test_a_bucket_hands_out_its_rate_and_no_more() -> None:
    """Whoever waits as told gets exactly `rate` points a second; idle time is not saved up beyond a short burst."""
    now = 0.0
    bucket = TokenBucket(200, lambda: now)
    now = 60.0
    taken = []
    for _ in range(2_000):
        now += bucket.reserve()
        taken.append(now)
    assert all(late - early >= 1 - 0.051 for early, late in zip(taken, taken[200:], strict=False))
    assert taken[-1] - taken[0] == pytest.approx(1_999 / 200, abs=0.06)


def test_a_pause_holds_for_everybody() -> None:
    now = 0.0
    bucket = TokenBucket(100, lambda: now)
    bucket.reserve()
    bucket.pause(5)
    waits = [bucket.reserve() for _ in range(3)]
    assert waits[0] >= 5
    assert waits == sorted(waits)


def test_slow_answers_shrink_and_quick_ones_restore() -> None:
    concurrency = Concurrency(8)
    for _ in range(50):
        concurrency.record("page", 0.05)
        concurrency.record("catalogue", 0.001)
    assert concurrency.limit == 8
    for _ in range(100):
        concurrency.record("page", 2.0)
    assert concurrency.limit < 3
    assert concurrency.limit >= 1
    for _ in range(500):
        concurrency.record("page", 0.05)
    assert concurrency.limit == 8


def test_refusals_halve_once_a_round() -> None:
    concurrency = Concurrency(8)
    for _ in range(8):
        concurrency.record("page", 0.05, refused=True)
    assert concurrency.limit == 4


def test_no_more_than_the_limit_are_in_flight() -> None:
    pace = Pace(1e6, 3)
    here, most = 0, 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal here, most
        for _ in range(20):
            with pace.turn():
                with lock:
                    here += 1
                    most = max(most, here)
                time.sleep(0.0005)
                with lock:
                    here -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert most == 3


def test_one_pace_a_host() -> None:
    assert pace_of("http://a.example/x", 10, 2) is pace_of("http://a.example/y", 10, 2)
    assert pace_of("http://a.example", 10, 2) is not pace_of("http://b.example", 10, 2)
