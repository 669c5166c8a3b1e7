"""The rhythm of forgetting: landed reads and working files past their retention are deleted.

    python -m flows.purge [--dry-run] [--as-of TIME]

Exit status: 0 done; 2 the command or the settings are wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from prefect import flow

from errors import ConfigError
from flows.asked import with_offset
from flows.truth import truthful
from tasks.purge import purge_files


@flow(name="purge", flow_run_name="purge")
@truthful
def purge(as_of: datetime | None = None, dry_run: bool = False) -> dict[str, int]:
    """Delete what is older than `landing_retention_days` at `as_of` (now by default) and not needed; returns counts,
    see `tasks.purge`."""
    return purge_files(as_of or datetime.now(UTC), dry_run)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m flows.purge", description="delete landed data past its retention")
    parser.add_argument("--dry-run", action="store_true", help="count only, delete nothing")
    parser.add_argument("--as-of", type=datetime.fromisoformat, help="ISO time with an offset; default: now")
    asked = parser.parse_args(argv)
    try:
        counts = purge(with_offset(asked.as_of), asked.dry_run)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(counts, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
