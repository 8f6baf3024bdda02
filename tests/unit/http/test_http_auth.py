"""Who is let in: tokens good and bad, roles, programs, and routes that forgot to ask."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from fastapi import APIRouter, Depends

from shared.http import Caller, Problem, in_program, require, signed_link
from shared.http.auth import Verifier, verifier
from shared.http.identity import BadClaims, caller_of
from shared.http.keys import DevelopmentIssuer, NoKeys, RemoteKeys, parse
from shared.http.testing import client, token, unscoped
from shared.settings import DEVELOPMENT_ISSUER, Settings

ISSUER, AUDIENCE = "https://id.example", "rapport"


def routes() -> APIRouter:
    router = APIRouter(prefix="/v1/programs")

    @router.get("/{program}")
    async def show(program: str, caller: Caller = Depends(require("coordinator", "admin"))) -> dict[str, Any]:
        in_program(caller, program, "coordinator", "admin")
        return {"organization": caller.organization, "program": program}

    return router


@pytest.mark.parametrize(
    ("roles", "programs", "status"),
    [
        (["coordinator"], ["p1"], 200),
        (["coordinator"], ["p2"], 404),
        (["coordinator"], [], 403),
        (["admin"], [], 200),
        (["hr"], ["p1"], 403),
        (["hr", "coordinator"], ["p1"], 200),
        ([], [], 403),
    ],
)
async def test_roles_and_programs_decide(
    make: Any, tmp_path: Path, roles: Any, programs: Any, status: int
) -> None:
    async with client(make(routes()), token(tmp_path, *roles, programs=programs)) as http:
        answer = await http.get("/v1/programs/p1")
    assert answer.status_code == status
    if status != 200:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["fix"]


async def test_without_a_token_nothing_is_said(make: Any) -> None:
    async with client(make(routes())) as http:
        answer = await http.get("/v1/programs/p1")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def claims(**changed: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    base = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + timedelta(hours=1)}
    base |= {"sub": "u1", "org": "acme", "grants": [{"role": "hr"}]}
    return {name: value for name, value in (base | changed).items() if value is not None}


def published(key: Any, kid: str, **extra: Any) -> dict[str, Any]:
    algorithm = (
        jwt.algorithms.ECAlgorithm
        if isinstance(key, ec.EllipticCurvePrivateKey)
        else jwt.algorithms.RSAAlgorithm
    )
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, **extra}


class Provider:
    """An identity provider whose keys can change, or that can be away."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.keys, self.asked, self.away, self.now = list(keys), 0, False, 1000.0

    def remote(self) -> RemoteKeys:
        def answer(_: httpx.Request) -> httpx.Response:
            self.asked += 1
            return httpx.Response(500) if self.away else httpx.Response(200, json={"keys": self.keys})

        return RemoteKeys(
            "https://id.example/keys", transport=httpx.MockTransport(answer), monotonic=lambda: self.now
        )


KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())


def signed(key: Any = KEY, algorithm: str = "ES256", kid: str | None = "k1", **changed: Any) -> str:
    return jwt.encode(claims(**changed), key, algorithm=algorithm, headers={"kid": kid} if kid else None)


async def test_a_token_of_the_identity_provider_is_taken() -> None:
    check = Verifier(ISSUER, AUDIENCE, Provider(published(KEY, "k1")).remote())
    caller = await check.caller(signed(participant="anna-1"))
    assert (caller.organization, caller.subject, caller.participant) == ("acme", "u1", "anna-1")
    assert caller.roles == {"hr"}


async def test_rsa_is_taken_with_its_own_algorithm_only() -> None:
    key = rsa.generate_private_key(65537, 2048)
    check = Verifier(ISSUER, AUDIENCE, Provider(published(key, "k1", alg="RS256")).remote())
    assert (await check.caller(signed(key, "RS256"))).organization == "acme"
    with pytest.raises(Problem) as refused:
        await check.caller(signed(key, "RS512"))
    assert refused.value.status == 401


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://else.example"},
        {"iss": DEVELOPMENT_ISSUER},
        {"aud": "another"},
        {"exp": datetime.now(UTC) - timedelta(minutes=5)},
        {"exp": None},
        {"iat": None},
        {"org": None},
        {"org": "a/b"},
        {"org": "acme\n"},
        {"sub": None},
        {"grants": "all"},
        {"grants": [{"role": "participant"}]},
        {"participant": "x/../y"},
    ],
)
async def test_wrong_claims_are_refused(changed: dict[str, Any]) -> None:
    check = Verifier(ISSUER, AUDIENCE, Provider(published(KEY, "k1")).remote())
    with pytest.raises(Problem) as refused:
        await check.caller(signed(**changed))
    assert refused.value.status == 401


