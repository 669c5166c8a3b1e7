"""Imported once by the process that children are forked from: all that takes seconds and is the same for each.

No thread is started and no warehouse opened here, neither survives a fork.
"""

from __future__ import annotations

import gc
import threading

from expectations import run
from schemas.codes import Side
from tests.crash import path, reads

__all__ = ["path"]

for side in Side:
    run._suite(side)
reads.records()
assert threading.active_count() == 1
gc.freeze()  # or every child would copy what its collector visits
