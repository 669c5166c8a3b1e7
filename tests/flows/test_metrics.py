"""Metrics: a file that a Prometheus parser reads, replaced as a whole."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from schemas.codes import Side
from tasks.metrics import write_metrics


def test_the_file_says_what_the_run_found(tmp_path: Path) -> None:
    facts = {
        "ended": 1_795_000_000,
        "completed": True,
        "counts": {Side.CITY: {"extracted": 12, "loaded": 2}, "portal": {"extracted": 11, "loaded": 0}},
        "open": {"missing_on_portal": {"confirmed": 4, "late": 1}},
        "quarantined": {"city": 3},
        "points": {"city": "48.66", "portal": "48.29"},
        "steps": [{"step": "extract", "seconds": 1.5, "peak_mb": 2.0}],
    }
    path = write_metrics(tmp_path, "daily", facts)
    families = text_string_to_metric_families(path.read_text(encoding="utf-8"))
    told = {(s.name, *sorted(s.labels.items())): s.value for family in families for s in family.samples}
    flow = ("flow", "daily")
    assert told["hoso_run_completed", flow] == 1
    assert told["hoso_rows", ("fate", "loaded"), flow, ("side", "city")] == 2
    assert told["hoso_mismatches_open", flow, ("kind", "missing_on_portal"), ("verdict", "confirmed")] == 4
    assert told["hoso_quarantine_rows", flow, ("side", "city")] == 3
    assert told["hoso_points", flow, ("side", "portal")] == 48.29
    assert told["hoso_step_peak_bytes", flow, ("step", "extract")] == 2 * 2**20

    write_metrics(tmp_path, "daily", {"ended": 1_795_000_900, "completed": False})
    assert "hoso_rows{" not in path.read_text(encoding="utf-8")
    assert 'hoso_run_completed{flow="daily"} 0.0' in path.read_text(encoding="utf-8")
    assert [each.name for each in path.parent.iterdir()] == ["hoso_daily.prom"]
