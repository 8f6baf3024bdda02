"""Where the keys come from that tokens are checked with: the identity provider's JWKS, or the development
issuer.
"""

import json
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shared.settings import DEVELOPMENT_ISSUER

log = logging.getLogger(__name__)

ALGORITHMS = ("ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA")
"""Only asymmetric ones: with HS256 a public key would be a password that everybody knows."""

KEY_TYPES = ("EC", "RSA", "OKP")


class NoKeys(Exception):
    """The identity provider's keys could not be fetched and none are known: no token can be judged now."""


class Keys(Protocol):
    """Finds the key of a token."""

    async def find(self, kid: str | None) -> jwt.PyJWK | None:
        """None if no such key is published. Raises NoKeys if that cannot be known."""
        ...


class RemoteKeys:
    """The identity provider's keys, fetched when first needed and kept.

    An unknown kid (the provider has rotated) fetches again, but at most once in `pause` seconds: otherwise
    made-up kids would turn this service into a hammer on the provider. Keys older than `keep` are fetched
    again; if that fails the old ones stay in use, since a provider's outage must not log everybody out.
    """

    def __init__(
        self,
        url: str,
        *,
        keep: float = 600.0,
        pause: float = 10.0,
        transport: httpx.AsyncBaseTransport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url, self._keep, self._pause = url, keep, pause
        self._transport, self._monotonic = transport, monotonic
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._fetched: float | None = None
        self._tried: float | None = None

    async def find(self, kid: str | None) -> jwt.PyJWK | None:
        now = self._monotonic()
        stale = self._fetched is None or now - self._fetched > self._keep
        if (stale or kid not in self._keys) and (self._tried is None or now - self._tried >= self._pause):
            self._tried = now
            await self._fetch(now)
        if self._fetched is None:
            raise NoKeys
        return self._keys.get(kid)

    async def _fetch(self, now: float) -> None:
        try:
            async with httpx.AsyncClient(
                transport=self._transport, timeout=5.0, follow_redirects=False
            ) as client:
                answer = await client.get(self._url)
            answer.raise_for_status()
            keys = parse(answer.json())
        except (httpx.HTTPError, ValueError) as error:
            log.warning("identity provider keys not fetched", extra={"error": type(error).__name__})
            return
        self._keys, self._fetched = keys, now


def parse(document: Any) -> dict[str | None, jwt.PyJWK]:
    """Keys by kid of a JWKS document; what is no asymmetric signing key is left out. Raises ValueError."""
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise ValueError("not a JWKS document")
    keys: dict[str | None, jwt.PyJWK] = {}
    for item in document["keys"]:
        if not isinstance(item, dict) or item.get("kty") not in KEY_TYPES or item.get("use", "sig") != "sig":
            continue
        try:
            key = jwt.PyJWK(item)
        except jwt.PyJWTError:
            continue
        if key.algorithm_name in ALGORITHMS:
            keys[item.get("kid")] = key
    return keys


class DevelopmentIssuer:
    """Makes tokens for the embedded profile with a key of its own under the data directory.

    The key never leaves the machine, and only services of the embedded profile look at it.
    """

    KID = "development"

    def __init__(self, data_dir: Path, audience: str = "rapport") -> None:
        self._path = data_dir / "issuer" / "development.pem"
        self._audience = audience

    def token(
        self,
        *,
        organization: str,
        grants: Sequence[Mapping[str, Any]],
        participant: str | None = None,
        subject: str | None = None,
        lifetime: timedelta = timedelta(days=1),
    ) -> str:
        """A signed token; real time, never program time: a moved clock must not outlive or end a token."""
        now = datetime.now(UTC)
        claims: dict[str, Any] = {
            "iss": DEVELOPMENT_ISSUER,
            "aud": self._audience,
            "sub": subject or participant or f"development-{organization}",
            "org": organization,
            "grants": [dict(grant) for grant in grants],
            "iat": now,
            "exp": now + lifetime,
        }
        if participant is not None:
            claims["participant"] = participant
        return jwt.encode(claims, self._key(), algorithm="ES256", headers={"kid": self.KID})

    async def find(self, kid: str | None) -> jwt.PyJWK | None:
        if kid != self.KID:
            return None
        public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self._key().public_key()))
        return jwt.PyJWK({**public, "alg": "ES256", "kid": self.KID})

    def _key(self) -> ec.EllipticCurvePrivateKey:
        if not self._path.exists():
            self._make()
        key = serialization.load_pem_private_key(self._path.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{self._path} is not an EC key: remove it to have a new one made")
        return key

    def _make(self) -> None:
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._path.parent.mkdir(parents=True, exist_ok=True)
        own = self._path.with_name(f".{os.getpid()}.pem")
        own.touch(mode=0o600)
        own.write_bytes(pem)
        try:
            # A link fails if the name exists: of four services starting at once exactly one makes the key.
            os.link(own, self._path)
        except FileExistsError:
            pass
        finally:
            own.unlink()
