"""What the worker process keeps: plans of cohorts, the ones used last, and what of each was told to the service.

Everything goes in and out in parts: packing one large message would hold up the service's event loop.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.matching.domain.people import MENTEE, Person
from services.matching.domain.plan import Chosen, Cohort, Ends, Part, Quality, Refusal
from services.matching.domain.reasons import Left
from services.matching.planning import Planned

MOST = 300_000
"""People of all kept plans together, some 3 KB each; the plan used longest ago goes first."""
PART = 1000


@dataclass
class Kept:
    planned: Planned
    chosen: dict[Ends, Chosen] = field(default_factory=dict)
    left: dict[str, Left] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)

    def tell(self) -> None:
        """Prepare the differences since the last time."""
        plan = self.planned.plan
        chosen = {(each.mentee, each.mentor): each for each in plan.chosen}
        left = {each.enrollment: each for each in plan.left}
        made = [each for ends, each in chosen.items() if self.chosen.get(ends) != each]
        broken = [ends for ends in self.chosen if ends not in chosen]
        new = [each for id, each in left.items() if self.left.get(id) != each]
        found = [id for id in self.left if id not in left]
        self.chosen, self.left = chosen, left
        self.parts = [Part(made=tuple(made[at : at + PART])) for at in range(0, len(made), PART)]
        self.parts += [Part(broken=tuple(broken[at : at + PART])) for at in range(0, len(broken), PART)]
        self.parts += [Part(left=tuple(new[at : at + PART])) for at in range(0, len(new), PART)]
        self.parts += [Part(found=tuple(found[at : at + PART])) for at in range(0, len(found), PART)]
        quality = Quality(
            plan.gap,
            plan.proved,
            plan.blocking,
            self.planned.missing,
            self.planned.settled,
            self.planned.seconds,
        )
        self.parts.append(Part(quality=quality))


_KEPT: OrderedDict[str, Kept] = OrderedDict()
_COMING: dict[str, list[Person]] = {}


def feed(token: str, persons: Sequence[Person]) -> None:
    """Some of the people of a plan that will begin."""
    _COMING.setdefault(token, []).extend(persons)


def begin(token: str, rest: Cohort) -> None:
    """Plan the people that were fed, by the rules, tree and drafts of `rest`, and keep the plan."""
    persons = _COMING.pop(token, [])
    cohort = Cohort(
        rest.rules,
        rest.now,
        [each for each in persons if each.role != MENTEE],
        [each for each in persons if each.role == MENTEE],
        rest.managers,
        rest.drafts,
    )
    kept = _KEPT[token] = Kept(Planned(cohort))
    kept.tell()
    while len(_KEPT) > 1 and sum(each.planned.size for each in _KEPT.values()) > MOST:
        _KEPT.popitem(last=False)


def follow(
    token: str,
    changed: Sequence[Person],
    gone: Sequence[str],
    now: datetime,
    managers: Mapping[str, str | None],
    renew: bool,
) -> bool:
    """Let a plan follow these people; False where it is kept no longer."""
    kept = _KEPT.get(token)
    if kept is None:
        return False
    _KEPT.move_to_end(token)
    if changed or gone:
        kept.planned.follow(changed, gone, now, managers)
    if renew and not kept.planned.settled:
        kept.planned.renew()
    kept.tell()
    return True


def forget(token: str) -> None:
    """A plan that nobody will ask for again."""
    _KEPT.pop(token, None)
    _COMING.pop(token, None)


def why_not(token: str, mentee: str, mentor: str) -> Refusal | None:
    """Why two enrollments are no pair; None where the plan is kept no longer, or does not know one of them."""
    kept = _KEPT.get(token)
    return kept.planned.why_not(mentee, mentor) if kept is not None else None


def part(token: str) -> Part | None:
    """The next differences of a plan that has just begun, or followed; None where it is kept no longer."""
    kept = _KEPT.get(token)
    return kept.parts.pop(0) if kept is not None and kept.parts else None
