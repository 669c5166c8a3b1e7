"""The demonstration: start the sandbox, run the daily flow on it, compare what was found with what was planted.

python -m flows.demo [--cases 20000] [--seed 1] [--dir data/demo] [--repair]
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

START_SECONDS = 300


def main() -> int:
    """Run it; 0 when the daily flow completed, whatever it found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dir", type=Path, default=Path("data/demo"))
    parser.add_argument("--repair", action="store_true", help="push what the run recommends, and run again")
    asked = parser.parse_args()
    folder = asked.dir.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    print(f"Starting the sandbox: {asked.cases:,} cases, seed {asked.seed} ...", flush=True)
    token = secrets.token_hex(16)
    with sandbox(asked.cases, asked.seed, folder / "truth.json", "--write-token", token) as ready:
        configure(ready, _data_dir(folder, asked))
        print(f"City {ready['city']}, portal {ready['portal']}. Running the daily flow ...", flush=True)
        truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        result = _run_daily(truth)
        repaired: dict[str, Any] = {}
        if asked.repair:
            from flows.demo_repair import repair

            print("Pushing what the run recommends ...", flush=True)
            repaired = repair(truth, result["run_id"], token)
    told = summary(truth, result) | repaired | {"seconds": round(time.perf_counter() - started, 1)}
    (folder / "summary.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    _tell(told, folder)
    return 0


def _data_dir(folder: Path, asked: argparse.Namespace) -> Path:
    """Runs over one city share a folder, since it never changes. A demonstration with repair begins anew: its pushes
    are gone with the portal that took them."""
    data_dir = folder / f"{asked.cases}-{asked.seed}{'-repair' if asked.repair else ''}"
    if asked.repair and data_dir.exists():
        shutil.rmtree(data_dir)
    return data_dir


@contextmanager
def sandbox(cases: int, seed: int, truth: Path, *more: str) -> Iterator[dict[str, Any]]:
    """The two simulated systems in a process of their own, stopped at the end; gives the line with their addresses."""
    command = [sys.executable, "-m", "sandbox", "serve", "--cases", str(cases), "--seed", str(seed)]
    command += ["--truth", str(truth), "--city-port", "0", "--portal-port", "0", *more]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SystemExit(f"the sandbox ended at once (exit status {process.wait()})")
        yield json.loads(line)
    finally:
        process.terminate()
        process.wait(timeout=30)


def configure(ready: dict[str, Any], data_dir: Path) -> None:
    """Settings of the demonstration, before anything of the product is imported. The key is made once and kept."""
    data_dir.mkdir(parents=True, exist_ok=True)
    key = data_dir / "fingerprint.key"
    if not key.exists():
        key.touch(mode=0o600)
        key.write_text(secrets.token_hex(32))
    os.environ |= {
        "HOSO_CITY_URL": ready["city"],
        "HOSO_PORTAL_URL": ready["portal"],
        "HOSO_PORTAL_PASSWORD": "sandbox",
        "HOSO_FINGERPRINT_KEY": key.read_text(),
        "HOSO_DATA_DIR": str(data_dir),
    }
    home = os.environ.setdefault("PREFECT_HOME", str(Path("data/prefect").resolve()))
    Path(home).mkdir(parents=True, exist_ok=True)  # Prefect makes the last folder only


def _run_daily(truth: dict[str, Any]) -> dict[str, Any]:
    """The flow over everything the sandbox has, on the sandbox's clock; with the open mismatches it left."""
    import settings
    from flows.daily import daily
    from schemas.mismatch import BELIEVED
    from tasks.warehouse import reading
    from tasks.warehouse.engine import open_engine, transaction

    # A day of margin on either side: a time that is wrong by hours may lie on a neighbouring day.
    start = date.fromisoformat(truth["period"]["start"]) - timedelta(days=1)
    end = date.fromisoformat(truth["period"]["end"]) + timedelta(days=2)
    result = daily(start, end, datetime.fromisoformat(truth["now"]))
    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        mismatches = reading.open_mismatches(connection)
    believed = mismatches[mismatches["verdict"].isin(BELIEVED)]
    result["found"] = set(zip(believed["case_code"], believed["kind"], strict=True))
    return result


def summary(truth: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """What was planted against what was found. A case found under another kind than its own is `wrong_kind`."""
    planted = {(row["case_code"], row["kind"]) for row in truth["mismatches"]}
    found: set[tuple[str, str]] = result["found"]
    planted_cases, found_cases = {code for code, _ in planted}, {code for code, _ in found}
    wrong = {code for code, _ in planted ^ found if code in planted_cases and code in found_cases}
    counts = result["counts"].values()
    return {
        "city_cases": truth["city_cases"],
        "portal_cases": truth["portal_cases"],
        "planted": len(planted),
        "found": len(planted & found),
        "missed": len({(code, kind) for code, kind in planted if code not in found_cases}),
        "false_alarms": len({(code, kind) for code, kind in found if code not in planted_cases}),
        "wrong_kind": len(wrong),
        "planted_bad_rows": len(truth["bad_rows"]),
        "quarantined": sum(count["quarantined"] for count in counts),
        "new_versions": sum(count["loaded"] for count in counts),
        "equal_pairs": truth["equal_pairs"],
        "points": result["scores"],
        "run_id": result["run_id"],
        "report": result["reports"]["html"],
    }


def _repaired(told: dict[str, Any]) -> str:
    if "pushed" not in told:
        return ""
    return (
        f"Repaired    {told['proven']:>9,} of {told['pushed']:,} pushed cases were proven; "
        f"{told['regained_points']} points regained of {told['promised_points']} promised\n"
    )


def _tell(told: dict[str, Any], folder: Path) -> None:
    points = told["points"]
    print(
        f"""
Read        {told["city_cases"]:>9,} records of the city and {told["portal_cases"]:,} of the portal
Wrote       {told["new_versions"]:>9,} new versions
Quarantined {told["quarantined"]:>9,} rows ({told["planted_bad_rows"]:,} bad rows were planted)
Found       {told["found"]:>9,} of {told["planted"]:,} planted mismatches: {told["missed"]} missed, \
{told["false_alarms"]} false alarms, {told["wrong_kind"]} of the wrong kind
            {told["equal_pairs"]:>9,} pairs were equal in another spelling
Points      {points["city"]:>9} by the city's own record, {points["portal"]} by the portal's copy
{_repaired(told)}
Report      {told["report"]}
Figures     {folder / "summary.json"}
Prefect UI  make ui, then open http://127.0.0.1:4200
Took        {told["seconds"]} s
"""
    )


if __name__ == "__main__":
    sys.exit(main())
