"""How far one case has come on its ladder: a clock that can stand, and the highest rung that fired.

The clock is ladder time, not wall time. Firing a rung sets it to that rung's own offset, so whatever came
late (a service that was down, a clock moved by a month, a message put off by pacing) moves the later rungs by
as much. Without that, a month of silence of *ours* would fire all four rungs at people within a minute.
"""

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from shared.ladder.rungs import Ladder, Rung, stretched


class Track(BaseModel):
    """`counted` is the ladder time until `since`; `since` None means the clock stands."""

    model_config = ConfigDict(frozen=True)

    rung: int = 0
    counted: timedelta = timedelta(0)
    since: datetime | None = None


def start(now: datetime) -> Track:
    """A case just opened. `now` is the time of the run that saw it (health.md, Ladder)."""
    return Track(since=now)


def elapsed(track: Track, now: datetime) -> timedelta:
    """Ladder time at `now`. A `since` ahead of it (mail waits for the morning) counts nothing yet."""
    if track.since is None:
        return track.counted
    return track.counted + max(timedelta(0), now - track.since)


def stand(track: Track, now: datetime) -> Track:
    """Stop the clock: on hold, suspended or recovered. The rung and the time counted stay."""
    return Track(rung=track.rung, counted=elapsed(track, now), since=None)


def run(track: Track, now: datetime) -> Track:
    """Let a standing clock run again from `now`; a running one is left alone."""
    return track if track.since is not None else Track(rung=track.rung, counted=track.counted, since=now)


def due_at(track: Track, ladder: Ladder, cadence_days: float) -> datetime | None:
    """When the next rung is due, or None while the clock stands or the top is reached."""
    rung = ladder.after(track.rung)
    if rung is None or track.since is None:
        return None
    return track.since + max(timedelta(0), stretched(rung.offset_days, cadence_days) - track.counted)


def due_rung(track: Track, ladder: Ladder, cadence_days: float, now: datetime) -> Rung | None:
    """The one rung that is due at `now`: always the next above the last, never a later one."""
    at = due_at(track, ladder, cadence_days)
    return ladder.after(track.rung) if at is not None and at <= now else None


def fire(track: Track, rung: Rung, reached: datetime, cadence_days: float) -> Track:
    """The track after `rung` fired; `reached` is when its last message reaches a person.

    Raises ValueError for a rung that is not above the last one: the same rung never fires twice.
    """
    if rung.number <= track.rung:
        raise ValueError(f"rung {rung.number} has fired already")
    return Track(rung=rung.number, counted=stretched(rung.offset_days, cadence_days), since=reached)
