"""The rules that the truth rests on, against figures worked out by others."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pytest

from sandbox.cases.codes import NO_CODE, CodeBook, make_key
from sandbox.cases.working_time import WorkingTime
from sandbox.catalogue import load_catalogue
from sandbox.catalogue.agencies import Level
from sandbox.columns import Facts, wall_seconds
from sandbox.verdict import Judge


@pytest.fixture(scope="module")
def office() -> WorkingTime:
    return WorkingTime.covering(date(2024, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("received", "days", "due"),
    [
        ("2025-04-24", 5, "2025-05-05"),  # the worked Saturday 26 April counts
        ("2024-04-26", 3, "2024-05-04"),  # due on a worked Saturday
        ("2025-01-24", 10, "2025-02-14"),
        ("2025-12-30", 3, "2026-01-06"),  # 2 January 2026 off
        ("2026-02-12", 5, "2026-02-26"),
        ("2024-12-31", 1, "2025-01-02"),
        ("2026-01-09", 1, "2026-01-10"),  # in exchange a worked Saturday
        ("2026-11-23", 1, "2026-11-24"),  # Culture Day is a working day
    ],
)
def test_working_days(office: WorkingTime, received: str, days: int, due: str) -> None:
    start = np.array([wall_seconds(datetime.fromisoformat(f"{received}T09:41:07"))])
    assert office.add_working_days(start, np.array([days]))[0] == wall_seconds(
        datetime.fromisoformat(f"{due}T09:41:07")
    )


@pytest.mark.parametrize(("year", "working"), [(2024, 251), (2025, 250), (2026, 250)])
def test_working_days_of_the_year(office: WorkingTime, year: int, working: int) -> None:
    days = office.days.astype("datetime64[D]")
    assert ((days >= np.datetime64(f"{year}-01-01")) & (days <= np.datetime64(f"{year}-12-31"))).sum() == working


def test_office_clock_is_invertible(office: WorkingTime) -> None:
    elapsed = np.arange(0, 400 * 25_200, 997)
    assert (office.to_working(office.from_working(elapsed)) == elapsed).all()


@pytest.mark.parametrize(
    ("facts", "overdue"),
    [
        ({"status": 10, "finished": 90, "returned": 150}, False),  # a late pick-up does not make a case late
        ({"status": 9, "finished": 101}, True),
        ({"status": 10, "returned": 101}, True),  # no finish: the return counts
        ({"status": 8, "finished": 100}, False),
        ({"status": 4}, True),  # open: judged now
        ({"status": 6}, True),  # waiting for payment does not stop the clock
        ({"status": 5, "asked": 50}, False),
        ({"status": 5, "asked": 50, "asked_again": 60}, True),
        ({"status": 9, "finished": 130, "asked": 20, "answered": 50}, False),
        ({"status": 4, "due": 0}, False),  # no due time: the time limit of the procedure
    ],
)
def test_national_rule(office: WorkingTime, facts: dict[str, int], overdue: bool) -> None:
    """Received at 0, due at 100, now at 200, in minutes of a working day; the time limit is one working day."""
    origin = wall_seconds(datetime(2026, 3, 4, 8, 0))
    moments = {"submitted": 1, "received": 1, "due": 100} | facts
    columns = {name: np.zeros(1, np.int64) for name in Facts.__dataclass_fields__}
    for name, value in moments.items():
        columns[name][0] = value if name == "status" or value == 0 else origin + 60 * value
    judge = Judge(np.array([1]), office, origin + 60 * 200)
    assert judge.overdue(Facts(**columns))[0] == overdue


def test_codes_go_to_text_and_back() -> None:
    agencies = load_catalogue().agencies
    book = CodeBook.of(agencies)
    day = (date(2026, 3, 5) - date(1970, 1, 1)).days
    keys = np.array([make_key(11, day, 7), make_key(40, day, 12_345), make_key(len(agencies) + 11, day, 1)])
    texts = book.texts(keys)
    assert texts == ["H26.12-260305-0007", "H26.101-260305-12345", "000.00.12.H26-260305-0001"]
    assert [book.parse(text) for text in texts] == keys.tolist()
    for wrong in ("", "H26.12-260305-00007", "H26.12-261305-0007", "H99.12-260305-0007", "H26.12-260305-0007\u200b"):
        assert book.parse(wrong) == NO_CODE


def test_catalogue_is_plausible() -> None:
    catalogue = load_catalogue()
    assert sum(agency.level is Level.COMMUNE for agency in catalogue.agencies) == 126
    assert len({agency.name for agency in catalogue.agencies}) == len(catalogue.agencies)
    assert 280 <= len({procedure.code for procedure in catalogue.procedures}) == len(catalogue.procedures) <= 330
    assert all(1 <= procedure.max_days <= 30 for procedure in catalogue.procedures)
