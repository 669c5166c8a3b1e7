"""What a person may ask of a backfill: types that make the form of the UI, and that refuse nonsense with a reason."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from errors import ConfigError
from schemas.codes import Side
from schemas.period import day_of

MOST_YEARS = 5
"""A backfill over more than that is a typing error, or a migration that wants a plan of its own."""


def with_offset(at: datetime | None) -> datetime | None:
    """A time of a command line. Raises ConfigError for one that leaves open where it was read off."""
    if at and at.tzinfo is None:
        raise ConfigError("--as-of needs an offset, such as +07:00")
    return at


class Sides(StrEnum):
    """Which of the two systems to read."""

    BOTH = "both"
    CITY = "city"
    PORTAL = "portal"

    @property
    def sides(self) -> list[Side]:
        return list(Side) if self is Sides.BOTH else [Side(self.value)]


class Days(BaseModel):
    """The received days to read: `[start, end)`, days of Vietnam's calendar, none of them in the future."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: date = Field(title="Từ ngày / first day", description="Ngày tiếp nhận đầu tiên / first received day")
    end: date = Field(
        title="Đến trước ngày / day after the last", description="Không gồm ngày này / this day itself is not read"
    )

    @model_validator(mode="after")
    def _sensible(self) -> Days:
        today = day_of(datetime.now(UTC))
        if self.start >= self.end:
            raise ValueError(f"the range {self.start}..{self.end} is empty: its end must be after its start")
        if self.end > today + timedelta(days=1):
            raise ValueError(f"the range {self.start}..{self.end} reaches into the future: today is {today}")
        if self.end > _years_after(self.start, MOST_YEARS):
            raise ValueError(f"the range {self.start}..{self.end} is longer than {MOST_YEARS} years: ask for less")
        return self


def _years_after(day: date, years: int) -> date:
    last = 28 if (day.month, day.day) == (2, 29) else day.day
    return day.replace(year=day.year + years, day=last)


AgencyCode = Annotated[
    str,
    Field(
        pattern=r"^([0-9A-Z]{1,4}(\.[0-9A-Z]{1,4}){1,5})?$",
        title="Đơn vị / agency",
        description="Mã định danh, ví dụ 000.00.01.H26; để trống: cả thành phố / identifier; empty: the whole city",
    ),
]
