"""Cases that come and go between the pages of a listing, as they do in a system at work.

Some of a side's rows are held back at first. Under the mood ``edits`` every request for a later page may hide a row
that stood on an earlier page of the same listing, or show one that was held back and belongs there: either moves all
rows behind it, which is how a client loses or doubles rows. What is visible in the end is the side's own list.
"""

from __future__ import annotations

from random import Random

import numpy as np

from sandbox.columns import Mask, Rows

HELD_BACK_SHARE = 0.01


class Edits:
    """Which rows of one side are visible. Rows are the world's row numbers."""

    def __init__(self, rows: Rows, length: int, seed: int = 7) -> None:
        self._chance = Random(seed)
        self._rows = rows
        self.visible: Mask = np.ones(length, bool)
        self.happened = 0
        self.begun = False

    def begin(self) -> None:
        """Hold some rows back, once, before anybody reads."""
        if not self.begun:
            self.begun = True
            held_back = self._chance.sample(self._rows.tolist(), int(len(self._rows) * HELD_BACK_SHARE))
            self.visible[held_back] = False

    def seen(self, rows: Rows) -> Rows:
        """Those of ``rows`` that are visible now, in the same order."""
        if not self.begun:
            return rows
        ours = rows < len(self.visible)  # rows that were pushed since are never hidden
        return rows[~ours | self.visible[np.where(ours, rows, 0)]]

    def disturb(self, listed: Rows, before: int) -> None:
        """Hide or show one row of the listing ``listed`` (all rows, visible or not) in its first ``before`` rows."""
        earlier = listed[: max(1, before)]
        earlier = earlier[earlier < len(self.visible)]
        hidden = earlier[~self.visible[earlier]]
        shown = earlier[self.visible[earlier]]
        if len(hidden) and (self._chance.random() < 0.5 or not len(shown)):
            self.visible[self._chance.choice(hidden.tolist())] = True
        elif len(shown):
            self.visible[self._chance.choice(shown.tolist())] = False
        else:
            return
        self.happened += 1
