"""Views for readers, named `out_...`: what an analyst or an agency needs, without personal data.

They hold no data, so they are not migrated: every upgrade drops them first and creates them anew from these selects. A
change of a view therefore needs a revision too, if only an empty one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, MetaData, Select, String, Table, and_, case, func, select

from schemas.case import CASE_SCHEMA
from schemas.codes import QUARANTINE_LABELS, STATUS_LABELS, Label, Side
from schemas.mismatch import BELIEVED, KINDS, VERDICT_LABELS
from tasks.warehouse.index_tables import other_score, score
from tasks.warehouse.tables import mismatch, quarantine, version

_INTERNAL = {
    "applicant_fingerprint",
    "agency_rung",
    "canonical_version",
    "row_hash",
    "content_hash",
    "window_start",
    "landing_file",
}


@dataclass(frozen=True)
class View:
    """What a view shows, in words and as a query."""

    comment: str
    query: Select[Any]


def _labels(column: ColumnElement[Any], labels: Mapping[Any, Label], name: str) -> list[ColumnElement[str]]:
    """Vietnamese and English words for a code."""
    words = {key.value if isinstance(key, Enum) else key: label for key, label in labels.items()}
    vi = case({key: label.vi for key, label in words.items()}, value=column)
    en = case({key: label.en for key, label in words.items()}, value=column)
    return [vi.label(f"{name}_vi"), en.label(f"{name}_en")]


def _cases() -> Select[Any]:
    v = version.c
    names = [name for name in CASE_SCHEMA.names if name not in _INTERNAL]
    status = _labels(v.status_code, STATUS_LABELS, "status")
    return select(v.side, *(v[name] for name in names), *status, v.recorded_from).where(v.recorded_to.is_(None))


def _mismatches() -> Select[Any]:
    m = mismatch.c
    return select(
        m.case_code,
        m.kind,
        *_labels(m.kind, {kind: info.label for kind, info in KINDS.items()}, "kind"),
        case({kind.value: info.actor.value for kind, info in KINDS.items()}, value=m.kind).label("actor"),
        m.leading,
        m.verdict,
        *_labels(m.verdict, VERDICT_LABELS, "verdict"),
        *(m[name] for name in ("field", "city_value", "portal_value", "agency_code", "procedure_code", "cause")),
        m.since,
        *(m[name] for name in ("first_seen", "last_seen", "confirmed_at", "reopened", "points_lost")),
    ).where(m.resolved_at.is_(None))


def _faults() -> Select[Any]:
    m = mismatch.c
    believed = m.verdict.in_(BELIEVED)
    agencies, procedures = (func.count(column.distinct()) for column in (m.agency_code, m.procedure_code))
    return (
        select(
            m.field,
            m.cause,
            func.count().label("rows"),
            agencies.label("agencies"),
            case((agencies == 1, func.max(m.agency_code))).label("agency_code"),
            procedures.label("procedures"),
            case((procedures == 1, func.max(m.procedure_code))).label("procedure_code"),
            func.sum(m.points_lost).label("points_lost"),
            func.min(m.first_seen).label("first_seen"),
        )
        .where(m.resolved_at.is_(None), believed)
        .group_by(m.field, m.cause)
    )


def _scores() -> Select[Any]:
    s = score.c
    keys = [s.run_id, s.level, s.unit, s.period, s.indicator]
    sides = {
        (side, name): func.max(case((s.side == side.value, s[name])))
        for side in Side
        for name in ("numerator", "denominator", "points")
    }
    gap = sides[Side.CITY, "points"] - sides[Side.PORTAL, "points"]
    named = [value.label(f"{side.value}_{name}") for (side, name), value in sides.items()]
    return select(*keys, *named, gap.label("gap")).group_by(*keys)


def _rules_beside() -> Select[Any]:
    o, s = other_score.c, score.c
    keys = ("run_id", "level", "unit", "period", "indicator", "side")
    same = and_(*(o[name] == s[name] for name in keys))
    values = [o[name] for name in ("rules", "numerator", "denominator", "points")]
    return select(*(o[name] for name in keys), *values, s.points.label("points_now")).join(score, same)


def _quarantine() -> Select[Any]:
    q = quarantine.c
    reason = _labels(q.reason, QUARANTINE_LABELS, "reason")
    times = (q.window_start, q.first_seen, q.last_seen)
    rows = select(q.quarantine_id, q.side, q.case_code, q.probable_code, q.reason, *reason, *times)
    return rows.where(q.released_at.is_(None))


VIEWS: Final[Mapping[str, View]] = {
    "out_cases": View("Cases as each side says them now.", _cases()),
    "out_mismatches": View("Open mismatches, with what they are called and who acts.", _mismatches()),
    "out_faults": View(
        "Late and confirmed mismatches that one thing happened to: likely one fault, one repair.", _faults()
    ),
    "out_scores": View("Points of both sides in one line, for every run; the gap is city minus portal.", _scores()),
    "out_rules_beside": View("Points by other rule sets beside those by the rules of the run.", _rules_beside()),
    "out_quarantine": View("Rows that are set aside now, without what they hold.", _quarantine()),
}


def create(connection: Connection) -> None:
    """Create the views. On PostgreSQL they read with the rights of who asks, so row-level security holds in them."""
    quoted = String().literal_processor(connection.dialect)  # type: ignore[no-untyped-call]
    assert quoted is not None
    for name, view in VIEWS.items():
        query = view.query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        connection.exec_driver_sql(f"CREATE VIEW {name} AS {query}")
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"ALTER VIEW {name} SET (security_invoker = true)")
        connection.exec_driver_sql(f"COMMENT ON VIEW {name} IS {quoted(view.comment)}")


def drop(connection: Connection) -> None:
    """Drop the views that are there."""
    for name in VIEWS:
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {name}")


def as_table(name: str) -> Table:
    """A view's columns, for asking it."""
    columns = (Column(column.name, column.type) for column in VIEWS[name].query.selected_columns)
    return Table(name, MetaData(), *columns)
