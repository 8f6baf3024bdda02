"""Two transactions that each rely on what the other changes: a leaver and a new enrollment."""

from pathlib import Path
from typing import Any

from services.profiles.domain.enrollments import Consent, Enrollment, enrollment_id
from services.profiles.store import Store, Writing
from shared.delivery import Transaction
from tests.support.profiles import here, settings, settled

ANA = {"given_name": "Ana", "family_name": "Roth", "email": "ana@example.org"}


async def test_a_leaver_and_a_new_enrollment_never_miss_each_other_whoever_commits_first(
    kafka: Any, database: Any, names: Any, mongo_driver: str, tmp_path: Path
) -> None:
    chosen = settings(kafka, database, names, mongo_driver, tmp_path)
    store = Store()
    writing = Writing(store)
    async with here(chosen) as (api, kernel):
        await api.program()

        async def leave(tx: Transaction, id: str) -> None:
            person = await store.people.get(tx, id)
            assert person is not None
            await writing.person(tx, id, person, person.state.model_copy(update={"status": "left"}))

        async def enroll(tx: Transaction, id: str, meanwhile: Any = None) -> None:
            person, program = await store.people.get(tx, id), await store.programs.get(tx, "spring")
            assert person is not None
            assert program is not None
            if meanwhile is not None:
                await meanwhile()
            wanted = Enrollment(
                participant=id,
                program="spring",
                cohort="2026",
                role="mentee",
                consent=Consent(on=tx.now.date(), source="Rapport"),
            )
            number = enrollment_id("acme", "spring", "2026", id, "mentee")
            await writing.settle(tx, number, await store.enrollments.get(tx, number), wanted, person, program)

        for first in ("leaving", "enrolling"):
            ana = (await api.post("/v1/participants", ANA, expect=201))["id"]
            attempts = 0

            async def between(id: str = ana, other: str = first) -> None:
                nonlocal attempts
                attempts += 1
                if attempts == 1:
                    step = leave if other == "leaving" else enroll
                    await kernel.command("acme", lambda tx: step(tx, id))

            async def slow_leave(tx: Transaction, id: str = ana) -> None:
                person = await store.people.get(tx, id)
                enrollments = await store.enrollments_of_person(tx, id)
                await between()
                assert person is not None
                await writing.person(tx, id, person, person.state.model_copy(update={"status": "left"}))
                for each in enrollments:
                    tx.wake("enrollment", each.id)

            if first == "leaving":
                await kernel.command("acme", lambda tx, id=ana: enroll(tx, id, between))
            else:
                await kernel.command("acme", slow_leave)
            assert attempts == 2, "the later one must have run again"
            await settled(kernel)
            (found,) = await store.enrollments_of_person(kernel.view("acme"), ana)
            assert found.state.state == "withdrawn"
