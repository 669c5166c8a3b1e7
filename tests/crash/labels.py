"""Every crash point that the product has, read from its source: a new one is tested without being named here."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("tasks", "flows", "expectations", "schemas")


def labels() -> list[str]:
    """Labels of all calls of `point`, sorted. Raises ValueError for one that is not a literal, or that two calls
    share."""
    found: dict[str, str] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not (
                    isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "point"
                ):
                    continue
                where = f"{path.relative_to(ROOT)}:{node.lineno}"
                match node.args:
                    case [ast.Constant(value=str(label))] if not node.keywords:
                        if label in found:
                            raise ValueError(f"{label} is used twice: {found[label]} and {where}")
                        found[label] = where
                    case _:
                        raise ValueError(f"{where}: a crash point needs one literal label")
    return sorted(found)
