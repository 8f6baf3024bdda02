"""`rapport token`: a development token, for the embedded profile alone."""

import re
from datetime import timedelta

import click

from shared.console.out import USAGE, Failed, json_option, say
from shared.console.settings import console_settings
from shared.console.spans import SPAN
from shared.http.identity import OF_PROGRAMS, ROLES


@click.command()
@click.option(
    "--role", "roles", multiple=True, required=True, type=click.Choice(sorted(ROLES)), help="May be repeated."
)
@click.option("--org", default="acme", show_default=True, help="Organization.")
@click.option(
    "--participant",
    "participants",
    multiple=True,
    help="Participant id; needed with the role participant. Repeated: a line `id token` each.",
)
@click.option(
    "--program", "programs", multiple=True, help="Program of a role that holds in programs; repeatable."
)
@click.option("--lifetime", type=SPAN, default="1d", show_default=True, help="Such as 30m, 8h, 7d.")
@json_option
def token(
    roles: tuple[str, ...],
    org: str,
    participants: tuple[str, ...],
    programs: tuple[str, ...],
    lifetime: timedelta,
    as_json: bool,
) -> None:
    """Print a development token.

    Its issuer is accepted by services of the embedded profile only; production takes tokens of the company's
    identity provider.
    """
    from shared.http.keys import DevelopmentIssuer

    settings = console_settings()
    if settings.profile != "embedded":
        raise Failed("development tokens are for the embedded profile: set RAPPORT_PROFILE=embedded", USAGE)
    if "participant" in roles and not participants:
        raise click.UsageError("--role participant needs --participant")
    if OF_PROGRAMS & set(roles) and not programs:
        raise click.UsageError(f"--role {', '.join(sorted(OF_PROGRAMS & set(roles)))} needs --program")
    for name, value in (("--org", org), *(("--participant", each) for each in participants)):
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", value):
            raise click.UsageError(f"{name} must be 1 to 64 letters, digits, - or _")
    grants = [{"role": role, "programs": list(programs) if role in OF_PROGRAMS else []} for role in roles]
    issuer = DevelopmentIssuer(settings.data_dir, settings.audience)

    def made(participant: str | None) -> str:
        return issuer.token(organization=org, participant=participant, grants=grants, lifetime=lifetime)

    if len(participants) > 1:
        several = {each: made(each) for each in participants}
        return say({"tokens": several}, as_json, "\n".join(f"{id} {token}" for id, token in several.items()))
    one = made(participants[0] if participants else None)
    return say({"token": one}, as_json, one)
