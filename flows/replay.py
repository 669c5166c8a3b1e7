"""The rhythm of correction: after a setting or a rule was mended, judge the rows in quarantine again.

    python -m flows.replay --reason bad_status[,bad_code] [--side city|portal] [--as-of TIME]

Exit status: 0 done, whatever stayed in quarantine; 2 the command or the settings are wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from prefect import flow

import settings
from errors import ConfigError
from flows.asked import with_offset
from flows.truth import truthful
from schemas.codes import QuarantineReason, Side
from tasks.clean import clean
from tasks.reconcile import reconcile_sides
from tasks.replay import load_judged, restore
from tasks.validate import validate


@flow(name="replay", flow_run_name="replay {reasons}")
@truthful
def replay(
    reasons: list[QuarantineReason], sides: list[Side] | None = None, as_of: datetime | None = None
) -> dict[str, Any]:
    """Judge the open quarantine rows of some reasons by today's rules, load what is good now, reconcile.

    `as_of` is the run's one clock reading, now by default, and later than every read and replay before it. Returns the
    run's id, its counts by side, and what the reconciliation did. Raises ConfigError.
    """
    as_of = as_of or datetime.now(UTC)
    run_id = f"{as_of.astimezone(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"
    run_dir = str(settings.current().runs_dir.resolve() / run_id)
    restored = {side: restore(side, reasons, as_of, run_dir) for side in sides or list(Side)}
    # Rows of the quarantine are bad more often than not: no flood is to be feared from them.
    validated = {
        side: validate(side, taken["landed"], run_dir, stop_at_flood=False)
        if taken["rows"]
        else {"accepted": [], "quarantine": []}
        for side, taken in restored.items()
    }
    cleaned = {side: clean(side, outcome["accepted"], run_dir) for side, outcome in validated.items()}
    counts = load_judged(run_id, as_of, restored, validated, cleaned)
    changed = sum(count["replayed"] - count["quarantined"] for count in counts.values())
    ledger = reconcile_sides(run_id, as_of, run_dir) if changed else {}
    return {"run_id": run_id, "counts": counts, "ledger": ledger}


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m flows.replay", description="judge rows in quarantine again")
    known = ", ".join(QuarantineReason)
    parser.add_argument("--reason", required=True, metavar="REASON[,REASON]", help=f"one or more of {known}")
    parser.add_argument("--side", choices=list(Side), help="one side only")
    parser.add_argument("--as-of", type=datetime.fromisoformat, help="ISO time with an offset; default: now")
    return parser.parse_args(argv)


def _reasons(text: str) -> list[QuarantineReason]:
    """Raises ConfigError naming the words that are no reasons."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    if unknown := sorted(set(words) - set(QuarantineReason)):
        raise ConfigError(f"no reason of the quarantine: {', '.join(unknown)}")
    return [QuarantineReason(word) for word in dict.fromkeys(words)]


def main(argv: Sequence[str] | None = None) -> int:
    asked = _arguments(argv)
    try:
        result = replay(_reasons(asked.reason), [Side(asked.side)] if asked.side else None, with_offset(asked.as_of))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(result, ensure_ascii=False, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
