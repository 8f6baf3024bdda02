"""The command `rapport`: a group whose commands are imported when they are called, so that each starts
fast.
"""

import importlib
import sys

import click

from shared.console.out import Failed

COMMANDS = {
    "serve": "shared.console.serve:serve",
    "topics": "shared.console.topics:topics",
    "consumers": "shared.console.ops:consumers",
    "positions": "shared.console.ops:positions",
    "dead-letters": "shared.console.ops:dead_letters",
    "match": "services.matching.engine.alone:main",
    "token": "shared.console.token:token",
    "clock": "shared.console.clock:clock",
    "settle": "shared.console.settle:settle",
    "audit": "shared.console.audit:audit",
    "openapi": "shared.console.documents:openapi",
    "asyncapi": "shared.console.documents:asyncapi",
    "settings": "shared.console.documents:settings",
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        found: click.Command = getattr(importlib.import_module(module), name)
        return found


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def rapport() -> None:
    """Run and look after Rapport's services.

    Settings come from RAPPORT_… variables (docs/settings.md); on a development machine also from the file
    `environment` in the data directory, which `make up` writes.

    Exit codes: 0 done, 1 failed or found something, 2 wrong usage or setting, 3 something cannot be reached.
    """


def main() -> None:
    """Entry point of the installed command."""
    try:
        rapport.main(prog_name="rapport", standalone_mode=False)
    except Failed as failed:
        click.echo(f"rapport: {failed}", err=True)
        sys.exit(failed.code)
    except click.exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
