"""What is to be done about a pair now: level-triggered, from what is there and never from what came last."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.notifications.domain.announce import announcements
from services.notifications.domain.facts import FAILING, STALLED, Facts, Health, Pair, Signal
from services.notifications.domain.holds import hold, hold_edges
from services.notifications.domain.letters import AUTOMATIC
from services.notifications.domain.outcomes import (
    Closed,
    Deferred,
    Fired,
    Held,
    Nudge,
    Opened,
    Outcome,
    Recovered,
    RematchRefused,
    Reopened,
    Resumed,
    evolve,
)
from services.notifications.domain.receivers import asked, nudged, placed, post_id
from services.notifications.domain.relevance import ABOUT_A_DATE
from services.notifications.domain.reviews import reviewed
from services.notifications.domain.state import Attention, Case, Nudged, Post, Rematch, Status
from shared.ladder import Ask, Precedence, Rung, due_at, due_rung

NUDGE = "nudge."
OF_A_CASE = frozenset({"nudge.not_meeting", "nudge.nothing_planned", "nudge.cancellations"})
"""What the case of a pair speaks of anyway."""
OVER = frozenset({"completed", "ended", "declined", "expired", "withdrawn"})
WATCHED = frozenset({"active", "paused"})


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcomes in order, the attention after them, and when to look again without a new fact."""

    outcomes: tuple[Outcome, ...]
    attention: Attention
    due: datetime | None


def decide(facts: Facts, now: datetime) -> Decision:
    """Decide about one pair at `now` (aware, program time)."""
    run = _Run(facts, now)
    pair = facts.pair
    if pair is not None:
        for announced in announcements(facts, pair, now):
            run.add(announced)
    ended = _ended(facts, now)
    if ended:
        run.close(ended)
    elif pair is not None and pair.state in WATCHED and facts.health is not None:
        run.case(pair, facts.health)
        run.nudge(pair, facts.health)
    for outcome in reviewed(replace(facts, attention=run.attention), over=ended is not None):
        run.add(outcome)
    return Decision(tuple(run.outcomes), run.attention, None if ended else run.due())


def condition(health: Health) -> Signal | None:
    """Why a case should be open: stalled, or failing by commitment (health.md, Case)."""
    return health.signal(STALLED) or health.signal(FAILING)


def _ended(facts: Facts, now: datetime) -> str | None:
    if facts.pair is None or facts.pair.state in OVER:
        return "pair_ended"
    if facts.rules.ends is not None and now >= facts.rules.ends:
        return "cohort_ended"
    return None


def rung_posts(rung: Rung, facts: Facts, pair: Pair, case: Case, now: datetime) -> tuple[Post, ...]:
    """The messages of a rung, one a person, not yet placed in time."""
    return tuple(
        Post(
            id=post_id(pair.id, "case", case.number, rung.number, person),
            kind=f"rung.{rung.ask}",
            person=person,
            pair=pair.id,
            program=pair.program,
            at=now,
            case=case.number,
            rung=rung.number,
            details=(AUTOMATIC,) if rung.ask is Ask.REMATCH and facts.rules.rematch == "automatic" else (),
        )
        for person in asked(rung.ask, facts, pair)
    )


