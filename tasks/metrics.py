"""Metrics of each flow's latest run, in Prometheus' text format, for the text-file collector of a node exporter."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

FOLDER = "metrics"


def write_metrics(data_dir: Path, flow: str, facts: Mapping[str, Any]) -> Path:
    """Write `<data_dir>/metrics/hoso_<flow>.prom`, renamed into place; returns its path.

    `facts`: `ended` (Unix seconds), `completed`, and where known `counts` (side -> fate -> rows), `open` (kind ->
    verdict -> mismatches), `quarantined` (side -> rows), `points` (side -> points), `steps` (step, seconds, peak_mb).
    """
    registry = CollectorRegistry()

    def gauge(name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"hoso_{name}", meaning, ["flow", *labels], registry=registry)

    gauge("run_ended_timestamp_seconds", "When the latest run ended").labels(flow).set(facts["ended"])
    gauge("run_completed", "1: the latest run is whole, 0: it failed").labels(flow).set(int(facts["completed"]))
    rows = gauge("rows", "Rows of the latest run", "side", "fate")
    for side, fates in facts.get("counts", {}).items():
        for fate, count in fates.items():
            rows.labels(flow, str(side), fate).set(count)
    mismatches = gauge("mismatches_open", "Open mismatches", "kind", "verdict")
    for kind, verdicts in facts.get("open", {}).items():
        for verdict, count in verdicts.items():
            mismatches.labels(flow, kind, verdict).set(count)
    quarantined = gauge("quarantine_rows", "Rows in quarantine", "side")
    for side, count in facts.get("quarantined", {}).items():
        quarantined.labels(flow, str(side)).set(count)
    points = gauge("points", "Points of the indicators that cases feed", "side")
    for side, text in facts.get("points", {}).items():
        points.labels(flow, str(side)).set(float(text))
    seconds = gauge("step_seconds", "Seconds of a step of the latest run", "step")
    memory = gauge("step_peak_bytes", "Peak resident memory during a step", "step")
    for step in facts.get("steps", []):
        seconds.labels(flow, step["step"]).set(step["seconds"])
        memory.labels(flow, step["step"]).set(step["peak_mb"] * 2**20)
    path = data_dir / FOLDER / f"hoso_{flow.replace('-', '_')}.prom"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_to_textfile(str(path), registry)
    return path
