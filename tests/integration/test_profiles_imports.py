"""HR's files on the real cluster: what is imported, what is published, and what a crash in the middle changes."""

import asyncio
import csv
import io
import json
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from examples.acme.generate import main as generate
from shared.contracts import CONTACTS, ENROLLMENTS, PARTICIPANTS
from shared.http.paging import encode
from tests.support.profiles import advance, apart, here, published, ready, settings, settled, until


def text(*rows: dict[str, str]) -> str:
    out = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(out, names, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def person(number: str, **cells: str) -> dict[str, str]:
    return {
        "external_id": number,
        "given_name": "Zoë",
        "family_name": f"O'Brien {number}",
        "email": f"p{number}@example.org",
        "start_date": "2020-01-01",
        **cells,
    }


async def test_acme_comes_in_with_three_bad_rows_and_the_same_file_again_publishes_nothing(
    kafka: Any, database: Any, names: Any, mongo_driver: str, tmp_path: Path
) -> None:
    chosen = settings(kafka, database, names, mongo_driver, tmp_path)
    generate(["--out", str(tmp_path)])
    story = json.loads((tmp_path / "story.json").read_text())
    body = json.loads((tmp_path / "program.json").read_text())
    async with here(chosen) as (api, kernel):
        carla = await api.post(
            "/v1/participants", json.loads((tmp_path / "coordinator.json").read_text()), expect=201
        )
        made = await api.post("/v1/programs", body | {"coordinators": [carla["id"]]}, expect=201)
        assert made["warnings"] == []
        await api.post(f"/v1/programs/{body['id']}/open")

        began = time.monotonic()
        taken = await api.send_csv((tmp_path / "people.csv").read_bytes())
        assert (taken["rows"], taken["rejected"]) == (303, 3)
        assert [notice["column"] for notice in taken["notices"]] == ["cost_center"]
        done = await api.finished(taken["id"])
        took = time.monotonic() - began
        print(f"{took:.1f} s for 303 rows")
        assert took < 30, f"{took:.1f} s for 303 rows"
        counts = {name: count for name, count in done["counts"].items() if count}
        assert counts == {"created": 300, "rejected": 3}
        bad = await api.rows(taken["id"], "&result=rejected")
        assert [(row["line"], row["problems"][0]["column"]) for row in bad] == [
            (each["line"], each["column"]) for each in story["wrong"]
        ]
        assert all(row["problems"][0]["reason"] and row["problems"][0]["fix"] for row in bad)
        assert [row["line"] for row in await api.rows(taken["id"])] == list(range(2, 305))

        await settled(kernel)
        newest = {id: body for _, id, _, body in await published(chosen, PARTICIPANTS)}
        assert len(newest) == 301
        managed = [each for each in newest.values() if each and each["manager"] is not None]
        assert len(managed) == 299
        assert all(each["manager"] in newest for each in managed)
        enrolled = {id: body for _, id, _, body in await published(chosen, ENROLLMENTS)}
        states = Counter(body["state"] for body in enrolled.values() if body)
        assert states == {"open": story["mentors"] + story["mentees"]}
        assert not any("given_name" in json.dumps(body) for body in newest.values())

        before = [len(await published(chosen, topic)) for topic in (PARTICIPANTS, CONTACTS, ENROLLMENTS)]
        again = await api.send_csv((tmp_path / "people.csv").read_bytes())
        done = await api.finished(again["id"])
        assert {name: count for name, count in done["counts"].items() if count} == {
            "unchanged": 300,
            "rejected": 3,
        }
        await settled(kernel)
        assert before == [
            len(await published(chosen, topic)) for topic in (PARTICIPANTS, CONTACTS, ENROLLMENTS)
        ]


async def test_a_changed_name_changes_the_contact_alone_and_a_departure_acts_a_day_later(
    kafka: Any, database: Any, names: Any, mongo_driver: str, tmp_path: Path
) -> None:
    chosen = settings(kafka, database, names, mongo_driver, tmp_path)
    async with here(chosen) as (api, kernel):
        await api.program()
        wish = {"program": "spring", "role": "mentor", "consent_on": "2026-01-01", "consent_source": "form"}
        done = await api.finished((await api.send_csv(text(person("1", **wish), person("2"))))["id"])
        assert done["counts"]["created"] == 2
        await settled(kernel)
        people = await published(chosen, PARTICIPANTS)
        married = text({"external_id": "1", "family_name": "Núñez"})
        assert (await api.finished((await api.send_csv(married))["id"]))["counts"]["updated"] == 1
        await settled(kernel)
        assert await published(chosen, PARTICIPANTS) == people
        assert [type for type, *_ in await published(chosen, CONTACTS)][-1] == "contact.changed"

        ((_, enrollment, _, _),) = await published(chosen, ENROLLMENTS)
        tag = {"If-Match": (await api.call("GET", f"/v1/enrollments/{enrollment}")).headers["etag"]}
        unwanted = {"preferences": {"excluded": ["x"]}}
        await api.call("PATCH", f"/v1/enrollments/{enrollment}", headers=tag, json=unwanted)

        now = kernel.view("acme").now
        leaving = text({"external_id": "1", "leaving_on": now.date().isoformat()})
        await api.finished((await api.send_csv(leaving))["id"])
        await settled(kernel)
        (one,) = (await api.get("/v1/participants?source=hr&external_id=1", role="hr"))["items"]
        assert (one["person"]["status"], one["person"]["leaving_on"]) == ("active", now.date().isoformat())
        await advance(kernel, chosen, timedelta(hours=49))

        async def gone() -> bool:
            await settled(kernel)
            return (await published(chosen, ENROLLMENTS))[-1][0] == "enrollment.withdrawn"

        await until("the one who left is withdrawn", gone)
        assert (await published(chosen, PARTICIPANTS))[-1][0] == "participant.left"

        # Taken back too late, by hand: refused with what to do. Hired again: the same person, exclusions too.
        (one,) = (await api.get("/v1/participants?source=hr&external_id=1", role="hr"))["items"]
        path = f"/v1/participants/{one['id']}"
        tag = {"If-Match": (await api.call("GET", path, role="hr")).headers["etag"]}
        sent: dict[str, Any] = {"role": "hr", "headers": tag}
        refused = await api.call("PATCH", path, json={"leaving_on": None}, expect=409, **sent)
        assert "started_on" in refused.json()["fix"]
        await advance(kernel, chosen, timedelta(days=5))
        day = kernel.view("acme").now.date().isoformat()
        back = text({"external_id": "1", "start_date": day, **wish, "consent_on": day})
        assert (await api.finished((await api.send_csv(back))["id"]))["counts"]["updated"] == 1
        await settled(kernel)
        type, _, _, body = (await published(chosen, ENROLLMENTS))[-1]
        assert (type, body["preferences"]["excluded"]) == ("enrollment.opened", ["x"])
        assert (await published(chosen, PARTICIPANTS))[-1][0] == "participant.rehired"


async def test_a_manager_who_comes_in_a_later_file_is_waited_for_and_one_who_never_comes_is_named(
    kafka: Any, database: Any, names: Any, mongo_driver: str, tmp_path: Path
) -> None:
    chosen = settings(kafka, database, names, mongo_driver, tmp_path)
    async with here(chosen) as (api, kernel):
        first = await api.send_csv(text(person("1", manager="9"), person("2", manager="nobody")))

        async def waits() -> bool:
            return bool((await api.get(f"/v1/imports/{first['id']}", role="hr"))["counts"]["waiting"] == 2)

        await until("both rows wait", waits)
        second = await api.send_csv(text(person("9")))
        assert (await api.finished(second["id"]))["counts"]["created"] == 1

        async def one_waits() -> bool:
            return bool((await api.get(f"/v1/imports/{first['id']}", role="hr"))["counts"]["waiting"] == 1)

        await until("the first has its manager", one_waits)
        await advance(kernel, chosen, timedelta(seconds=61))
        done = await api.finished(first["id"])
        assert done["counts"]["created"] == 2
        rows = await api.rows(first["id"])
        assert [[p["column"] for p in row["problems"]] for row in rows] == [[], ["manager"]]
        (one,) = (await api.get("/v1/participants?source=hr&external_id=1", role="hr"))["items"]
        (boss,) = (await api.get("/v1/participants?source=hr&external_id=9", role="hr"))["items"]
        assert one["person"]["manager"] == boss["id"]


async def test_killed_in_the_middle_an_import_goes_on_without_loss_or_doubling(
    kafka: Any, database: Any, names: Any, mongo_driver: str, tmp_path: Path
) -> None:
    chosen = settings(kafka, database, names, mongo_driver, tmp_path)
    count = 1000
    rows = [
        person(str(number), manager=str(number // 7) if number >= 7 else "") for number in range(1, count + 1)
    ]
    async with apart(chosen) as (api, process):
        taken = await api.send_csv(text(*rows), headers={"Idempotency-Key": "one"})

        async def cursor() -> int:
            try:
                counts = (await api.get(f"/v1/imports/{taken['id']}", role="hr"))["counts"]
            except (httpx.TransportError, AssertionError):
                return 0
            return int(sum(counts.values()))

        at = 0
        for _ in range(2):
            # Not ready but answering is enough: by the time all is ready the import may be over.
            at = await until("more rows are in", lambda at=at: _over(cursor, at + 50))
            assert at < count, "the import was over before the kill"
            process.kill()
            process.start()
        await ready(api.http)
        # The reply may have been lost with the process: the same request again is the same import.
        again = await api.send_csv(text(*rows), headers={"Idempotency-Key": "one"})
        assert again["id"] == taken["id"]
        done = await api.finished(taken["id"], 120)
        assert {name: count for name, count in done["counts"].items() if count} == {"created": count}
        assert [row["line"] for row in await api.rows(taken["id"])] == list(range(2, count + 2))
        calm = 0

        async def quiet() -> bool:
            nonlocal calm
            state = (await api.http.get("/ready")).json()
            calm = calm + 1 if not (state["outbox"] or state["due"]) else 0
            return calm >= 2

        await until("everything is published", quiet)
        people = await published(chosen, PARTICIPANTS)
        # Killed between sending and forgetting, the relay sends the very same events again: one per version.
        distinct = {(id, version): (type, json.dumps(body)) for type, id, version, body in people}
        assert all(distinct[id, version] == (type, json.dumps(body)) for type, id, version, body in people)
        assert len({id for id, _ in distinct}) == count
        assert Counter(type for type, _ in distinct.values())["participant.added"] == count
        assert Counter(version for _, version in distinct)[1] == count
        newest = {id: body for _, id, _, body in people if body}
        numbers = Counter(body["links"][0]["external_id"] for body in newest.values())
        assert set(numbers.values()) == {1}
        by_number = {body["links"][0]["external_id"]: id for id, body in newest.items()}
        for row in rows:
            assert newest[by_number[row["external_id"]]]["manager"] == by_number.get(row["manager"])
        assert {version for _, _, version, _ in await published(chosen, CONTACTS)} == {1}


async def _over(cursor: Any, goal: int) -> int:
    found = await cursor()
    return found if found >= goal else 0


async def test_files_of_one_source_follow_each_other_and_those_of_two_stand_side_by_side(
    kafka: Any, database: Any, names: Any, mongo_driver: str, tmp_path: Path
) -> None:
    chosen = settings(kafka, database, names, mongo_driver, tmp_path)
    async with here(chosen) as (api, kernel):
        old = [person(str(n), department="old") for n in range(120)]
        new = [{"external_id": str(n), "department": "new"} for n in range(120)]
        first = await api.send_csv(text(*old))
        second = await api.send_csv(text(*new))
        other = await api.send_csv(text(*old[:60]), source="lyon")
        done = await asyncio.gather(*(api.finished(each["id"]) for each in (first, second, other)))
        assert [each["counts"]["created"] for each in done] == [120, 0, 60]
        assert done[1]["counts"]["updated"] == 120
        one = (await api.get("/v1/participants?source=hr&external_id=7", role="hr"))["items"][0]
        two = (await api.get("/v1/participants?source=lyon&external_id=7", role="hr"))["items"][0]
        assert one["id"] != two["id"]
        assert (one["person"]["department"], two["person"]["department"]) == ("new", "old")
        await settled(kernel)
        # The department is nobody's business outside: the second file published nothing.
        assert len(await published(chosen, PARTICIPANTS)) == 180


async def test_json_is_imported_like_csv_and_a_wrong_file_changes_nothing(
    kafka: Any, database: Any, names: Any, mongo_driver: str, tmp_path: Path
) -> None:
    chosen = settings(kafka, database, names, mongo_driver, tmp_path)
    async with here(chosen) as (api, _):
        await api.program()
        row = {"external_id": "1", "given_name": "Ana", "family_name": "Roth", "email": "ana@example.org"}
        wish = {"program": "spring", "role": "mentee", "taste": {"goals": ["lead a team"]}}
        consent = {"consent_on": "2026-01-01", "consent_source": "form"}
        rows = [row | {"enrollment": wish | consent}, row | {"external_id": "2", "seniority": 99}, {"x": 1}]
        taken = await api.post("/v1/imports?source=hr", {"rows": rows}, role="hr", expect=202)
        done = await api.finished(taken["id"])
        assert (done["counts"]["created"], done["counts"]["rejected"]) == (1, 2)
        (enrollment,) = (await api.get("/v1/programs/spring/enrollments"))["items"]
        assert enrollment["enrollment"]["state"] == "open"
        assert enrollment["enrollment"]["preferences"]["goals"] == ["lead a team"]
        place = f"/v1/imports/{taken['id']}/rows"
        strange = encode("somewhere", place)
        refused = await api.call("GET", f"{place}?cursor={strange}", role="hr", expect=422)
        assert refused.json()["errors"][0]["field"] == "query.cursor"
        wrong = await api.send_csv("externalid,given_name\n1,Ana\n", expect=422)
        assert "rename the column 'externalid'" in wrong["errors"][0]["fix"]
        assert len((await api.get("/v1/imports", role="hr"))["items"]) == 1
        answer = await api.call(
            "POST",
            "/v1/imports?source=hr",
            role="hr",
            expect=415,
            content=b"x",
            headers={"Content-Type": "text/html"},
        )
        assert answer.json()["status"] == 415
