"""Which cluster a test run uses, and what it says when that one is not to be had."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cluster import Names, chosen_target

ROOT = Path(__file__).parents[3]


def test_the_embedded_cluster_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAPPORT_TEST_CLUSTER", raising=False)
    assert chosen_target() == "embedded"


def test_an_unknown_target_is_refused_with_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPPORT_TEST_CLUSTER", "cloud")
    with pytest.raises(ValueError, match="it is one of embedded, containers"):
        chosen_target()


def test_containers_without_an_engine_fail_loudly(tmp_path: Path) -> None:
    """Asked for and not to be had is a failure: a skip would look like a pass."""
    (tmp_path / "test_it.py").write_text("def test_it(kafka): pass\n")
    imports = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom tests.conftest import *\n"
    (tmp_path / "conftest.py").write_text(imports)
    nowhere = f"unix://{tmp_path}/no-engine.sock"
    env = {**os.environ, "RAPPORT_TEST_CLUSTER": "containers", "DOCKER_HOST": nowhere}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        ".",
    ]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "1 error" in done.stdout
    assert "needs a running container engine" in done.stdout
    assert "leave the setting out to run on the embedded cluster" in done.stdout


def test_names_differ_and_tell_their_test() -> None:
    one, two = Names.of("test_a_thing[x/y]"), Names.of("test_a_thing[x/y]")
    assert one.prefix != two.prefix
    assert one.topic("t").startswith("test-a-thing-x-y-")
