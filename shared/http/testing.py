"""For tests of every service: does each route ask for a role, and a client that speaks as somebody."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from shared.http.keys import DevelopmentIssuer
from shared.http.openapi import scopes

FREE = frozenset({"/live", "/ready", "/metrics", "/docs", "/openapi.json"})
"""The only paths that may be open to everybody."""


def unscoped(app: FastAPI) -> list[str]:
    """Paths of routes that ask for no role and are not free: must be empty (deny by default)."""
    return sorted(
        f"{','.join(sorted(route.methods or ['*']))} {route.path or repr(route.route)}"
        for route, roles in scopes(app)
        if roles is None and route.path not in FREE
    )


def token(
    data_dir: Path,
    *roles: str,
    organization: str = "acme",
    participant: str | None = None,
    programs: Sequence[str] = (),
    subject: str | None = None,
) -> str:
    """A development token with these roles, each in these programs."""
    grants: list[Mapping[str, Any]] = [{"role": role, "programs": list(programs)} for role in roles]
    issuer = DevelopmentIssuer(data_dir)
    return issuer.token(organization=organization, participant=participant, grants=grants, subject=subject)


@asynccontextmanager
async def client(app: FastAPI, token: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application itself, without a socket; the lifespan is not run."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service", headers=headers) as found:
        yield found
