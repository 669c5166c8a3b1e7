"""Bring the Prefect server's automations to what automations.yaml says.

    python -m flows.automations [FILE]

Those named `hoso-sync: ...` that the file no longer has are deleted. Without HOSO_ALERT_BLOCK (`type/name` of a
notification block) they are made, and show in the event feed, but send nothing. Exit status: 0 done; 2 not possible.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.events.actions import DoNothing, SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

import settings
from errors import ConfigError
from tasks.rules.alarm import Alarm

FILE = Path(__file__).resolve().parent.parent / "automations.yaml"
PREFIX = "hoso-sync: "
RUNBOOK = "docs/runbook.md"


class Watch(BaseModel):
    """One entry of the file: an alarm that came, or a run that did not come."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    event: Alarm | None = None
    missing: str = ""
    within: int = Field(default=0, ge=0)
    vi: str
    en: str
    page: str

    @model_validator(mode="after")
    def _one_cause(self) -> Watch:
        if bool(self.event) == bool(self.missing) or bool(self.missing) != bool(self.within):
            raise ValueError(f"{self.name}: name an event, or a missing run and within how many seconds it must come")
        return self


def read(file: Path = FILE) -> list[Watch]:
    """The file's entries. Raises ConfigError."""
    try:
        return [Watch.model_validate(entry) for entry in yaml.safe_load(file.read_text(encoding="utf-8"))]
    except (OSError, TypeError, yaml.YAMLError, ValidationError) as error:
        raise ConfigError(f"{file}: {error}") from error


def automation(watch: Watch, block: UUID | None) -> AutomationCore:
    """What the server has to know of an entry; with a `block`, it sends the text."""
    flow = watch.missing or "*"
    trigger = EventTrigger(
        posture=Posture.Proactive if watch.missing else Posture.Reactive,
        expect={"hoso-sync.run.completed" if watch.missing else f"hoso-sync.{watch.event}"},
        match=ResourceSpecification({"prefect.resource.id": f"hoso-sync.flow.{flow}"}),
        for_each={"prefect.resource.id"},
        threshold=1,
        within=watch.within,  # type: ignore[arg-type]  # seconds are taken
    )
    text = f"{watch.vi}\n\n{watch.en}\n\n{{{{ event.payload }}}}\n\n{RUNBOOK}#{watch.page}"
    action = SendNotification(block_document_id=block, subject=PREFIX + watch.name, body=text) if block else DoNothing()
    description = f"{watch.vi} / {watch.en}"
    return AutomationCore(name=PREFIX + watch.name, description=description, trigger=trigger, actions=[action])


def apply(watches: Sequence[Watch], block: UUID | None) -> dict[str, int]:
    """Create, update and delete until the server has these automations; returns how many of each."""
    counts = {"created": 0, "updated": 0, "deleted": 0}
    with get_client(sync_client=True) as client:
        known = {each["name"]: UUID(each["id"]) for each in _ours(client)}
        for watch in watches:
            wanted = automation(watch, block)
            if existing := known.pop(wanted.name, None):
                client.update_automation(existing, wanted)
                counts["updated"] += 1
            else:
                client.create_automation(wanted)
                counts["created"] += 1
        for gone in known.values():
            client.delete_automation(gone)
            counts["deleted"] += 1
    return counts


def _ours(client: SyncPrefectClient) -> list[dict[str, Any]]:
    response = client.request("POST", "/automations/filter", json={"limit": 200, "offset": 0})
    response.raise_for_status()
    return [each for each in response.json() if each["name"].startswith(PREFIX)]


def alert_block() -> UUID | None:
    """The notification block that HOSO_ALERT_BLOCK names; None when it names none. Raises ConfigError."""
    named = settings.current().alert_block
    if not named:
        return None
    kind, _, name = named.partition("/")
    with get_client(sync_client=True) as client:
        try:
            return client.read_block_document_by_name(name, kind).id
        except Exception as error:
            raise ConfigError(f"HOSO_ALERT_BLOCK: there is no block {named} on the Prefect server") from error


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m flows.automations", description="apply automations.yaml")
    parser.add_argument("file", type=Path, nargs="?", default=FILE)
    asked = parser.parse_args(argv)
    try:
        print(apply(read(asked.file), alert_block()))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
