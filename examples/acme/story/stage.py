"""The stage: the platform as processes, its HTTP APIs as a patient client calls them, and the console command."""

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from deploy.local.ensemble import Platform
from examples.acme.story.telling import Unexpected

AT_ONCE = 12
"""Requests in flight: as impatient as a few dozen people; more would only wait in the services."""
PATIENCE = 120.0
"""Seconds until something that must happen counts as not happening; a busy machine may need many."""
PAUSE = 0.3

T = TypeVar("T")


class Stage:
    """What the story may touch: `ask` and `listing` (HTTP), `rapport` (the command), the mailbox's folder.

    `platform` is for starting, stopping and killing alone.
    """

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.mailbox = platform.mailbox
        self._http = httpx.AsyncClient(timeout=20.0, limits=httpx.Limits(max_connections=2 * AT_ONCE))
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._tokens: dict[str, str] = {}
        self._ahead = timedelta(0)
        self.repeated = 0
        """Requests sent again because a service did not answer; harmless by their Idempotency-Key."""

    async def close(self) -> None:
        """Close connections."""
        await self._http.aclose()

    # -- the command -----------------------------------------------------------------------------------------------

    async def rapport(self, *words: str) -> Any:
        """What `rapport WORDS --json` says. Raises Unexpected with its own words when it fails."""
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("rapport")),
            *words,
            "--json",
            env={**os.environ, **self.platform.environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await process.communicate()
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        if process.returncode:
            raise Unexpected(
                f"`rapport {' '.join(words[:3])}` failed: {err.decode().strip()}\n{out.decode()}"
            )
        return json.loads(out)

    async def grant(
        self, name: str, *roles: str, program: str | None = None, participant: str | None = None
    ) -> None:
        """A token for somebody who is called `name` from here on."""
        words = [word for role in roles for word in ("--role", role)]
        words += ["--program", program] if program else []
        words += ["--participant", participant] if participant else []
        self._tokens[name] = (await self.rapport("token", *words))["token"]

    async def grant_people(self, participants: Iterable[str]) -> None:
        """A participant's token for each; they are called by their ids."""
        wanted = [each for each in participants if each not in self._tokens]
        for start in range(0, len(wanted), 500):
            some = wanted[start : start + 500]
            words = [word for each in some for word in ("--participant", each)]
            found = await self.rapport("token", "--role", "participant", *words)
            self._tokens |= found.get("tokens") or {some[0]: found["token"]}

    async def settle(self) -> None:
        """Wait until nothing is under way anywhere."""
        await self.rapport("settle", "--timeout", str(PATIENCE))

    async def advance(self, span: str) -> None:
        """Let program time pass, and wait until all has followed."""
        moved = await self.rapport("clock", "advance", span, "--timeout", str(PATIENCE))
        self._ahead = timedelta(seconds=moved["offset_seconds"])
        await self.settle()

    @property
    def now(self) -> datetime:
        """Program time, as the command last said how far it is ahead."""
        return datetime.now(UTC) + self._ahead

    # -- HTTP ------------------------------------------------------------------------------------------------------

    async def ask(
        self,
        who: str,
        service: str,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The answer's body. Repeats what found nobody there, under one key, so that it is done once.

        Raises Unexpected for a refusal, with the problem's own words.
        """
        sent = {"Authorization": f"Bearer {self._tokens[who]}", **(headers or {})}
        if method == "POST":
            sent["Idempotency-Key"] = uuid4().hex
        url = f"{self.platform.urls[service]}{path}"
        deadline = time.monotonic() + PATIENCE
        while True:
            why = "nobody answers"
            try:
                async with self._gate:
                    answer = await self._http.request(
                        method, url, json=json, params=params, content=content, headers=sent
                    )
            except httpx.TransportError as error:
                why = f"{type(error).__name__} {error}"
            else:
                if answer.is_success:
                    return answer.json() if answer.content else None
                why = f"{answer.status_code} {answer.text}"
                flying = answer.status_code == 409 and "in-flight" in answer.text
                if answer.status_code != 503 and not flying:
                    raise Unexpected(f"{service} refused {method} {path}: {why}")
            if time.monotonic() > deadline:
                raise Unexpected(f"{service} did not do {method} {path}: {why}")
            self.repeated += 1
            await asyncio.sleep(PAUSE)

    async def listing(self, who: str, service: str, path: str, **params: Any) -> list[dict[str, Any]]:
        """All items of a list, page by page."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = {**params, "limit": 200, **({"cursor": cursor} if cursor else {})}
            body = await self.ask(who, service, "GET", path, params=page)
            found += body["items"]
            cursor = body["next"]
            if cursor is None:
                return found


async def until(what: str, look: Callable[[], Awaitable[T | None]], patience: float = PATIENCE) -> T:
    """What `look` finds, looked for again and again; Unexpected says `what` if it never comes."""
    deadline = time.monotonic() + patience
    while True:
        found = await look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Unexpected(f"waited {patience:g} s in vain: {what}")
        await asyncio.sleep(PAUSE)


async def together(calls: Sequence[Awaitable[T]]) -> list[T]:
    """All at once, as far as `AT_ONCE` lets them; the first failure ends them all."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
