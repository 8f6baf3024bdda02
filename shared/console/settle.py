"""`rapport settle`: wait until nothing is under way anywhere."""

import time
from typing import Any

import click
import httpx

from shared.console.calls import readiness
from shared.console.out import FAILED, UNREACHABLE, Failed, json_option, say
from shared.console.settings import SERVICES, console_settings

PAUSE, BRIEF = 0.25, 0.1


@click.command()
@click.option("--timeout", default=60.0, show_default=True, help="Seconds to wait at most.")
@click.option(
    "--service", "only", multiple=True, type=click.Choice(SERVICES), help="Only these; may be repeated."
)
@json_option
def settle(timeout: float, only: tuple[str, ...], as_json: bool) -> None:
    """Wait until lag, outbox and due work are nil in all services, twice in a row.

    Once is not enough: an event may have left one service's outbox and not yet count as another's lag.
    Exit code 1 if it did not settle or a consumer is halted, 3 if a service does not answer.
    """
    settings = console_settings()
    services = only or SERVICES
    started, calm = time.monotonic(), 0
    with httpx.Client(timeout=5.0) as client:
        while True:
            found = readiness(client, settings, services)
            halted = {name: body["halted"] for name, body in found.items() if body.get("halted")}
            if halted:
                raise Failed(f"halted: {halted}; see `rapport consumers list`", FAILED)
            calm = calm + 1 if all(settled(body) for body in found.values()) else 0
            seconds = round(time.monotonic() - started, 2)
            if calm == 2:
                return say({"settled": True, "seconds": seconds}, as_json, f"settled after {seconds} s")
            if seconds > timeout:
                silent = all(body.get("missing") == ["no answer"] for body in found.values())
                text = "; ".join(
                    f"{name}: {waits(body)}" for name, body in found.items() if not settled(body)
                )
                raise Failed(f"not settled after {timeout:g} s: {text}", UNREACHABLE if silent else FAILED)
            time.sleep(BRIEF if calm else PAUSE)


def settled(body: dict[str, Any]) -> bool:
    """Whether a service's `/ready` says that nothing waits."""
    return bool(body.get("ready")) and not any(body.get(name, 1) for name in ("lag", "outbox", "due"))


def waits(body: dict[str, Any]) -> str:
    """What a service that is not settled waits for, in words."""
    missing = [f"waits for {', '.join(body['missing'])}"] if body.get("missing") else []
    counts = [f"{name} {body[name]}" for name in ("lag", "outbox", "due") if body.get(name)]
    return ", ".join([*missing, *counts]) or "just became calm"
