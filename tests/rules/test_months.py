from __future__ import annotations

from datetime import UTC, date, datetime

from tasks.rules.months import months_due


def test_months_never_swept_come_first_then_those_swept_longest_ago() -> None:
    def due(number: int, **swept: int) -> list[str]:
        seen = {date(2026, int(month[1:]), 1): datetime(2026, 9, day, tzinfo=UTC) for month, day in swept.items()}
        return [f"{m.start:%m}-{m.end:%m}" for m in months_due(date(2026, 5, 20), date(2026, 9, 2), seen, number)]

    assert due(9) == ["08-09", "07-08", "06-07", "05-06"]
    assert due(2, m8=1) == ["07-08", "06-07"]
    assert due(4, m8=1, m5=1, m6=2, m7=3) == ["08-09", "05-06", "06-07", "07-08"]
    assert months_due(date(2026, 9, 1), date(2026, 9, 30), {}, 3) == []