class _Run:
    """One run: what is decided so far. It lives for one call of `decide` and is never kept."""

    def __init__(self, facts: Facts, now: datetime) -> None:
        self.facts, self.now = facts, now
        self.attention = facts.attention
        self.outcomes: list[Outcome] = []

    def add(self, outcome: Outcome) -> None:
        self.attention = evolve(self.attention, outcome, self.now)
        self.outcomes.append(outcome)

    @property
    def current(self) -> Case | None:
        case = self.attention.case
        return case if case is not None and case.live else None

    def close(self, why: str) -> None:
        if self.current:
            self.add(Closed(why))

    def case(self, pair: Pair, health: Health) -> None:
        cause = condition(health)
        if cause is None:
            if self.current:
                self.add(Recovered(self.facts.last_held))
            return
        if not self.current:
            self._open(cause, health)
        if self.current:
            self._clock()
        if self.current and self.current.status is Status.OPEN:
            self._ladder(pair, health)

    def _open(self, cause: Signal, health: Health) -> None:
        case = self.attention.case
        if case is not None and case.status is Status.RECOVERED and self._same_silence(case, health):
            rungs = self.facts.rules.ladder.rungs
            top = any(rung.number == case.track.rung and rung.ask is Ask.REMATCH for rung in rungs)
            self.add(Reopened(cause.kind, cause.since, top=top))
        elif case is None or case.status is not Status.DISMISSED or self._is_later(cause, case):
            self.add(Opened(cause.kind, cause.since))

    def _is_later(self, cause: Signal, case: Case) -> bool:
        """A dismissed case stays dismissed for the silence it was about; only a later one opens another.

        A session of before that is reported only now moves the beginning of a silence, and makes no other.
        """
        return cause.since > max(case.since, case.closed_at.date() if case.closed_at else case.since)

    def _same_silence(self, case: Case, health: Health) -> bool:
        """health.md, Case: (last session before the new silence - recovering session) <= 2 c."""
        if case.recovered_on is None or self.facts.last_held is None:
            return True
        return (self.facts.last_held - case.recovered_on).days <= 2 * health.cadence_days

    def _clock(self) -> None:
        case = self.current
        assert case is not None
        wanted = hold(replace(self.facts, attention=self.attention), self.now)
        if wanted is not None:
            standing = case.status is not Status.OPEN
            if not standing or wanted != Held(
                case.held_until, case.held_why or "", case.status is Status.SUSPENDED
            ):
                self.add(wanted)
        elif case.status is not Status.OPEN:
            self.add(Resumed())

    def _ladder(self, pair: Pair, health: Health) -> None:
        case = self.current
        assert case is not None
        refused = self.facts.rematch_refused
        if (
            case.rematch is Rematch.CONFIRMED
            and refused is not None
            and (case.refused is None or refused > case.refused)
        ):
            self.add(RematchRefused(refused))
            return
        rung = due_rung(case.track, self.facts.rules.ladder, health.cadence_days, self.now)
        if rung is None or (rung.ask is Ask.REMATCH and self._too_late(health)):
            return
        posts = rung_posts(rung, self.facts, pair, case, self.now)
        placements = {
            post.id: placed(
                post,
                self.facts.postbox(post.person),
                self.facts.person(post.person).zone,
                self.facts.rules.pace,
                Precedence.CASE,
            )
            for post in posts
        }
        timed = tuple(post.model_copy(update={"at": placements[post.id].at}) for post in posts)
        reached = max((post.at for post in timed), default=self.now)
        members_wait = rung.ask in (Ask.OWING, Ask.BOTH) and any(spot.full for spot in placements.values())
        if members_wait:
            if case.deferred_until is None or case.deferred_until != reached:
                self.add(Deferred(rung, reached, timed))
            return
        automatic = self.facts.rules.rematch == "automatic"
        said = case.rematch
        if rung.ask is Ask.REMATCH:
            said = Rematch.CONFIRMED if automatic else Rematch.RECOMMENDED
        self.add(Fired(rung, reached, health.cadence_days, timed, said))

    def _too_late(self, health: Health) -> bool:
        """In the last cadence of a cohort nobody is rematched (domain.md, Relationship health)."""
        ends = self.facts.rules.ends
        if self.facts.rules.rematch == "never":
            return True
        return ends is not None and self.now >= ends - timedelta(days=health.cadence_days)

    def nudge(self, pair: Pair, health: Health) -> None:
        if self.current or condition(health) or pair.state != "active" or hold(self.facts, self.now):
            # No case under its condition: the coordinator has dismissed it, and a reminder would say it again.
            return
        fresh = [
            signal
            for signal in health.signals
            if signal.kind.startswith(NUDGE)
            and not self._was_nudged(signal)
            and not (signal.kind in OF_A_CASE and self._was_a_case(signal))
        ]
        if not fresh:
            return
        kinds_of: dict[str, list[str]] = {}
        for signal in fresh:
            for person in nudged(signal.kind, self.facts, pair):
                kinds_of.setdefault(person, []).append(signal.kind)
        marks = sorted(f"{signal.kind}@{signal.since}" for signal in fresh)
        posts = []
        for person, kinds in sorted(kinds_of.items()):
            post = Post(
                id=post_id(pair.id, "nudge", *marks, person),
                kind="nudge",
                person=person,
                pair=pair.id,
                program=pair.program,
                at=self.now,
                details=tuple(sorted(kinds)),
            )
            posts.append(post)
        today = self.now.date()
        remembered = tuple(Nudged(kind=signal.kind, since=signal.since, on=today) for signal in fresh)
        self.add(Nudge(remembered, tuple(posts)))

    def _was_nudged(self, signal: Signal) -> bool:
        """Whether that was said already. About meeting it is said again only once they have met since then: a
        session of before that is reported late moves the beginning of a silence, and makes no other.
        """
        known = next((one for one in self.attention.nudged if one.kind == signal.kind), None)
        if known is None:
            return False
        if signal.kind not in ABOUT_A_DATE:
            return signal.since <= known.since
        return self.facts.last_held is None or self.facts.last_held <= (known.on or known.since)

    def _was_a_case(self, signal: Signal) -> bool:
        """What began before the last case closed was its matter; two who have just met get no mail for it."""
        case = self.attention.case
        return case is not None and case.closed_at is not None and signal.since <= case.closed_at.date()

    def due(self) -> datetime | None:
        """The next moment at which time alone can change the decision."""
        case, times = self.current, list(hold_edges(self.facts, self.now))
        if self.facts.rules.ends is not None:
            times.append(self.facts.rules.ends)
        if case is not None:
            if case.held_until is not None:
                times.append(case.held_until)
            cadence = self.facts.health.cadence_days if self.facts.health else 14
            rung_at = due_at(case.track, self.facts.rules.ladder, cadence)
            if rung_at is not None:
                times.append(max(rung_at, case.deferred_until or rung_at))
        later = [time for time in times if time > self.now]
        return min(later, default=None)
