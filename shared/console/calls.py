"""Calls to the services: readiness of all of them, and the ops API with a token."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from shared.console.out import FAILED, UNREACHABLE, Failed
from shared.console.settings import ConsoleSettings

TIMEOUT = 10.0


def readiness(
    client: httpx.Client, settings: ConsoleSettings, services: tuple[str, ...]
) -> dict[str, dict[str, Any]]:
    """`/ready` of each service; one that does not answer is `{"ready": False, "missing": ["no answer"]}`."""
    with ThreadPoolExecutor(len(services)) as pool:
        found = pool.map(lambda service: _ready(client, settings.url(service)), services)
        return dict(zip(services, found, strict=True))


def _ready(client: httpx.Client, url: str) -> dict[str, Any]:
    try:
        body = client.get(f"{url}/ready").json()
    except (httpx.HTTPError, ValueError):
        return {"ready": False, "missing": ["no answer"], "halted": []}
    return body if isinstance(body, dict) else {"ready": False, "missing": ["no answer"], "halted": []}


def ops_token(settings: ConsoleSettings, role: str = "ops", organization: str = "operations") -> str:
    """RAPPORT_TOKEN, or in the embedded profile a token of the development issuer."""
    if settings.token:
        return settings.token
    if settings.profile != "embedded":
        raise Failed("set RAPPORT_TOKEN to a token with the role ops", code=2)
    from shared.http.keys import DevelopmentIssuer

    issuer = DevelopmentIssuer(settings.data_dir, settings.audience)
    return issuer.token(organization=organization, grants=[{"role": role}], subject=f"rapport-console-{role}")


def call(
    settings: ConsoleSettings,
    service: str,
    method: str,
    path: str,
    *,
    token: str,
    params: dict[str, Any] | None = None,
    body: dict[str, Any] | None = None,
) -> Any:
    """The JSON answer of one request, None for an empty one. Raises Failed with the problem's own words."""
    url = f"{settings.url(service)}{path}"
    sent = {name: value for name, value in (params or {}).items() if value is not None}
    try:
        with httpx.Client(timeout=TIMEOUT) as client:
            answer = client.request(
                method, url, params=sent, json=body, headers={"Authorization": f"Bearer {token}"}
            )
    except httpx.HTTPError as error:
        where = f"{service} at {settings.url(service)}"
        raise Failed(f"{where} cannot be reached ({type(error).__name__})", UNREACHABLE) from None
    if answer.is_success:
        return answer.json() if answer.content else None
    raise Failed(f"{service}: {_problem(answer)}", UNREACHABLE if answer.status_code == 503 else FAILED)


def _problem(answer: httpx.Response) -> str:
    try:
        found = answer.json()
        errors = "; ".join(f"{each['field']}: {each['detail']}" for each in found.get("errors", []))
        return " ".join(part for part in (found["detail"], errors, found.get("fix")) if part)
    except (ValueError, KeyError, TypeError):
        return f"answered {answer.status_code}"
