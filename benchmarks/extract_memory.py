"""Memory of an extraction: the whole of N cases a side beside a tenth of it, in processes of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.extract import sandbox
from benchmarks.measure import Contestant, measure


def run(cases: int, seed: int, folder: Path) -> dict[str, Any]:
    """Seconds and peak memory of extracting both sides to landed Parquet, `ours` for all cases and `ours_tenth` for a
    tenth of them; `memory_ratio` is the first peak by the second.
    """
    results = [_extracted(name, number, seed, folder / name) for name, number in _sizes(cases).items()]
    tenth, whole = (result["peak_mb"] for result in results)
    return {"results": results, "memory_ratio": round(whole / tenth, 3)}


def _sizes(cases: int) -> dict[str, int]:
    return {"ours_tenth": cases // 10, "ours": cases}


def _extracted(name: str, cases: int, seed: int, folder: Path) -> dict[str, Any]:
    folder.mkdir()
    truth = folder / "truth.json"
    with sandbox(cases, seed, truth) as ready:
        period = json.loads(truth.read_text(encoding="utf-8"))["period"]
        (folder / "systems.json").write_text(json.dumps(ready | {"period": period}), encoding="utf-8")
        (result,) = measure([Contestant(name, "benchmarks.contestants:ours_loopback")], folder, 1)
    return result
