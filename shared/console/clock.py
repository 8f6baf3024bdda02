"""`rapport clock`: program time of the embedded profile, which alone may move, and only forward."""

import time
from datetime import timedelta

import click
import httpx

from shared.console.calls import readiness
from shared.console.out import UNREACHABLE, USAGE, Failed, json_option, say
from shared.console.settings import SERVICES, ConsoleSettings, console_settings
from shared.console.spans import SPAN, shown


@click.group()
def clock() -> None:
    """Show or move program time (embedded profile only)."""


@clock.command()
@json_option
def show(as_json: bool) -> None:
    """Print how far program time is ahead of real time, and what it is."""
    from shared.console.store import read_clock

    ahead, now = read_clock(_embedded())
    say({"offset_seconds": ahead.total_seconds(), "now": now}, as_json, f"{now} ({shown(ahead)} ahead)")


@clock.command()
@click.argument("span", type=SPAN)
@click.option("--timeout", default=30.0, show_default=True, help="Seconds to wait for the services.")
@json_option
def advance(span: timedelta, timeout: float, as_json: bool) -> None:
    """Move program time forward by SPAN (7d, 12h, 1w2d); returns when all services report it."""
    from shared.console.store import advance_clock

    settings = _embedded()
    if span <= timedelta(0):
        raise click.UsageError("program time moves forward only")

    target = advance_clock(settings, span)
    missing = _wait(settings, target, timeout)
    if missing:
        raise Failed(
            f"the clock was moved, but not reported in {timeout:g} s by {', '.join(missing)}", UNREACHABLE
        )
    say({"offset_seconds": target.total_seconds()}, as_json, f"program time is {shown(target)} ahead")


def _wait(settings: ConsoleSettings, target: timedelta, timeout: float) -> list[str]:
    deadline = time.monotonic() + timeout
    with httpx.Client(timeout=5.0) as client:
        while True:
            found = readiness(client, settings, SERVICES)
            # Not equality: somebody else may have moved it on meanwhile.
            missing = [
                name
                for name, body in found.items()
                if body.get("clock_offset_seconds", -1.0) < target.total_seconds() - 0.001
            ]
            if not missing or time.monotonic() > deadline:
                return missing
            time.sleep(0.1)


def _embedded() -> ConsoleSettings:
    settings = console_settings()
    if settings.profile != "embedded":
        raise Failed("only the embedded profile's clock can be moved: set RAPPORT_PROFILE=embedded", USAGE)
    return settings
