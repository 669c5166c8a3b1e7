"""Unknown cases: rows in quarantine, days that one side or neither gave."""

from __future__ import annotations

from datetime import date

import pandas as pd

from schemas.codes import Side
from tasks.rules.interval import Unknown
from tasks.rules.unread import CITY, unknown_cases, unread_days

START, END = date(2026, 3, 1), date(2026, 3, 11)


def test_quarantine_and_unread_days() -> None:
    bad = pd.DataFrame(
        {"side": ["portal", "portal", "city"], "agency_code": ["A", None, "A"], "stale": [True, False, False]}
    )
    windows = pd.DataFrame(
        {
            "side": ["city", "portal", "portal"],
            "window_start": [date(2026, 3, 1), date(2026, 2, 20), date(2026, 3, 4)],
            "window_end": [date(2026, 3, 10), date(2026, 3, 2), date(2026, 3, 10)],
        }
    )
    days = pd.to_datetime(["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-03"])
    city = pd.DataFrame({"agency_code": ["A", "A", "A", "B"], "received_day": days, "cases": [5, 3, 4, 1]})
    portal = pd.DataFrame({"agency_code": ["A"], "received_day": days[:1], "cases": [14]})
    assert unread_days(windows[windows["side"] == "portal"], START, END) == {date(2026, 3, n) for n in (2, 3, 10)}
    found = unknown_cases(bad, windows, {Side.CITY: city, Side.PORTAL: portal}, START, END)
    # 10 March is dark on both sides: 14 cases in 7 read days on the portal, 13 (A 12, B 1) in 9 in the city.
    assert found == {
        (Side.PORTAL, CITY): Unknown(unread=1 + 8 + 2, stale=1),
        (Side.PORTAL, "A"): Unknown(unread=7 + 2, stale=1),
        (Side.PORTAL, "B"): Unknown(unread=1),
        (Side.CITY, CITY): Unknown(unread=1 + 2),
        (Side.CITY, "A"): Unknown(unread=1 + 2),
        (Side.CITY, "B"): Unknown(unread=1),
    }


def test_all_read_is_all_known() -> None:
    windows = pd.DataFrame({"side": ["city", "portal"], "window_start": [START] * 2, "window_end": [END] * 2})
    none = pd.DataFrame(columns=["side", "agency_code", "stale"])
    cases = pd.DataFrame({"agency_code": ["A"], "received_day": pd.to_datetime(["2026-03-01"]), "cases": [5]})
    assert unknown_cases(none, windows, {Side.CITY: cases, Side.PORTAL: cases}, START, END) == {}
