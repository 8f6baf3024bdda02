"""The history of a case in words, for its coordinator."""

from collections.abc import Mapping

from services.notifications.domain.state import Case, Entry

CAUSES = {
    "stalled": "no session for too long",
    "failing_commitment": "too few of the agreed sessions took place",
}
HOLDS = {
    "planned": "a session was planned",
    "busy": "one of them is busy until a day",
    "paused": "the pair pauses",
    "absent": "one of them is away",
    "snoozed": "you let it rest",
}
SAID = {
    "resumed": "the case goes on",
    "recovered": "the cause is gone: the case was closed",
    "dismissed": "the case was dismissed",
    "closed": "the case was closed",
    "snoozed": "the case was put to rest",
    "rematch_confirmed": "a rematch was approved",
    "rematch_refused": "nobody else could be found for a rematch",
}
LONGEST = 12


def told(case: Case, names: Mapping[str, str]) -> tuple[str, ...]:
    """One line an entry, the last dozen; people by the names given, by no id."""
    return tuple(f"{entry.at:%d %B %Y}: {_words(entry, names)}" for entry in case.history[-LONGEST:])


def _words(entry: Entry, names: Mapping[str, str]) -> str:
    people = " and ".join(names.get(id, "the coordinator") for id in entry.to) or "nobody"
    were = "were" if len(entry.to) > 1 else "was"
    match entry.what:
        case "opened":
            return CAUSES.get(entry.why or "", "a case was opened")
        case "reopened":
            return f"the case goes on: {CAUSES.get(entry.why or '', 'the silence came back')}"
        case "rung":
            return f"step {entry.rung}: {people} {were} asked"
        case "deferred":
            return f"step {entry.rung} waits for a week that has room for mail to {people}"
        case "held":
            return f"on hold: {HOLDS.get(entry.why or '', 'it rests')}"
        case other:
            return SAID.get(other, other)
