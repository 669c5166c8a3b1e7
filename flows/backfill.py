"""The rhythm of catching up: any range of days, window by window, each once, as often interrupted as it may be.

    python -m flows.backfill 2024-01-01 2027-01-01 [--sides both] [--by month] [--dry-run] [--restart]
    python -m flows.backfill 2024-01-01 2027-01-01 --re-judge [--agency CODE] [--as-of TIME]

The plan is shown first; `--dry-run` stops after it. Started again over the same days, it goes on where it stopped.
Exit status: the bit mask of docs/operations.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from pydantic import ValidationError

import settings
from errors import ConfigError, HosoError, SourceError
from flows.asked import AgencyCode, Days, Sides, with_offset
from flows.carry import Load, carry, run_folder, together
from flows.judge import judge, new_run_id
from flows.judge import re_judge as judge_again
from flows.progress import Progress
from flows.runner import check_writers, runner
from flows.stopwatch import Stopwatch
from flows.truth import command, truthful
from schemas.window import Step, divide
from tasks.estimate import estimate
from tasks.extract import read_catalogues
from tasks.resume import begin, settle, take_up

FLOW = "backfill"


@flow(name=FLOW, flow_run_name="backfill {days.start}..{days.end}", task_runner=runner(), validate_parameters=True)
@truthful
def backfill(
    days: Days,
    sides: Sides = Sides.BOTH,
    by: Step = Step.MONTH,
    dry_run: bool = False,
    re_judge: bool = False,
    restart: bool = False,
    agency: AgencyCode = "",
    as_of: datetime | None = None,
) -> dict[str, Any]:
    """Read the cases received in some days again, window by window, and judge everything once at the end.

    Windows are independent: after a crash or a cancellation, the same request goes on with those that are missing.

    Args:
        days: Ngày tiếp nhận cần đọc / the received days to read.
        sides: Bên cần đọc / the sides to read.
        by: Độ dài một cửa sổ / the length of a window.
        dry_run: Chỉ xem kế hoạch / show the plan and stop.
        re_judge: Không đọc gì, xét lại dữ liệu đã lưu theo luật hôm nay / read nothing, judge what is stored by today's
            rules.
        restart: Bỏ lượt dang dở, làm lại từ đầu / give an unfinished backfill up and begin anew.
        agency: Chỉ với re_judge: mã định danh của một đơn vị / with re_judge alone: one agency's identifier.
        as_of: Giờ đọc giả định, để thử nghiệm / a fixed clock reading, for tests and simulations.
    """
    if agency and not re_judge:
        raise ConfigError("a backfill reads whole days: an agency can be named with re_judge alone")
    if re_judge:
        return judge_again((days.start, days.end), as_of or datetime.now(UTC), agency)
    check_writers(settings.current())
    asked = (days.start, days.end)
    known = take_up(FLOW, asked, restart)
    wanted = [(side, window) for window in divide(*asked, by) for side in sides.sides]
    missing = [each for each in wanted if each not in set(known["done"])]
    plan = {"windows": len(wanted), "done": len(wanted) - len(missing), "to_read": len(missing), **estimate(missing)}
    _show(plan, days, sides, by)
    if dry_run:
        return {"windows": plan}
    run_id = known["run_id"] or _begin(asked, as_of)
    watch = Stopwatch()
    with watch.step("windows"):
        loads = together(missing, plan["rows_a_day"], settings.current().batch_rows)
        carried, failed = _carry_all(loads, run_id, as_of)
    watch.rows("windows", sum(window["extracted"] for window in carried))
    if failed:
        raise SourceError(
            FLOW, f"{len(failed)} of {len(loads)} loads of windows failed ({'; '.join(failed[:3])}): start it again"
        )
    finished_at = as_of or datetime.now(UTC)
    counts = settle(run_id, finished_at)
    drift = [finding for window in carried for finding in window["drift"]]
    plan["workers"] = sorted({window["worker"] for window in carried})
    return judge(FLOW, run_id, finished_at, asked, counts, watch, drift) | {"windows": plan}


def _begin(days: tuple[date, date], as_of: datetime | None) -> str:
    """Enter a new run in the ledger; its id."""
    now = as_of or datetime.now(UTC)
    run_id = new_run_id(now)
    read_catalogues(run_folder(run_id))
    begin(run_id, FLOW, now, days, run_folder(run_id))
    return run_id


def _carry_all(loads: list[Load], run_id: str, as_of: datetime | None) -> tuple[list[dict[str, Any]], list[str]]:
    """All windows over the task runner, with a progress artifact; the counts, and what failed in words."""
    futures = [carry.submit(load.side, load.windows, run_id, as_of, run_folder(run_id)) for load in loads]
    progress = Progress(len(futures), key="backfill")
    carried, failed = [], []
    for future in progress.follow(futures):
        outcome = future.result(raise_on_failure=False)
        if isinstance(outcome, BaseException):
            told = f": {outcome}" if isinstance(outcome, HosoError) else ""  # others may repeat values
            failed.append(type(outcome).__name__ + told)
        else:
            carried.append(outcome)
            progress.add(outcome["extracted"])
    return carried, failed


def _show(plan: dict[str, Any], days: Days, sides: Sides, by: Step) -> None:
    """The plan as an artifact and in the log."""
    grounds = ", ".join(f"{side}: {ground}" for side, ground in plan["known_from"].items()) or "–"
    minutes = plan["seconds"] / 60
    lines = [
        f"# Kế hoạch / Plan: {days.start}..{days.end}, {sides}, {by}",
        "",
        "| | |",
        "|---|---:|",
        f"| Cửa sổ / windows | {plan['windows']:,} |",
        f"| Đã xong / done before | {plan['done']:,} |",
        f"| Còn phải đọc / to read | {plan['to_read']:,} |",
        f"| Số dòng ước tính / rows, estimated | {plan['rows']:,} |",
        f"| Số yêu cầu ước tính / requests, estimated | {plan['requests']:,} |",
        f"| Thời gian ước tính / time, estimated | {minutes:,.1f} phút / min |",
        f"| Căn cứ / on the grounds of | {grounds} |",
    ]
    create_markdown_artifact("\n".join(lines), key="backfill-plan", description="Kế hoạch / Backfill plan")
    get_run_logger().info("plan: %s", plan)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m flows.backfill", description="read a range of days again")
    parser.add_argument("start", type=date.fromisoformat, help="first received day")
    parser.add_argument("end", type=date.fromisoformat, help="the day after the last")
    parser.add_argument("--sides", type=Sides, choices=list(Sides), default=Sides.BOTH)
    parser.add_argument("--by", type=Step, choices=list(Step), default=Step.MONTH, help="length of a window")
    parser.add_argument("--dry-run", action="store_true", help="show the plan and stop")
    parser.add_argument("--re-judge", action="store_true", help="read nothing; today's rules judge what is stored")
    parser.add_argument("--restart", action="store_true", help="do not go on with an unfinished backfill: begin anew")
    parser.add_argument("--agency", default="", help="with --re-judge: one agency's scores")
    parser.add_argument("--as-of", type=datetime.fromisoformat, help="ISO time with an offset; default: now")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    asked = _arguments(argv)

    def run() -> dict[str, Any]:
        try:
            days = Days(start=asked.start, end=asked.end)
        except ValidationError as error:
            raise ConfigError("; ".join(each["msg"] for each in error.errors())) from error
        settings.current()
        result: dict[str, Any] = backfill(
            days,
            asked.sides,
            asked.by,
            asked.dry_run,
            asked.re_judge,
            asked.restart,
            asked.agency,
            with_offset(asked.as_of),
        )
        return result

    return command(run, lambda result: print(result.get("windows", ""), *result.get("reports", {}).values(), sep="\n"))


if __name__ == "__main__":
    sys.exit(main())
