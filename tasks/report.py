"""Report: freeze the run's result, draw the page and the workbook, and tell the story on the flow's page."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

import settings
from schemas.case import CANONICAL_VERSION
from schemas.crash import point
from schemas.findings import Findings, RunFacts, StepTiming
from tasks.reports import html, markdown, workbook
from tasks.rules.summary import Answers, freeze
from tasks.warehouse import reading
from tasks.warehouse.engine import open_engine, publish_snapshot, transaction
from tasks.warehouse.queries import text_findings
from tasks.warehouse.runs import RULES_VERSION, close_run, code_version

COSTLIEST = 200


@task(name="report", tags=["report"])
def report(
    run_id: str, as_of: datetime, days: tuple[date, date], steps: list[dict[str, Any]], run_dir: str
) -> dict[str, str]:
    """Write `findings.json`, `report.html` and `report.xlsx` and the flow's artifacts; returns the three paths."""
    knobs = settings.current()
    run = RunFacts(
        run_id=run_id,
        as_of=as_of,
        start=days[0],
        end=days[1],
        code_version=code_version(),
        canonical_version=CANONICAL_VERSION,
        rules_version=RULES_VERSION,
    )
    with transaction(open_engine(knobs), knobs) as connection:
        answers = Answers(
            sides=reading.side_counts(connection, run_id),
            kinds=reading.kinds(connection),
            events=reading.events(connection, run_id),
            by_agency=reading.by_agency(connection),
            costliest=reading.costliest(connection, COSTLIEST),
            quarantined=reading.quarantined(connection),
            scores=reading.scores(connection, run_id),
            agency_names=reading.agency_names(connection),
            text_findings=text_findings(connection),
            intervals=reading.intervals(connection, run_id),
            parts=reading.parts(connection, run_id),
            advice=reading.advice(connection, run_id),
            agency_parts=reading.agency_parts(connection, run_id),
            published=reading.published_lines(connection, run_id),
            other_scores=reading.other_scores(connection, run_id),
            fingerprints=reading.fingerprints(connection),
            lags=reading.lags(connection),
        )
        close_run(connection, run_id, "reported")
        point("report.before_commit")
    point("report.after_commit")
    publish_snapshot(knobs)
    point("report.after_snapshot")
    findings = freeze(run, answers, [StepTiming.model_validate(step) for step in steps])
    paths = _write(findings, Path(run_dir))
    _publish(findings, paths)
    get_run_logger().info("report: %s", paths["html"])
    return paths


def _write(findings: Findings, folder: Path) -> dict[str, str]:
    paths = {kind: folder / f"report.{kind}" for kind in ("json", "html", "xlsx")}
    paths["json"].write_text(findings.model_dump_json(indent=1), encoding="utf-8")
    point("report.after_json")
    paths["html"].write_text(html.render(findings), encoding="utf-8")
    point("report.after_html")
    workbook.write(findings, paths["xlsx"])
    point("report.after_workbook")
    return {kind: str(path.resolve()) for kind, path in paths.items()}


def _publish(findings: Findings, paths: dict[str, str]) -> None:
    """The flow page's artifacts; keys are stable, so the UI shows their history."""
    create_markdown_artifact(markdown.summary(findings), key="summary", description="Tóm tắt lần chạy / Run summary")
    create_table_artifact(markdown.kind_rows(findings), key="mismatches", description="Sai lệch theo loại / By kind")
    create_table_artifact(markdown.agency_rows(findings), key="agencies", description="Theo đơn vị / By agency")
    create_link_artifact(Path(paths["html"]).as_uri(), key="report", link_text="Báo cáo / Report")
