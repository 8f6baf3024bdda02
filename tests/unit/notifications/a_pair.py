"""A pair to play with: facts by default, changed one at a time; and a service in miniature that runs them."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from services.notifications.domain.decide import decide
from services.notifications.domain.dispatch import dispatch
from services.notifications.domain.facts import Facts, Health, Pair, Person, Rules, Signal
from services.notifications.domain.outcomes import Fired, Outcome
from services.notifications.domain.state import Attention, Mailing

DAY = timedelta(days=1)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PAIR = Pair("pair", "program", "cohort", "active", {"mentor": "mentor", "mentee": "mentee"})
RULES = Rules(coordinators=("carla", "carl"), stand_ins=("stan",))
WELL = Health(14)


def kinds(outcomes: list[Outcome]) -> list[str]:
    return [type(outcome).__name__ for outcome in outcomes]


def stalled(since: date = date(2026, 3, 1), owes: str | None = "mentee", cadence: float = 14) -> Health:
    return Health(cadence, (Signal("stalled", since),), owes)


def facts(**change: object) -> Facts:
    given = Facts(
        pair=PAIR,
        attention=Attention(program="program", announced=("welcome",)),
        health=stalled(),
        rules=RULES,
        last_held=date(2026, 2, 1),
        people={id: Person(id) for id in ("mentor", "mentee", "carla", "carl", "stan")},
    )
    return replace(given, **change)  # type: ignore[arg-type]


@dataclass
class Service:
    """Decides and keeps what was decided, like the real one."""

    facts: Facts
    now: datetime = NOON
    log: list[tuple[datetime, Outcome]] = field(default_factory=list)
    mail: list[Mailing] = field(default_factory=list)

    def run(self) -> list[Outcome]:
        decision = decide(self.facts, self.now)
        out = dispatch(self.facts, decision.outcomes, self.now)
        self.mail += out.mailings
        boxes = {**self.facts.postboxes, **out.postboxes}
        self.facts = replace(self.facts, attention=decision.attention, postboxes=boxes)
        self.log += [(self.now, outcome) for outcome in decision.outcomes]
        return list(decision.outcomes)

    def after(self, days: float) -> list[Outcome]:
        self.now += days * DAY
        return self.run()

    def daily(self, days: int) -> None:
        for _ in range(days):
            self.after(1)

    def change(self, **change: object) -> list[Outcome]:
        self.facts = replace(self.facts, **change)  # type: ignore[arg-type]
        return self.run()

    @property
    def rungs(self) -> list[int]:
        return [outcome.rung.number for _, outcome in self.log if isinstance(outcome, Fired)]
