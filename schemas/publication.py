"""A published score: what it was made from, so that it can be made again to the digit."""

from __future__ import annotations

from datetime import date, datetime
from hashlib import sha256

from pydantic import AwareDatetime, BaseModel, ConfigDict

from schemas.period import Period


class Service(BaseModel):
    """A procedure as the catalogue knows it; None: it does not say. `offices`: agencies that handle it; `level`: the
    level of the agencies that all handle it, where no office is named."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    online: bool | None = None
    fee: bool | None = None
    population: bool | None = None
    offices: tuple[str, ...] = ()
    level: str = ""

    def of(self, unit: str, level: str) -> bool:
        """Whether an agency of a level handles it."""
        return unit in self.offices if self.offices else bool(self.level) and self.level == level


class Inputs(BaseModel):
    """What a publication takes from outside the cases, frozen with it.

    `units`: text of a units file (`tasks.rules.score`), empty for none. `levels`: agency code -> department, commune
    or agency; `fields`: procedure code -> field code; `services`: procedure code -> what the catalogue says of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    units: str = ""
    levels: dict[str, str] = {}
    fields: dict[str, str] = {}
    services: dict[str, Service] = {}


class Publication(BaseModel):
    """The head of a publication: which period, as known when, by which rules. `digest` is over its lines."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    publication_id: str
    period: str
    period_start: date
    period_end: date
    as_of: AwareDatetime
    rules: str
    inputs: Inputs
    code_version: str
    canonical_version: int
    digest: str
    lines: int

    @property
    def days(self) -> Period:
        return Period(self.period_start, self.period_end, self.period)


def identifier(period: str, as_of: datetime, rules: str) -> str:
    """The name of the publication of a period as known at `as_of`: the same asked twice is the same."""
    instant = f"{as_of:%Y%m%dT%H%M%S}" + (f".{as_of:%f}" if as_of.microsecond else "")
    return f"{period}-{instant}-{rules.replace('/', '-')}"


def digest(rows: list[tuple[object, ...]]) -> str:
    """SHA-256 of rows in order, hexadecimal."""
    return sha256("\n".join("\t".join(map(str, row)) for row in rows).encode()).hexdigest()


LEVELS = {"1": "department", "2": "department", "3": "commune"}
"""`CAPDONVI` of the agency catalogue -> level of the index; any other is just an agency."""
