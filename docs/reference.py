"""Writes `docs/reconciliation.md` from the declarative tables of `schemas`: `python -m docs.reference`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from expectations.suites import SUITES
from schemas.case import COMPARED, POLICY
from schemas.codes import QUARANTINE_LABELS, STATUS_LABELS, Side, Status
from schemas.lag import MIN_OBSERVATIONS, MONTHS_KEPT
from schemas.mismatch import KINDS, VERDICT_LABELS, Kind, Verdict
from schemas.references import FILES
from tasks.rules.lifecycle import NEXT, kind_of
from tasks.rules.text import Rung

PAGE = Path(__file__).parent / "reconciliation.md"

RUNGS = {
    Rung.BYTES: "the same characters",
    Rung.NFC: "the same after Unicode composition (NFC)",
    Rung.SPACE: "the same after collapsing white space and removing what does not show",
    Rung.TONE: "the same after placing Vietnamese tones alike (Hoà = Hòa)",
    Rung.D_STROKE: "the same after writing Đ alike (U+0110 = U+00D0 = U+0189)",
    Rung.NO_DIACRITICS: "the same without diacritics and case: never used for agency names",
}
VERDICTS = {
    Verdict.IN_FLIGHT: "the city's last change is younger than the lag allows (below)",
    Verdict.LATE: "older than that, younger than the deadline",
    Verdict.CONFIRMED: "older than both; two records with one code are so at once, as no delay explains them",
    Verdict.UNKNOWN: "a side could not be read (below)",
    Verdict.RESOLVED: "no longer found by a full run",
    Verdict.SUPPRESSED: "set aside up to and with a day, for a reason (`python -m flows.suppress`); after it the"
    " verdict is what its age says",
}
LAG = (
    "The lag is measured from changes that were seen to arrive, for each direction (to the portal; to the city, for"
    " `missing_in_city`) and procedure; what was confirmed before it arrived was sent again and does not count. It is"
    f" used once {MIN_OBSERVATIONS} were seen in {MONTHS_KEPT} months, of the procedure, else of all procedures.",
    "In flight: until 99 of 100 changes have arrived (p99). The deadline: until all but about one in a million have,"
    " `p50 * (p99 / p50) ** 2.043`, twice the p99 at the least, `confirm_hours` or four times the p99 at the most; a"
    " procedure's is never before its direction's.",
    "Until then: in flight for `lag_minutes`, deadline after `confirm_hours`.",
    "A change counts from its source's clock, less what that clock is ahead of ours, to the last read of both sides.",
)
UNKNOWN = (
    "A row of the case, on either side, is in quarantine: every mismatch of the case. A malformed code counts for the"
    " case that it most probably means.",
    "The other side was never asked for the day under which the case is listed (its received day; the submission day"
    " of a case that is not received yet): `missing_on_portal`, `missing_in_city`.",
    "Both sides were not read since the change: a window that failed today leaves its cases as they were known before,"
    " and those that changed since unknown. So is a pair whose portal record is younger than the last read of the city"
    " by more than 12 hours.",
    "Nothing says since when the sides could have agreed: neither a change in the city nor a received time.",
)
CAUSES = (
    "Each mismatch has a cause: what happened to the value on its way (`shift +07:00`, `date only`, `one status"
    " behind`, `suffix kept`, `never arrived`, `2 became 1`, ...). Agency, procedure, field and cause are its"
    " fingerprint. Mismatches with one field and cause are one fault, narrowed to an agency or a procedure that has at"
    " least 80 % of them; the report names the largest faults, and `out_faults` all.",
)
STATUS_WORDS = {
    Kind.STATUS_BEHIND: "the city's status can be reached from the portal's; also where each can follow the other (4"
    " and 5, say), because a step that has not arrived is the usual reason",
    Kind.STATUS_AHEAD: "it cannot: the portal ran ahead, moved backwards, or went a way that the lifecycle lacks",
    Kind.STATUS_REWRITTEN: "the one difference with a known author; the finish time that came with it is part of it",
}
KEYS = (
    "Rows without a case code, with a malformed one, or with one that another record has never enter a join: the"
    " first two are set aside under their reasons, the last is a mismatch of its own, whatever else is wrong with its"
    " rows.",
    "Before anything is compared, codes and names go through the site's reference tables (`HOSO_REFERENCE_DIR`): old"
    " and new forms of case codes, local and renumbered procedure codes, codes and names of agencies that were merged"
    " (as in July 2025), each from its first day to before its last, by the day under which a case is listed.",
    "A local suffix of a procedure code is the city's own business; on the portal it is a mismatch, as is a local"
    " code.",
)
TIMES = (
    "Times are equal when they are so at the coarser side's precision (second, minute, day), in Vietnam's wall clock.",
    "A deadline lasts until the end of the minute or day that was written.",
    "`due_differs` and `finished_differs` stand for themselves only while both sides give the same overdue verdict;"
    " otherwise the case is `phantom_overdue` or `hidden_overdue`.",
    "A verdict flips only if the clocks differ beyond their precision: when they stopped, the written due (or else"
    " received) time, the waiting added to it. Waiting may differ by one unit of the coarser side (minute, day) for"
    " each request, where both sides have the same requests; an answer before its request adds no waiting.",
    "A finish time that one side lacks counts where that side's status is an end (3, 7, 8, 9, 10) or the statuses"
    " agree; before the end the status says it already.",
    "A case without a deadline on one side cannot be judged, so no verdict flips.",
    "A result that the portal lacks counts once both sides say 9 or 10; one on the portal alone once the city does.",
)


def page() -> str:
    """The whole document as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# What a mismatch means"
    yield ""
    yield "Generated from the tables in `schemas/` by `python -m docs.reference`; change those, not this page."
    yield ""
    yield "## Kinds, in order of precedence"
    yield ""
    yield "A case may carry several kinds; the first of them in this order leads."
    yield ""
    yield from _table(
        ["", "kind", "Tiếng Việt", "English", "meaning", "who acts", "fields"],
        [
            [str(rank), f"`{kind}`", info.label.vi, info.label.en, info.meaning, str(info.actor), _names(info.fields)]
            for rank, (kind, info) in enumerate(KINDS.items(), 1)
        ],
    )
    yield ""
    yield "A city case that is only registered is not expected on the portal. Codes are compared to the letter; an"
    yield "agency that the portal names by a name of two agencies, or of none, is not known. A case whose partner could"
    yield "not be read is no candidate for a loose match."
    yield ""
    yield "## Keys and reference tables"
    yield ""
    yield from (f"- {rule}" for rule in KEYS)
    yield ""
    yield from _table(["file", "columns"], [[f"`{name}.csv`", _names(columns)] for name, columns in FILES.items()])
    yield ""
    yield "## Times and results"
    yield ""
    yield from (f"- {rule}" for rule in TIMES)
    yield ""
    yield "## Verdicts"
    yield ""
    yield from _table(
        ["verdict", "Tiếng Việt", "English", "when"],
        [[f"`{v}`", VERDICT_LABELS[v].vi, VERDICT_LABELS[v].en, VERDICTS[v]] for v in Verdict],
    )
    yield ""
    yield "How old a mismatch may be:"
    yield ""
    yield from (f"- {rule}" for rule in LAG)
    yield ""
    yield "What becomes `unknown`, and never missing or different:"
    yield ""
    yield from (f"- {case}" for case in UNKNOWN)
    yield ""
    yield "## Causes"
    yield ""
    yield from CAUSES
    yield ""
    yield "## The lifecycle"
    yield ""
    yield from _table(
        ["status", "Tiếng Việt", "English", "may be followed by"],
        [
            [str(int(status)), label.vi, label.en, ", ".join(str(int(s)) for s in sorted(NEXT[status])) or "nothing"]
            for status, label in STATUS_LABELS.items()
        ],
    )
    yield ""
    yield from (f"- `{kind}`: {said}" for kind, said in STATUS_WORDS.items())
    yield ""
    yield "What a difference of status is called (rows: city, columns: portal; B behind, A ahead, R rewritten):"
    yield ""
    letters = {"status_behind": "B", "status_ahead": "A", "status_rewritten": "R", "None": ""}
    yield from _table(
        ["", *(str(int(s)) for s in Status)],
        [[f"**{int(c)}**", *(letters[str(kind_of(c, p))] for p in Status)] for c in Status],
    )
    yield ""
    yield "## What is compared"
    yield ""
    yield "The row hash is over these fields, in this order. Pairs with one hash agree and are not looked at again."
    yield "Null, empty and absent are one thing to all of them; to some of them it is a value."
    yield ""
    yield from _table(
        ["field", "null, empty, absent", "precision", "tolerance", "source of truth"],
        [
            [
                f"`{name}`",
                "null: equal to null, different from every value" if rule.null is None else f"means `{rule.null}`",
                "the coarser side's" if rule.precision else "exact",
                str(rule.tolerance) if rule.tolerance else "none",
                str(rule.truth),
            ]
            for name, rule in ((name, POLICY[name]) for name in COMPARED)
        ],
    )
    yield ""
    yield "A policy that names a column which no case has stops every command at its start."
    yield ""
    yield "## The ladder of text equality"
    yield ""
    yield "An agency's name meets the catalogue at the lowest rung that fits; below the letter it is a data-quality"
    yield "finding, not a mismatch."
    yield ""
    yield from _table(["rung", "equal when"], [[f"{int(rung)} `{rung.name}`", said] for rung, said in RUNGS.items()])
    yield ""
    yield "## Rows that are set aside"
    yield ""
    yield "Kept whole in the quarantine; the case is `unknown` on the other side, never missing."
    yield ""
    why = {rule.reason: rule.why for rule in reversed(SUITES[Side.CITY])}
    yield from _table(
        ["reason", "Tiếng Việt", "English", "why"],
        [[f"`{reason}`", label.vi, label.en, why.get(reason, "")] for reason, label in QUARANTINE_LABELS.items()],
    )


def _names(fields: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in fields)


def _table(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stderr.write(f"wrote {PAGE}\n")
