"""A landing zone elsewhere: whole files or none, across processes and after a kill at any place, and clear refusals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import known_implementations

import settings
from errors import ConfigError, LandingError
from schemas.codes import Side
from schemas.crash import VARIABLE
from settings import Settings
from tasks.sources import landing
from tasks.sources.landing import read_and_land
from tasks.sources.zone import Zone
from tests.crash.labels import ROOT, labels
from tests.sources.test_landing import WHOLE, WINDOW, source_of

ROWS = [WHOLE | {"dossierId": str(number)} for number in range(6)]
PAGES = [ROWS[:2], ROWS[2:4], ROWS[4:]]
READ = (Side.CITY.value, WINDOW.name, "r1")
_CHILD = """
import sys
import tests.sources.test_zone as zone
zone.landing.FILE_ROWS = 1
zone.read_and_land(zone.source_of(*zone.PAGES), zone.WINDOW, zone.Path(sys.argv[1]) / "landing", "r1", zone.knobs_of(
    zone.Path(sys.argv[1]), sys.argv[2]))
"""


def knobs_of(folder: Path, url: str) -> Settings:
    needed = {"city_url": "-", "portal_url": "-", "portal_password": "-", "fingerprint_key": "-"}
    return Settings(**needed, data_dir=folder, landing_url=url)  # type: ignore[arg-type]


def ids(zone: Zone, files: list[str]) -> list[Any]:
    return [value for file in files for value in zone.table(file, ["record_id"])["record_id"].to_pylist()]


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(MemoryFileSystem, "store", {})
    monkeypatch.setattr(MemoryFileSystem, "pseudo_dirs", [""])
    monkeypatch.setattr("tasks.sources.spool.GROUP_ROWS", 1)
    monkeypatch.setattr(landing, "FILE_ROWS", 2)
    return knobs_of(tmp_path, "memory://landing")


def test_a_far_read_is_a_near_one(memory: Settings, tmp_path: Path) -> None:
    near = read_and_land(source_of(*PAGES), WINDOW, tmp_path / "near", "r1", knobs_of(tmp_path, ""))
    far = read_and_land(source_of(*PAGES), WINDOW, memory.landing_dir, "r1", memory)
    zone = Zone.of(memory)
    assert len(far.files) == 3 == len(near.files)
    assert all(file.startswith("memory://") for file in far.files)
    for ours, theirs in zip(far.files, near.files, strict=True):
        assert zone.table(ours).equals(pq.read_table(theirs))
        assert zone.table(theirs, ["payload"]).equals(pq.read_table(theirs, columns=["payload"]))
        assert zone.holds(ours)
        assert zone.holds(theirs)
        one = zone.table(ours)["record_id"][0].as_py()
        assert zone.table(ours, ["record_id"], [("record_id", "=", one)])["record_id"].to_pylist() == [one]
    assert zone.listed(READ) == far.files
    assert zone.listed((*READ[:2], "r2")) == []
    assert not [path for path in memory.landing_dir.rglob("*") if path.is_file()]  # nothing personal stays here
    assert [kept.read for kept in zone.everything()] == [READ]
    zone.forget(far.files)
    assert list(zone.everything()) == []
    assert not zone.holds(far.files[0])
    zone.forget(far.files)


def test_what_was_not_moved_into_place_is_not_there(memory: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file system fails at the second of three files; an attempt at the same read takes the place of all."""
    move, moved = MemoryFileSystem.mv, []

    def failing(self: Any, path: str, place: str, **more: Any) -> None:
        if len(moved) == 1:
            raise PermissionError("the key of access is in here")
        moved.append(place)
        move(self, path, place, **more)

    zone = Zone.of(memory)
    with monkeypatch.context() as patched:
        patched.setattr(MemoryFileSystem, "mv", failing)
        with pytest.raises(LandingError, match=r"HOSO_LANDING_URL.*PermissionError") as raised:
            read_and_land(source_of(*PAGES), WINDOW, memory.landing_dir, "r1", memory)
    assert "key of access" not in str(raised.value)
    (left,) = zone.listed(READ)
    assert ids(zone, [left]) == ["0", "1"]
    again = read_and_land(source_of(*PAGES), WINDOW, memory.landing_dir, "r1", memory)
    assert again.resumed == len(PAGES)
    assert zone.listed(READ) == again.files
    assert left not in again.files
    assert ids(zone, again.files) == [str(number) for number in range(6)]


@pytest.mark.parametrize("label", ["spool.after_page", *(each for each in labels() if each.startswith("land."))])
def test_a_killed_landing_goes_on_in_another_process(tmp_path: Path, label: str) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    url = f"dir://zone::file://{shared}"
    command = [sys.executable, "-c", _CHILD, str(tmp_path), url]
    killed = subprocess.run(command, cwd=ROOT, env=os.environ | {VARIABLE: label, "PYTHONPATH": str(ROOT)})
    assert killed.returncode == -signal.SIGKILL
    zone = Zone.of(knobs_of(tmp_path, url))
    shown = zone.listed(READ)
    assert bool(shown) == (label in ("land.after_rename", "land.after_spool_removed"))
    assert ids(zone, shown) in ([], [str(number) for number in range(6)])
    knobs = knobs_of(tmp_path, url)
    landed = read_and_land(source_of(*PAGES), WINDOW, knobs.landing_dir, "r1", knobs)
    assert ids(zone, landed.files) == [str(number) for number in range(6)]
    assert zone.listed(READ) == landed.files


def test_a_folder_url_is_a_folder(tmp_path: Path, knobs: Callable[..., Settings]) -> None:
    """Reads on a shared folder are renamed into place, and can be resumed by all machines that see it."""
    shared = knobs(landing_url=f"file://{tmp_path / 'shared'}")
    landed = read_and_land(source_of(*PAGES), WINDOW, shared.landing_dir, "r1", shared)
    assert landed.files == [str(tmp_path / "shared" / Side.CITY / WINDOW.name / "r1" / "00000.parquet")]
    assert not Zone.of(shared).far


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("lacking://bucket/landing", "install lacking-fs"),
        ("dir::lacking://bucket/landing", "install lacking-fs"),
        ("unheard://bucket/landing", "unheard"),
        ("sftp://user:secret@host/landing", "fsspec's own configuration"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, said: str
) -> None:
    known = {"class": "lacking_fs.FileSystem", "err": "install lacking-fs"}
    monkeypatch.setitem(known_implementations, "lacking", known)
    for name, value in {"CITY_URL": "-", "PORTAL_URL": "-", "PORTAL_PASSWORD": "-", "FINGERPRINT_KEY": "-"}.items():
        monkeypatch.setenv(f"HOSO_{name}", value)
    monkeypatch.setenv("HOSO_LANDING_URL", url)
    with pytest.raises(ConfigError, match=f"HOSO_LANDING_URL: .*{said}") as raised:
        settings.load()
    assert "secret" not in str(raised.value)
    monkeypatch.setenv("HOSO_LANDING_URL", f"memory://{tmp_path}")
    assert settings.load().landing_is_far
