"""The generated reference is current."""

from __future__ import annotations

from docs.reference import PAGE, page


def test_the_reference_of_reconciliation_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m docs.reference"
