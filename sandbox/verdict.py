"""Is a case overdue? The national rule, written here a second time on purpose.

Source: the portal's own description of the progress indicator (Decision 766, item 2.1), as transcribed publicly:

1. the end of a case is the event "finished", failing that "returned"; refused (3), withdrawn (7) and stopped (8) end
   it too;
2. without an end event, the end is now;
3. a case waiting for its first supplement ends at the request (the clock is stopped); with a second request it is
   overdue;
4. the waiting time of an answered supplement is subtracted;
5. on time if end <= due; without a due time the procedure's time limit, in working days, takes its place.

Payment requested (6) is not named by that description, so its clock runs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sandbox.cases.working_time import WorkingTime
from sandbox.columns import NO_TIME, Facts, Ints, Mask

END_STATUSES = (3, 7, 8, 9, 10)
SUPPLEMENT_REQUESTED = 5


@dataclass(frozen=True)
class Judgement:
    """Both sides of the comparison, kept so that a caller can see how close it was."""

    end: Ints
    deadline: Ints
    overdue: Mask


@dataclass(frozen=True)
class Judge:
    max_days: Ints
    office: WorkingTime
    now: int

    def judge(self, facts: Facts) -> Judgement:
        """Judge received cases by what one side says about them."""
        ended = np.isin(facts.status, END_STATUSES)
        event = np.where(facts.finished > NO_TIME, facts.finished, facts.returned)
        end = np.where(ended & (event > NO_TIME), event, self.now)
        suspended = (facts.status == SUPPLEMENT_REQUESTED) & (facts.asked > NO_TIME)
        repeated = suspended & (facts.asked_again > NO_TIME)
        end = np.where(suspended, facts.asked, end)
        end = end - np.where(facts.answered > NO_TIME, facts.answered - facts.asked, 0)
        limit = self.office.add_working_days(
            np.where(facts.received > NO_TIME, facts.received, self.now), self.max_days[facts.procedure]
        )
        deadline = np.where(facts.due > NO_TIME, facts.due, limit)
        return Judgement(end, deadline, (end > deadline) | repeated)

    def overdue(self, facts: Facts) -> Mask:
        return self.judge(facts).overdue
