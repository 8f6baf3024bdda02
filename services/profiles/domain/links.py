"""Who is meant by a number of an HR system: the same person, somebody new, or a case for HR to decide."""

import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID, uuid5

from services.profiles.domain.base import Frozen, Problem

NAMESPACE = UUID("5b0c7a3e-6a1f-5d0e-9a58-0a7c1f9e2d41")

Identity = Literal["same", "new"]


class Spell(Frozen):
    """The time during which one number meant one person; `until` is None while it still does."""

    participant: str
    since: date | None = None
    until: date | None = None


class Link(Frozen):
    """One number of one source, with everybody it ever meant, oldest first."""

    source: str
    external_id: str
    spells: tuple[Spell, ...] = ()

    @property
    def holder(self) -> str | None:
        """Whom the number means now, or meant last."""
        return self.spells[-1].participant if self.spells else None


def link_id(organization: str, source: str, external_id: str) -> str:
    """One document per number: two imports that meet the same new number cannot both make a person."""
    return uuid5(NAMESPACE, f"{organization}|{source}|{external_id}").hex


@dataclass(frozen=True)
class Holder:
    """What is known of the person whom a number means now."""

    participant: str
    name: str
    started_on: date | None
    left: bool


@dataclass(frozen=True)
class Same:
    participant: str


@dataclass(frozen=True)
class New:
    pass


@dataclass(frozen=True)
class Held:
    problem: Problem


def folded(name: str) -> str:
    """A name for comparing: no accents, no case, no punctuation, so that 'José' and 'Jose' are one."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return " ".join("".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c)).split())


def resolve(
    holder: Holder | None, name: str | None, started_on: date | None, identity: Identity | None
) -> Same | New | Held:
    """Whom a row means. `name` and `started_on` are the row's own, None where it does not say.

    A number that returns with another name *and* another start date (or, after a departure, with another name
    and no date at all) is not decided here: guessing wrong would hand one person's mentoring to another.
    """
    if holder is None:
        return New()
    if identity == "same":
        return Same(holder.participant)
    other_name = name is not None and folded(name) != folded(holder.name)
    if identity == "new" and other_name:
        return New()
    if identity == "new":
        # A file sent twice carries the word again: the number already means the person it names.
        return Same(holder.participant)
    other_start = started_on is not None and started_on != holder.started_on and holder.started_on is not None
    unknown_start = started_on is None or holder.started_on is None
    if other_name and (other_start or (holder.left and unknown_start)):
        return Held(
            Problem(
                column="external_id",
                reason="this number belonged to somebody with another name and start date",
                fix="add a column 'identity' with 'new' if the number was given to another person, "
                "or 'same' if it is still the same one",
            )
        )
    return Same(holder.participant)


def handed_over(link: Link, participant: str, since: date | None) -> Link:
    """The number now means `participant`; whoever had it keeps their past under it."""
    if link.holder == participant:
        return link
    past = link.spells
    if past and past[-1].until is None:
        past = (*past[:-1], past[-1].model_copy(update={"until": since or past[-1].since}))
    return link.model_copy(update={"spells": (*past, Spell(participant=participant, since=since))})
