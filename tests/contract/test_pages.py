"""The pages keep their word: links lead somewhere, code stands where it is said to stand, targets exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)")
EXAMPLE = ROOT / "examples" / "fifth_service"


def shown() -> list[tuple[str, str]]:
    """(file, code) of each excerpt in docs/fifth-service.md; its first line names the file."""
    page = (ROOT / "docs" / "fifth-service.md").read_text(encoding="utf-8")
    found = re.findall(r"```python\n# (\S+)\n(.*?)```", page, re.DOTALL)
    assert len(found) == page.count("```python")
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize(("name", "code"), shown(), ids=lambda value: value if len(value) < 40 else "")
def test_the_page_shows_the_example_as_it_runs(name: str, code: str) -> None:
    assert code in (EXAMPLE / name).read_text(encoding="utf-8")


def test_every_page_has_its_line_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pages = [page.relative_to(ROOT).as_posix() for page in PAGES if page.parent == ROOT / "docs"]
    assert [page for page in pages if f"({page})" not in readme] == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent == ROOT], ids=lambda page: page.name)
def test_targets_exist(page: Path) -> None:
    text, makefile = page.read_text(encoding="utf-8"), (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE))
    assert {name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)} == set()
