"""`rapport consumers|positions|dead-letters`: the services' ops APIs from the command line."""

from typing import Any

import click

from shared.console.calls import call, ops_token
from shared.console.out import Failed, json_option, say, table
from shared.console.settings import SERVICES, chosen, console_settings

SERVICE = click.Choice(SERVICES)
_FILTERS = ("topic", "reason", "organization", "since", "until")


def _filters(command: Any) -> Any:
    for name, help in (
        ("until", "Records before this time (ISO 8601)."),
        ("since", "Records from this time on (ISO 8601)."),
        ("organization", "Records of this organization."),
        ("reason", "This class of error."),
        ("topic", "This topic."),
    ):
        command = click.option(f"--{name}", help=help)(command)
    return command


@click.group()
def consumers() -> None:
    """List consumers, or let a halted one go on."""


@consumers.command("list")
@click.option("--service", type=SERVICE, help="Only this service.")
@json_option
def consumers_list(service: str | None, as_json: bool) -> None:
    """Consumers of all services, their lag, and whether they are halted."""
    rows = _rows(service, "/v1/ops/consumers")
    say(rows, as_json, table(rows, ("service", "consumer", "partitions", "halted", "reasons")))


@consumers.command("resume")
@click.argument("service", type=SERVICE)
@click.argument("consumer")
@json_option
def consumers_resume(service: str, consumer: str, as_json: bool) -> None:
    """Let the halted CONSUMER of SERVICE go on (after the cause is fixed)."""
    settings = console_settings()
    call(settings, service, "POST", f"/v1/ops/consumers/{consumer}/resume", token=ops_token(settings))
    say({"service": service, "consumer": consumer}, as_json, f"{consumer} of {service} goes on")


@click.group()
def positions() -> None:
    """Show where topics are read next, or set a position."""


@positions.command("show")
@click.option("--service", type=SERVICE, help="Only this service.")
@json_option
def positions_show(service: str | None, as_json: bool) -> None:
    """Positions of all services, one line a partition."""
    rows = _rows(service, "/v1/ops/positions")
    say(rows, as_json, table(rows, ("service", "topic", "partition", "next", "end", "epoch", "state")))


@positions.command("rebuild")
@click.argument("service", type=SERVICE)
@click.argument("topic")
@click.argument("partition", type=click.IntRange(min=0))
@click.option("--to", type=click.IntRange(min=0), help="Offset; without it, the beginning of the topic.")
@click.confirmation_option(prompt="Read this partition again from there?")
@json_option
def positions_rebuild(service: str, topic: str, partition: int, to: int | None, as_json: bool) -> None:
    """Set where SERVICE reads PARTITION of TOPIC next.

    The way out after a topic was made anew. What was applied before comes again and is dropped as a
    duplicate.
    """
    settings = console_settings()
    body = {"topic": topic, "partition": partition, "to": to}
    found = call(settings, service, "POST", "/v1/ops/positions/rebuild", token=ops_token(settings), body=body)
    say(found, as_json, f"{service} reads {topic}/{partition} from {found.get('next')}")


@click.group("dead-letters")
def dead_letters() -> None:
    """List, show and redrive records that were put aside."""


@dead_letters.command("list")
@click.option("--service", type=SERVICE, help="Only this service.")
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=100,
    show_default=True,
    help="At most so many a service.",
)
@_filters
@json_option
def dead_letters_list(service: str | None, limit: int, as_json: bool, **filters: str | None) -> None:
    """Dead letters of all services: where, when and what class of error; never their content."""
    settings = console_settings()
    token = ops_token(settings)
    rows: list[dict[str, Any]] = []
    for name in chosen(service):
        rows += [{"service": name, **row} for row in _dead_letters(settings, name, token, filters, limit)]
    say(rows, as_json, table(rows, ("service", "id", "reason", "organization", "at")))


def _dead_letters(
    settings: Any, service: str, token: str, filters: dict[str, str | None], limit: int
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    while len(rows) < limit:
        params = {**filters, "cursor": cursor, "limit": min(200, limit - len(rows))}
        page = call(settings, service, "GET", "/v1/ops/dead-letters", token=token, params=params)
        rows += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    return rows


@dead_letters.command("show")
@click.argument("service", type=SERVICE)
@click.argument("id")
@click.option("--payload", is_flag=True, help="Also the record itself; needs the role admin, and is audited.")
@click.option("--org", help="With --payload: the organization it belongs to (embedded profile).")
@json_option
def dead_letters_show(service: str, id: str, payload: bool, org: str | None, as_json: bool) -> None:
    """One dead letter, field by field."""
    settings = console_settings()
    if payload and settings.token is None and org is None:
        raise click.UsageError(
            "--payload needs --org: only an admin of the record's organization may read it"
        )
    token = ops_token(settings, "admin", org or "operations") if payload else ops_token(settings)
    params = {"payload": "true"} if payload else {}
    found = call(settings, service, "GET", f"/v1/ops/dead-letters/{id}", token=token, params=params)
    say(
        found,
        as_json,
        "\n".join(f"{name:<14}{'-' if value is None else value}" for name, value in found.items()),
    )


@dead_letters.command("redrive")
@click.argument("service", type=SERVICE)
@click.argument("ids", nargs=-1)
@_filters
@click.option("--all", "everything", is_flag=True, help="All of them, if no id and no filter is given.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@json_option
def dead_letters_redrive(
    service: str, ids: tuple[str, ...], everything: bool, dry_run: bool, as_json: bool, **filters: str | None
) -> None:
    """Apply dead letters of SERVICE again, through its own inbox; doing it twice is harmless."""
    settings = console_settings()
    if not dry_run and not ids and not everything and not any(filters[name] for name in _FILTERS):
        raise click.UsageError("name ids or a filter, or say --all")
    if everything and not ids and not any(filters.values()):
        filters["since"] = "1970-01-01T00:00:00Z"
    body = {"ids": list(ids), "dry_run": dry_run, **filters}
    found = call(
        settings, service, "POST", "/v1/ops/dead-letters/redrive", token=ops_token(settings), body=body
    )
    say(found, as_json, ", ".join(f"{name} {value}" for name, value in found.items()))


def _rows(service: str | None, path: str) -> list[dict[str, Any]]:
    settings = console_settings()
    token = ops_token(settings)
    names = chosen(service)
    rows: list[dict[str, Any]] = []
    failed: list[Failed] = []
    for name in names:
        try:
            rows += [{"service": name, **row} for row in call(settings, name, "GET", path, token=token)]
        except Failed as error:
            failed.append(error)
    if failed:
        # What the others said is still shown: an operator looks here exactly when a service is down.
        if rows:
            click.echo(table(rows, list(rows[0])), err=True)
        raise Failed("; ".join(str(each) for each in failed), failed[0].code)
    return rows
