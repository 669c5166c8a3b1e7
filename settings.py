"""Every knob, once: typed, frozen, from the environment (`HOSO_...`); unknown `HOSO_` variables are refused.

Secrets are `SecretStr`: they do not show in logs, errors or `repr`.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from errors import ConfigError

PREFIX = "HOSO_"
TEST_PREFIX = "HOSO_TEST_"
"""Variables of the tests: no settings, and not refused."""

Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(gt=0, le=1)]
CityAdapter = Literal["opencps", "igate", "paged", "replica", "files"]
PortalAdapter = Literal["mapi", "files"]
DriftPolicy = Literal["stop", "quarantine", "record"]
_FILE = "file://"


class Settings(BaseSettings):
    """What a deployment decides. Defaults are right for one machine; addresses and secrets have none."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    # Where things are kept
    data_dir: Path = Path("data")
    landing_url: str = ""
    """fsspec URL of the landing zone where workers share no folder, such as `s3://bucket/landing`; empty = the folder
    `landing` in `data_dir`. Access keys belong into fsspec's own configuration, not here."""
    warehouse_url: str = ""
    """SQLAlchemy URL; empty = a DuckDB file `warehouse.duckdb` in `data_dir`."""

    # The city's system
    city_adapter: CityAdapter = "opencps"
    """Which system the city runs; `replica` reads a SQL copy of it, `files` its exports."""
    city_url: str
    """An HTTP address; for `replica` a SQLAlchemy URL without password, for `files` a folder."""
    city_username: str = ""
    city_password: SecretStr = SecretStr("")
    """For `igate`, `paged` and `replica`; OpenCPS needs the group only."""
    city_group_id: str = "20001"
    city_page_rows: Positive = 500
    most_page_rows: Positive = 1000
    """Rows of the largest page that a listing is asked for, when a day does not stand still under smaller ones."""
    city_status_map: dict[str, int] = Field(default_factory=dict)
    """City status word -> national code 1..10, instead of the shipped table (site configuration, not confirmed)."""
    city_unreceived_status: str = "receiving"
    """Status word of cases that have no received date yet: they are listed by their submission date."""
    city_session_seconds: Positive = 600
    igate_search_path: str = "/pa/dossier/search"
    igate_token_path: str = "/auth/token"
    igate_sort: str = "id,asc"
    """Must be a unique order, or rows can vanish between pages."""
    igate_unreceived_status: str = "0"
    replica_table: str = "opencps_dossier"
    replica_columns: dict[str, str] = Field(default_factory=dict)
    """Field of the OpenCPS record -> column of the replica's table, where the two differ."""
    paged_search_path: str = "/api/HoSo"
    paged_token_path: str = "/api/tokens"
    paged_unreceived_status: str = "1"

    # The national portal
    portal_adapter: PortalAdapter = "mapi"
    portal_url: str
    """An HTTP address; for `files` a folder."""
    portal_login_path: str = "/mapi/login"
    portal_service_path: str = "/mapi/g"
    portal_username: str = "hanoi"
    portal_password: SecretStr
    portal_unit: str = "000.00.00.H26"
    """`madonvi`: the identifier of the sending agency."""
    portal_destination: str = ""
    """`dstcode` header of the adapter; empty = not sent."""
    portal_page_rows: Positive = 500
    portal_page_field: str = "trang"
    portal_page_rows_field: str = "soDong"
    portal_total_field: str = "tongSo"
    """Paging fields of `DanhSachHoSo`: not published, so settings."""
    portal_record_id_field: str = "idHoSo"
    """The record's own number in a listing; empty when the listing has none."""
    portal_session_seconds: Positive = 600
    """How long a session is trusted (one observed client: 10 minutes; the real lifetime is not published)."""
    portal_session_lost_codes: tuple[str, ...] = ("-2",)
    """`error_code` values read as "session expired": log in again and repeat. Not published."""

    # Repair: what may be sent to the portal
    repair_writes: bool = False
    """Whether approved corrections may be sent at all; without it every run of `repair-apply` is a dry one."""
    portal_write_token: SecretStr = SecretStr("")
    """Sent as `Authorization: Bearer ...` with pushes, and only there; needed once `repair_writes` is on."""
    repair_plan_hours: float = Field(24, gt=0)
    """An older plan is no longer applied: make a new one."""
    repair_most_pushes: Positive = 100
    """Pushes of one run; the rest of an approved plan is left to the next."""
    repair_stop_in_row: Positive = 3
    """So many pushes in a row that were not proven open the circuit breaker, across runs."""
    repair_stop_share: Share = 0.2
    repair_share_after: Positive = 10
    """A larger share of a run's pushes not proven opens it too, once the run made so many."""

    # Manners on the wire
    connect_seconds: float = Field(5, gt=0)
    read_seconds: float = Field(30, gt=0)
    total_seconds: float = Field(120, gt=0)
    """Longest time for one whole answer, however steadily its bytes drip."""
    attempts: Positive = 5
    backoff_seconds: float = Field(0.5, ge=0)
    backoff_cap_seconds: float = Field(30, gt=0)
    retry_after_cap_seconds: float = Field(300, gt=0)
    """A host that asks for a longer pause is given up for this run."""
    requests_per_second: float = Field(200, gt=0)
    requests_in_flight: Positive = 8
    """Both for each host, shared by all workers of a process."""
    requests_share: Share = 1
    """This process's share of both, where several read the same hosts: the shares of all must not exceed 1."""
    answer_limit_mb: Positive = 64
    ca_file: Path | None = None
    """Certificate authorities to trust, instead of the public ones."""
    window_attempts: Positive = 4
    """How often a day whose count does not add up is read before it is a failure; longer windows are split first."""
    part_rows: Positive = 50_000
    """A window with more rows is read in smaller ones: the rows of one listing are compared in memory."""
    commit_lag_minutes: Positive = 10
    """What a source stored later than this before a read may be missing in it: the read is safe up to then."""
    drift_policies: dict[str, DriftPolicy] = Field(default_factory=dict)
    """Field of the wire record -> what a change of its format does, instead of the shipped rule."""
    workers_per_side: Positive = 2
    """Windows of one side that are read at the same time."""

    # Time
    window_days: Positive = 7
    trailing_days: Positive = 90
    """How many received days a daily run reads when it is given no range."""
    incremental_trailing_days: Positive = 1
    """How many received days before its watermark an incremental run reads again: sources write late."""
    lag_minutes: Positive = 60
    """A city change younger than this is in flight: its mismatches are not yet held against anyone."""
    confirm_hours: Positive = 24
    """Older than this, a mismatch is confirmed; between the two it is late."""

    # Reference tables of the site
    reference_dir: Path | None = None
    """Folder of `case_codes.csv`, `procedure_codes.csv` and `agency_aliases.csv`: see schemas/references.py."""

    # Trust
    fingerprint_key: SecretStr
    """Key of the HMAC that turns names and identity numbers into fingerprints."""
    quarantine_stop_share: Share = 0.2
    """Above this share of a side's rows in quarantine the run stops: the source is at fault, not the rows."""
    batch_rows: Positive = 20_000
    """Rows held in memory at once by validate and clean."""
    pair_rows: Positive = 50_000
    """Differing pairs held in memory at once by reconcile."""
    reconcile_parts: Positive = 1
    """Parts, by hash of the case code, in which a full reconcile is judged; on PostgreSQL by the flow's workers."""
    warehouse_memory_mb: Positive = 1024
    warehouse_wait_seconds: float = Field(60, ge=0)
    """How long a writer waits for a warehouse file that another process holds."""

    alert_block: str = ""
    """Prefect's notification block that alerts go through, `type/name`; empty = alerts show in its event feed only."""
    dask_address: str = ""
    """Scheduler of a Dask cluster that carries the windows of a backfill; empty = threads of the flow's process."""

    # Keeping
    landing_retention_days: Positive = 90
    """Landed reads and the working files of runs older than this may be purged; what is still needed never is."""

    # The index
    published_dir: Path | None = None
    """Folder of figures that the portal published, to be set beside our own: `2026-10.json`, or a folder `2026-10` of
    saved answers; none: nothing is compared."""
    culture_day_off: bool = False
    """Whether 24 November is a day off from 2026 (announced, not confirmed by law)."""

    @field_validator("landing_url")
    @classmethod
    def _has_a_file_system(cls, url: str) -> str:
        """Raises ValueError for a URL that no installed package of fsspec's serves, or with a password in it."""
        if "://" not in url:
            return url
        import fsspec  # not needed by those who have no such URL

        for link in url.split("::"):
            protocol, _, place = link.partition("://")
            if "@" in place and ":" in place.partition("@")[0]:
                raise ValueError("keys of access belong into fsspec's own configuration")
            try:
                fsspec.get_filesystem_class(protocol)
            except (ImportError, ValueError) as error:
                raise ValueError(f"no file system for {protocol}://: {error}") from error
        return url

    @property
    def warehouse(self) -> str:
        """The warehouse's URL, with the default filled in."""
        return self.warehouse_url or f"duckdb:///{self.data_dir / 'warehouse.duckdb'}"

    @property
    def own_requests_per_second(self) -> float:
        """What this process may ask of a host in a second."""
        return self.requests_per_second * self.requests_share

    @property
    def own_requests_in_flight(self) -> int:
        return max(1, round(self.requests_in_flight * self.requests_share))

    @property
    def landing_is_far(self) -> bool:
        """Whether landed reads are kept elsewhere than in a folder of this machine."""
        return "://" in self.landing_url and not self.landing_url.startswith(_FILE)

    @property
    def landing_dir(self) -> Path:
        """Folder of landed reads; where these are far, of those that are not yet there."""
        near = not self.landing_is_far and self.landing_url.removeprefix(_FILE)
        return Path(near) if near else self.data_dir / "landing"

    @property
    def runs_dir(self) -> Path:
        return self.data_dir / "runs"


def load() -> Settings:
    """Settings from the environment.

    Raises ConfigError naming every missing, unknown or malformed variable at once; values are not repeated in it.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    ours = (name for name in sorted(os.environ) if name.startswith(PREFIX) and not name.startswith(TEST_PREFIX))
    problems = [f"{name} is unknown" for name in ours if name not in known]
    try:
        loaded = Settings()  # type: ignore[call-arg]  # the required fields come from the environment
    except ValidationError as error:
        problems += [f"{PREFIX}{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()]
    if problems:
        raise ConfigError("settings cannot be used: " + "; ".join(problems))
    return loaded


@lru_cache(maxsize=1)
def current() -> Settings:
    """The process's settings, read once."""
    return load()
