"""The committed API documents and generated pages are what the code says, valid, and every route asks for a role."""

import json
from pathlib import Path

import pytest

from shared.console.documents import API, openapi_of, pages, settle
from shared.console.out import Failed
from shared.console.services import build
from shared.console.settings import SERVICES
from shared.http.openapi import dangling
from shared.http.testing import unscoped

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("service", SERVICES)
def test_the_committed_openapi_document_is_current_and_valid(service: str) -> None:
    from openapi_spec_validator import OpenAPIV31SpecValidator

    text = openapi_of(service)
    document = json.loads(text)
    assert document["openapi"].startswith("3.1")
    assert not list(OpenAPIV31SpecValidator(document).iter_errors())
    assert dangling(document) == []
    committed = (ROOT / API / f"{service}.json").read_text(encoding="utf-8")
    assert committed == text, "run `rapport openapi` and commit"


@pytest.mark.parametrize("service", SERVICES)
def test_no_route_is_open_to_everybody(service: str, tmp_path: Path) -> None:
    assert unscoped(build(service, profile="embedded", data_dir=tmp_path).app) == []


def test_the_generated_pages_are_current() -> None:
    for path, text in pages(ROOT / "docs").items():
        assert path.read_text(encoding="utf-8") == text, "run `rapport settings` and commit"


def test_a_document_that_differs_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text("old", encoding="utf-8")
    with pytest.raises(Failed, match=r"a\.json"):
        settle({file: "new"}, True, None)
    assert file.read_text(encoding="utf-8") == "old"
    settle({file: "new"}, False, None)
    settle({file: "new"}, True, None)
