"""The fault matrix: what each fault of a source leads to, once and for good, on every HTTP adapter.

The tests walk this table, and docs/extraction.md shows it: `python -m tests.sources.matrix` prints the table,
`--write` puts it into the page.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

ADAPTERS = ("opencps", "igate", "paged", "mapi")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "extraction.md"
BEGIN, END = "<!-- matrix -->", "<!-- end of matrix -->"

WHOLE = "whole"
FINDING = "whole, with a drift finding"
ASIDE = "whole, rows set aside, with a drift finding"
SKEW = "whole, with the skew told"


@dataclass(frozen=True)
class Fault:
    """`once` and `ever` are outcomes: one of the constants above, or the name of the error that is raised.
    `but` has the outcomes of adapters that differ, as (once, ever).
    """

    name: str
    meaning: str
    once: str
    ever: str
    but: dict[str, tuple[str, str]] = field(default_factory=dict)
    slow: bool = False

    def outcome(self, adapter: str, *, ever: bool) -> str:
        once, always = self.but.get(adapter, (self.once, self.ever))
        return always if ever else once


def _passing(name: str, meaning: str, error: str = "TransportError", **more: bool) -> Fault:
    return Fault(name, meaning, WHOLE, error, **more)


FAULTS = (
    _passing("error_429", "429, `Retry-After` in seconds", slow=True),
    _passing("error_429_date", "429, `Retry-After` as a date", slow=True),
    _passing("error_429_bare", "429 without a header"),
    _passing("error_429_html", "429 as a web page"),
    _passing("error_500", "500"),
    _passing("error_502", "502"),
    _passing("error_503", "503"),
    _passing("error_504", "504"),
    _passing("connect_timeout", "no connection in time"),
    _passing("silence", "connected, then no answer in time"),
    _passing("slow_drip", "a byte now and then, for ever"),
    _passing("reset", "the connection ends in the middle of the body"),
    _passing("malformed_page", "truncated JSON", "MalformedPage"),
    _passing("invalid_json", "an answer that is no JSON", "MalformedPage"),
    Fault("json_in_string", "JSON inside a JSON text", WHOLE, WHOLE),
    _passing("wrong_type", "text where the rows should be", "MalformedPage"),
    _passing("error_body", "200 with an error inside", "MalformedPage"),
    _passing("wrong_charset", "bytes of an old code page", "MalformedPage"),
    Fault("oversized", "more bytes than allowed", "UnsafeAnswer", "UnsafeAnswer"),
    Fault("gzip_bomb", "more bytes than allowed, once unpacked", "UnsafeAnswer", "UnsafeAnswer"),
    Fault("redirect", "a redirect to another host", "UnsafeAnswer", "UnsafeAnswer"),
    Fault("certificate", "a certificate of no known authority", "UnsafeAnswer", "UnsafeAnswer"),
    Fault(
        "expire_session", "the session or token ends", WHOLE, "AccessRefused",
        {"opencps": ("AccessRefused", "AccessRefused"), "mapi": (WHOLE, "SourceRefused")},
    ),
    Fault("wrong_total", "a total that is 7 too high", WHOLE, "CountMismatch", {"igate": (WHOLE, WHOLE)}),
    Fault("repeated_page", "the page before the one asked for", WHOLE, WHOLE, {"igate": (WHOLE, "CountMismatch")}),
    Fault("skipped_page", "the page after the one asked for", WHOLE, "CountMismatch"),
    Fault("empty_page", "a page without rows", WHOLE, "CountMismatch"),
    Fault("looping_cursor", "always the first page", WHOLE, WHOLE, {"igate": (WHOLE, "CountMismatch")}),
    Fault("edits", "cases come and go between pages", WHOLE, WHOLE, {"igate": (WHOLE, "CountMismatch")}),
    Fault("missing_field", "a required field is gone", WHOLE, "MissingField"),
    Fault("renamed_field", "a required field has another name", WHOLE, "MissingField"),
    Fault("retyped_field", "a required field is a list", ASIDE, ASIDE, {"igate": (WHOLE, "MissingField")}),
    Fault("added_field", "a field nobody knows", FINDING, FINDING, {"igate": (WHOLE, FINDING)}),
    Fault("clock_skew", "a clock ten minutes ahead", SKEW, SKEW),
)  # fmt: skip


def table() -> str:
    """The matrix in Markdown; an adapter's own outcome stands in brackets."""
    lines = ["| fault | once | for good | test |", "|---|---|---|---|"]
    for fault in FAULTS:
        cells = []
        for ever in (False, True):
            main = fault.ever if ever else fault.once
            own = {adapter: fault.outcome(adapter, ever=ever) for adapter in fault.but}
            others = [f"{adapter}: {outcome}" for adapter, outcome in own.items() if outcome != main]
            cells.append(main + (f" ({', '.join(others)})" if others else ""))
        lines.append(f"| {fault.meaning} | {cells[0]} | {cells[1]} | `test_faults.py -k {fault.name}` |")
    return "\n".join(lines)


def in_page(page: str) -> str:
    """The page with the table of now between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(in_page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(table())
