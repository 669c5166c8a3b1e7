"""Side-by-side measurements: `python -m benchmarks NAME --cases N [--seed S] --json`.

Each NAME is a module of this package with `run(cases, seed, folder) -> dict`. One JSON object goes to standard output,
everything else to standard error. Exit status 1 when the result has `faults`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
import tempfile
from pathlib import Path

import benchmarks
from benchmarks.measure import machine

NOT_BENCHMARKS = {"contestants", "differing", "knobs", "measure", "peer_compare", "peer_dlt", "postgres"}


def names() -> list[str]:
    """The measurements that exist."""
    modules = (module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    return sorted(name for name in modules if name not in NOT_BENCHMARKS and not name.startswith("_"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=names())
    parser.add_argument("--cases", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one line instead of an indented object")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hoso-bench-") as folder:
        module = importlib.import_module(f"benchmarks.{asked.name}")
        result = module.run(asked.cases, asked.seed, Path(folder))
    report = {"name": asked.name, "cases": asked.cases, "seed": asked.seed, "machine": machine(), **result}
    print(json.dumps(report, indent=None if asked.json else 1, ensure_ascii=False))
    return 1 if result.get("faults") else 0


if __name__ == "__main__":
    sys.exit(main())
