"""Crash points: named places in the path of the data at which a test can end the process as a power cut would.

`point("load.before_commit")` does nothing unless this process was told that very label. In production it compares two
references and returns.
"""

from __future__ import annotations

import os
import signal
from typing import Final

VARIABLE: Final = "HOSO_TEST_CRASH_AT"
"""The environment variable that names the label. Settings do not refuse it: it belongs to the tests."""

_armed: str | None = os.environ.get(VARIABLE)


def arm(label: str | None) -> None:
    """Choose the label for a process that was forked with this module already imported."""
    global _armed
    _armed = label


def point(label: str) -> None:
    """End this process by SIGKILL if it is to crash here: no handler, no `finally`, no buffer written.

    `label` is a literal, unique in the code: `step.before_or_after_what`.
    """
    if _armed is not None and _armed == label:
        os.kill(os.getpid(), signal.SIGKILL)
