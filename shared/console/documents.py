"""`rapport openapi|asyncapi|settings`: generated documents, written, or compared with what is committed."""

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from shared.console.out import Failed, json_option, say
from shared.console.services import build, settings_class
from shared.console.settings import SERVICES, ConsoleSettings

API = Path("docs/api")
_check = click.option("--check", is_flag=True, help="Write nothing; fail if a committed file differs.")
_folder = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=API,
    show_default=True,
    help="Where.",
)


@click.command()
@_folder
@_check
@json_option
def openapi(folder: Path, check: bool, as_json: bool) -> None:
    """Write the OpenAPI 3.1 document of each service, or check that the committed ones are current and
    valid.
    """
    settle({folder / f"{name}.json": openapi_of(name) for name in SERVICES}, check, as_json, _valid_openapi)


@click.command()
@_folder
@_check
@json_option
def asyncapi(folder: Path, check: bool, as_json: bool) -> None:
    """Write the AsyncAPI 3 document of all topics and, in the folder `events` beside it, the JSON Schema of
    every event type; or check that the committed ones are current.

    A published schema is never rewritten, and none that readers could not bear is written (docs/events.md).
    """
    from shared.contracts.asyncapi import document
    from shared.contracts.schemas import PublishedSchemaChanged, drift, refusals, write_schemas

    events = folder.parent / "events"
    if refused := refusals(events):
        raise Failed("not compatible with what is published: " + "; ".join(refused))
    if check and (differ := drift(events)):
        raise Failed(f"not current: {', '.join(differ)}; run the command without --check and commit")
    written: list[str] = []
    if not check:
        try:
            written = [str(path) for path in write_schemas(events)]
        except PublishedSchemaChanged as error:
            raise Failed(str(error)) from None
    settle({folder / "asyncapi.json": pretty(document())}, check, as_json, written=written)


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("docs"),
    show_default=True,
    help="Where.",
)
@_check
@json_option
def settings(folder: Path, check: bool, as_json: bool) -> None:
    """Write the pages docs/settings.md and docs/metrics.md, or check that the committed ones are current."""
    settle(pages(folder), check, as_json)


def pages(folder: Path) -> dict[Path, str]:
    """The generated pages by path."""
    from shared import metrics
    from shared.settings import Common, page

    classes: dict[str, type[Common]] = {name: settings_class(name) for name in SERVICES}
    return {
        folder / "settings.md": page({**classes, "The command `rapport`": ConsoleSettings}),
        folder / "metrics.md": metrics.page(),
    }


def openapi_of(name: str) -> str:
    """The OpenAPI document of a service as it is committed. Nothing is connected to for it."""
    with tempfile.TemporaryDirectory() as folder:
        service = build(name, profile="embedded", data_dir=Path(folder))
        return pretty(service.app.openapi())


def pretty(document: Any) -> str:
    """JSON as it is committed: sorted and indented, so that a change shows as few lines."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def settle(
    wanted: dict[Path, str],
    check: bool,
    as_json: bool,
    valid: Callable[[str], None] | None = None,
    written: Sequence[str] = (),
) -> None:
    """Write the files that differ, or with `check` raise Failed naming them; then say which were written."""
    differ = []
    for path, text in wanted.items():
        if valid is not None:
            valid(text)
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        differ.append(str(path))
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if check and differ:
        raise Failed(f"not current: {', '.join(differ)}; run the command without --check and commit")
    written = [*written, *differ]
    text = "\n".join(f"wrote {path}" for path in written) or f"current: {len(wanted)} files"
    say({"written": written, "files": len(wanted)}, as_json, text)


def _valid_openapi(text: str) -> None:
    from openapi_spec_validator import OpenAPIV31SpecValidator

    from shared.http.openapi import dangling

    document = json.loads(text)
    if missing := dangling(document):
        raise Failed(f"not valid OpenAPI 3.1: nothing at {', '.join(missing)}")
    for error in OpenAPIV31SpecValidator(document).iter_errors():
        raise Failed(f"not valid OpenAPI 3.1: {'/'.join(map(str, error.path))}: {error.message}")
