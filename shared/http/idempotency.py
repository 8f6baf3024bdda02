"""A POST sent twice is done once: the answer is stored under its Idempotency-Key in the change's own
transaction.

Either both the change and its answer are there or neither is, so a client that lost the reply may always
repeat. A key is unique on organization, caller, route and key. Only successes are stored: a refusal changed
nothing, and may be right the next time. Two at once in one process: the second gets 409. In two processes:
the database lets one commit, and the other, tried again by the kernel, finds the stored answer and gives
that.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from fastapi import Depends, Header, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from shared import metrics
from shared.http.etags import etag
from shared.http.identity import Caller
from shared.http.ports import Commands
from shared.http.problems import Problem


class Answer(BaseModel):
    """A stored answer: the private state of one key."""

    model_config = ConfigDict(frozen=True)

    fingerprint: str
    status: int
    content: str | None
    headers: dict[str, str]
    about: str | None = None
    """The person whose data are in the content, if they are anybody's."""


class Answers(Protocol):
    """Where answers are kept: `shared.http.store` in the change's own transaction, a dict in tests."""

    async def prepare(self, at: Any) -> None:
        """Make what must be there before the first answer."""
        ...

    async def get(self, tx: Any, id: str) -> Answer | None: ...
    async def add(self, tx: Any, id: str, answer: Answer) -> None: ...
    async def erase(self, tx: Any, about: str) -> None:
        """Empty all answers about a person. Their keys stay: a late repetition must not make the person anew."""
        ...


@dataclass(frozen=True)
class Reply:
    """What a command answers. `revision` becomes the ETag, `location` the place of what was made."""

    body: BaseModel | dict[str, Any] | None = None
    status: int = 200
    revision: int | None = None
    location: str | None = None
    about: str | None = None
    """The person whose data it holds: their erasure empties the stored answer."""

    def headers(self) -> dict[str, str]:
        found = {}
        if self.revision is not None:
            found["etag"] = etag(self.revision)
        if self.location is not None:
            found["location"] = self.location
        return found


class Once:
    """Runs a handler's transaction once for a key; the parameter of POST handlers (`once: Idempotent`)."""

    def __init__(self, request: Request, key: str | None) -> None:
        self._request, self._key = request, key

    async def __call__(
        self, caller: Caller, run: Callable[[Any], Awaitable[Reply]], *, fingerprint: str | None = None
    ) -> Response:
        """Run in one transaction of the caller's organization; the answer, stored or fresh, byte for byte the
        same.

        `fingerprint` stands for the body where its bytes differ on every send (a multipart file). Raises
        Problem 409 while the same key is in flight, 422 if the key was used with another request.
        """
        commands: Commands = self._request.app.state.kernel
        if self._key is None:
            return _response(_answer(await commands.command(caller.organization, run), ""))
        id = self._id(caller, self._key)
        mark = fingerprint or await self._fingerprint()
        flying: set[tuple[str, str]] = self._request.app.state.in_flight
        if (caller.organization, id) in flying:
            raise Problem(
                409,
                "in-flight",
                "A request with this Idempotency-Key is being worked on.",
                fix="Repeat it in a second: you will get its answer.",
                headers={"Retry-After": "1"},
            )
        flying.add((caller.organization, id))
        try:
            return await self._stored(commands, caller, run, id, mark)
        finally:
            flying.discard((caller.organization, id))

    async def _stored(
        self, commands: Commands, caller: Caller, run: Callable[[Any], Awaitable[Reply]], id: str, mark: str
    ) -> Response:
        answers = answers_of(self._request)

        async def both(tx: Any) -> tuple[Answer, bool]:
            stored = await answers.get(tx, id)
            if stored is not None:
                if stored.fingerprint != mark:
                    raise Problem(
                        422,
                        "key-reused",
                        "This Idempotency-Key was used with another request.",
                        fix="Use a new key for a new request; repeat only the very same one.",
                    )
                return stored, True
            answer = _answer(await run(tx), mark)
            await answers.add(tx, id, answer)
            return answer, False

        answer, replayed = await commands.command(caller.organization, both)
        if replayed:
            metrics.HTTP_REPLAYS.labels(route=route_of(self._request.scope)).inc()
        return _response(answer, replayed)

    def _id(self, caller: Caller, key: str) -> str:
        # Hashed: the subject may be a login name, and an id has no slash and a known length.
        parts = "\n".join((caller.subject, self._request.method, route_of(self._request.scope), key))
        return hashlib.sha256(parts.encode()).hexdigest()

    async def _fingerprint(self) -> str:
        head = f"{self._request.url.path}?{self._request.url.query}\n".encode()
        return hashlib.sha256(head + await self._request.body()).hexdigest()


def answers_of(request: Request) -> Answers:
    """Where the application keeps its answers."""
    answers: Answers = request.app.state.answers
    return answers


def route_of(scope: Any) -> str:
    """The route's template, such as `/v1/pairs/{id}/accept`: for keys, metrics and logs. Never the path
    itself.
    """
    return str(getattr(scope.get("route"), "path", None) or "unmatched")


async def _once(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=200,
            pattern=r"^[\x21-\x7e]+$",
            description="Makes a repeated POST harmless.",
        ),
    ] = None,
) -> Once:
    return Once(request, idempotency_key)


Idempotent = Annotated[Once, Depends(_once)]
"""Parameter of POST handlers: `return await once(caller, run)` with `run(tx) -> Reply`."""


def _answer(reply: Reply, mark: str) -> Answer:
    content = None
    if reply.body is not None:
        body = jsonable_encoder(reply.body)
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Answer(
        fingerprint=mark, status=reply.status, content=content, headers=reply.headers(), about=reply.about
    )


def _response(answer: Answer, replayed: bool = False) -> Response:
    headers = dict(answer.headers)
    if replayed:
        headers["idempotency-replayed"] = "true"
    media_type = "application/json" if answer.content is not None else None
    return Response(answer.content, answer.status, headers, media_type)
