"""Bearer tokens: checked once a request, then a route's roles. Everything is denied that no role allows."""

import logging
from collections.abc import Callable
from typing import Annotated, Any

import jwt
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shared.http.identity import ROLES, BadClaims, Caller, caller_of
from shared.http.keys import ALGORITHMS, DevelopmentIssuer, Keys, NoKeys, RemoteKeys
from shared.http.problems import Problem, forbidden
from shared.settings import DEVELOPMENT_ISSUER, Settings

log = logging.getLogger(__name__)

LEEWAY_SECONDS = 30

_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="A token of the identity provider.")


class Verifier:
    """Turns a token into a Caller, or refuses it with 401 saying why in general terms."""

    def __init__(self, issuer: str, audience: str, keys: Keys) -> None:
        self._issuer, self._audience, self._keys = issuer, audience, keys

    async def caller(self, token: str) -> Caller:
        """Raises Problem 401, or 503 while the identity provider's keys cannot be had."""
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise _refused("The token cannot be read.") from None
        if header.get("alg") not in ALGORITHMS:
            raise _refused("The token is signed with an algorithm that is not accepted.")
        try:
            key = await self._keys.find(header.get("kid"))
        except NoKeys:
            raise Problem(
                503,
                "unavailable",
                "The identity provider's keys cannot be had just now.",
                headers={"Retry-After": "10"},
            ) from None
        if key is None:
            raise _refused("The token is signed with an unknown key.")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                # The key's own algorithm, not the header's: a token does not choose how it is checked.
                algorithms=[key.algorithm_name],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud"]},
            )
            return caller_of(claims)
        except jwt.ExpiredSignatureError:
            raise _refused("The token has expired.") from None
        except jwt.PyJWTError as error:
            raise _refused(f"The token is not valid here ({type(error).__name__}).") from None
        except BadClaims as error:
            raise _refused(f"The token's claims cannot be taken: {error}.") from None


def verifier(settings: Settings) -> Verifier:
    """The verifier for these settings. The development issuer's key is looked at in the embedded profile
    alone.
    """
    if settings.profile == "embedded" and settings.issuer is None:
        keys = DevelopmentIssuer(settings.data_dir, settings.audience)
        return Verifier(DEVELOPMENT_ISSUER, settings.audience, keys)
    if settings.issuer is None or settings.jwks_url is None:
        raise ValueError("RAPPORT_ISSUER and RAPPORT_JWKS_URL must be set together")
    return Verifier(settings.issuer, settings.audience, RemoteKeys(settings.jwks_url))


class Require:
    """The dependency that `require` makes; the walk over an app's routes looks for it."""

    def __init__(self, roles: tuple[str, ...]) -> None:
        unknown = set(roles) - ROLES
        if unknown or not roles:
            raise ValueError(f"unknown roles {sorted(unknown)}; there are {sorted(ROLES)}")
        self.roles = roles

    async def __call__(
        self, request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> Caller:
        if credentials is None:
            raise _refused("A bearer token is needed.")
        check: Verifier = request.app.state.verifier
        caller = await check.caller(credentials.credentials)
        if not caller.has(*self.roles):
            raise forbidden(self.roles)
        # For handlers that take the caller from the request (idempotency) without checking the token twice.
        request.state.caller = caller
        return caller


def require(*roles: str) -> Callable[..., Any]:
    """A dependency giving the Caller if it has one of the roles: `caller: Caller =
    Depends(require("coordinator"))`.

    401 without a valid token, 403 without any of the roles. In which programs a role holds is asked with
    `in_program(caller, program, "coordinator")` once the object is known (404 outside of them).
    """
    return Require(roles)


class SignedLink:
    """The dependency of a route whose right is in its own path: a token that the service itself has signed.

    It only marks the route, so that the walk over all routes sees that somebody decided this; the handler
    checks the token. For links in mails, which come without a bearer token.
    """

    async def __call__(self) -> None:
        return None


signed_link = SignedLink()


def _refused(detail: str) -> Problem:
    return Problem(
        401,
        "unauthenticated",
        detail,
        fix="Send Authorization: Bearer with a current token of the organization's identity provider.",
        headers={"WWW-Authenticate": "Bearer"},
    )