async def test_a_wrong_signature_is_refused_and_so_are_symmetric_and_absent_ones() -> None:
    public = published(KEY, "k1")
    check = Verifier(
        ISSUER, AUDIENCE, Provider(public, {"kty": "oct", "k": "c2VjcmV0", "kid": "k2"}).remote()
    )
    none = jwt.encode(claims(), None, algorithm="none", headers={"kid": "k1"})
    symmetric = jwt.encode(claims(), "x" * 40, algorithm="HS256", headers={"kid": "k1"})
    for bad in (signed(OTHER), none, symmetric, signed(kid="k2"), signed(kid=None), "no.token.at-all", ""):
        with pytest.raises(Problem) as refused:
            await check.caller(bad)
        assert refused.value.status == 401


def test_keys_that_are_not_asymmetric_signing_keys_are_left_out() -> None:
    found = parse(
        {
            "keys": [
                {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
                published(KEY, "enc", use="enc"),
                published(KEY, "good"),
                {"kty": "EC", "kid": "broken"},
                "nonsense",
            ]
        }
    )
    assert set(found) == {"good"}
    with pytest.raises(ValueError):
        parse({"no": "keys"})


async def test_a_rotated_key_is_fetched_but_made_up_kids_are_no_hammer() -> None:
    provider = Provider(published(KEY, "k1"))
    keys = provider.remote()
    assert await keys.find("k1")
    provider.keys = [published(OTHER, "k2")]
    for _ in range(50):
        assert await keys.find("k2") is None
    assert provider.asked == 1
    provider.now += 11
    assert await keys.find("k2")
    assert await keys.find("k1") is None
    assert provider.asked == 2


async def test_an_outage_of_the_provider_keeps_known_keys_and_says_503_without_any() -> None:
    provider = Provider(published(KEY, "k1"))
    keys = provider.remote()
    await keys.find("k1")
    provider.away = True
    provider.now += 10_000
    assert await keys.find("k1")
    fresh = Provider()
    fresh.away = True
    with pytest.raises(NoKeys):
        await fresh.remote().find("k1")
    with pytest.raises(Problem) as refused:
        await Verifier(ISSUER, AUDIENCE, fresh.remote()).caller(signed())
    assert refused.value.status == 503


async def test_the_development_issuer_is_nobody_outside_the_embedded_profile(tmp_path: Path) -> None:
    made = token(tmp_path, "admin")
    embedded = verifier(Settings(profile="embedded", data_dir=tmp_path))
    assert (await embedded.caller(made)).roles == {"admin"}
    production = Settings(
        profile="production", data_dir=tmp_path, issuer=ISSUER, jwks_url="https://id.example/keys"
    )
    check = verifier(production)
    check._keys = Provider(published(KEY, "k1")).remote()
    with pytest.raises(Problem) as refused:
        await check.caller(made)
    assert refused.value.status == 401


def test_the_development_key_is_private_and_made_once(tmp_path: Path) -> None:
    first = DevelopmentIssuer(tmp_path)._key().private_numbers()
    assert DevelopmentIssuer(tmp_path)._key().private_numbers() == first
    files = list((tmp_path / "issuer").iterdir())
    assert [file.name for file in files] == ["development.pem"]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600


def test_grants_of_one_role_add_up_and_unknown_roles_grant_nothing() -> None:
    caller = caller_of(
        {
            "org": "acme",
            "participant": "anna",
            "grants": [
                {"role": "coordinator", "programs": ["p1"]},
                {"role": "coordinator", "programs": ["p2"]},
                {"role": "safeguarding_lead", "programs": []},
                {"role": "superuser"},
                {"role": "participant"},
            ],
        }
    )
    assert caller.programs("coordinator") == {"p1", "p2"}
    assert caller.roles == {"coordinator", "participant"}
    assert not caller.may("p3", "coordinator")
    assert caller.is_one_of("anna", "ben")
    assert not caller.is_one_of("ben")
    with pytest.raises(BadClaims):
        caller_of({"org": "acme", "sub": "x", "grants": [{"role": "hr", "programs": [1]}]})


def test_a_route_without_a_role_is_found(make: Any) -> None:
    router = routes()

    @router.get("/forgotten")
    async def forgotten() -> None: ...

    signed = APIRouter(dependencies=[Depends(signed_link)])
    signed.add_api_route("/v1/answers/{token}", forgotten)
    assert unscoped(make(routes(), signed)) == []
    assert unscoped(make(router)) == ["GET /v1/programs/forgotten"]


def test_a_role_that_does_not_exist_is_refused_when_the_route_is_written() -> None:
    with pytest.raises(ValueError):
        require("cordinator")
    with pytest.raises(ValueError):
        require()
