"""docs/delivery.md promises nothing that no test shows."""

import ast
import re
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs" / "delivery.md").read_text()
_NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows():
    """Guarantee and test cell of every row of the table."""
    cells = [line.strip("|").split("|") for line in _PAGE.splitlines() if line.startswith("| ")]
    return [(guarantee.strip(), test) for guarantee, test in cells if guarantee.strip() != "guarantee"]


def functions_in(path):
    """Names of all test functions in a file."""
    found = ast.walk(ast.parse((_ROOT / path).read_text()))
    return {each.name for each in found if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_guarantee_names_a_test():
    assert len(rows()) > 20
    assert [guarantee for guarantee, test in rows() if not _NAMED.search(test)] == []


def test_every_test_that_is_named_exists():
    missing = []
    for path, name in _NAMED.findall(_PAGE):
        if not (_ROOT / path).is_file() or name not in functions_in(path):
            missing.append(f"{path}::{name}")
    assert missing == []
