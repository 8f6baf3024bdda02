"""The architecture's rules are checked by `lint-imports`; here it is seen to refuse each kind of breach."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

BREACHES = {
    "services": ("services/matching/breach.py", "import services.sessions\n"),
    "shared": ("shared/breach.py", "import services\n"),
    "domain": ("services/sessions/domain/breach.py", "import asyncio\n"),
    "store": ("services/sessions/breach.py", "import pymongo\n"),
}


def lint(root: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    command += [word for each in contracts for word in ("--contract", each)]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small house with all its rooms, and this repository's contracts."""
    root = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", root)
    rooms = ["deploy", "examples", "shared/console/store", "shared/delivery/inbox", "shared/http"]
    rooms += ["shared/calendar", "shared/ladder", "shared/contracts"]
    rooms += [f"services/{name}/domain" for name in ("profiles", "matching", "sessions", "notifications")]
    for room in rooms:
        folder = root / room
        folder.mkdir(parents=True)
        for each in (folder, *folder.relative_to(root).parents):
            if str(each) != ".":
                (root / each / "__init__.py").touch()
    for name in ("mongo", "clock", "settings", "logs", "metrics"):
        (root / "shared" / f"{name}.py").write_text("", encoding="utf-8")
    (root / "services/sessions/store.py").write_text("import pymongo\n", encoding="utf-8")
    return root


def test_a_house_that_keeps_the_rules_passes(tree: Path) -> None:
    found = lint(tree)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "4 kept, 0 broken" in found.stdout


@pytest.mark.parametrize("contract", BREACHES)
def test_each_breach_is_refused(tree: Path, contract: str) -> None:
    name, content = BREACHES[contract]
    file = tree / name
    file.write_text(content, encoding="utf-8")
    try:
        found = lint(tree, contract)
    finally:
        file.unlink()
    assert found.returncode == 1
    assert "BROKEN" in found.stdout


def _sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def _may_name_mongodb(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    if parts[:2] == ("shared", "delivery") or parts[1] in ("mongo.py", "clock.py"):
        return True
    return "store" in parts or parts[-1] == "store.py"


def test_only_stores_speak_mongodb() -> None:
    """What imports cannot show: query operators in a string, a collection asked for by name."""
    found = []
    for path in _sources("services", "shared"):
        if _may_name_mongodb(path):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Dict):
                keys = [
                    key.value
                    for key in node.keys
                    if isinstance(key, ast.Constant) and isinstance(key.value, str)
                ]
                found += [f"{path.relative_to(ROOT)}: {key}" for key in keys if _is_operator(key)]
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute):
                name = node.value.attr
                found += [f"{path.relative_to(ROOT)}: .database[…]"] if name == "database" else []
    assert found == []


def _is_operator(key: str) -> bool:
    return key.startswith("$") and key not in ("$ref", "$defs", "$id", "$schema", "$comment", "$anchor")


def test_domains_take_time_and_chance_as_data() -> None:
    found = []
    for path in _sources("services", "shared/ladder", "shared/calendar"):
        if "services" in path.parts and "domain" not in path.parts and path.name != "domain.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Await | ast.AsyncFunctionDef):
                found.append(f"{where} awaits")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                called = node.func.attr
                if called in ("now", "utcnow", "today") and isinstance(node.func.value, ast.Name):
                    found.append(f"{where} asks a clock")
                if called in ("uuid1", "uuid4"):
                    found.append(f"{where} draws an id")
    assert found == []
