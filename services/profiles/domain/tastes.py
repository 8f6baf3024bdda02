"""What a person seeks and offers in a role, as files and requests say it: checked, and worded in one way."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from services.profiles.domain.base import Partial, Text
from shared.contracts.common import SeniorityGap
from shared.contracts.enrollments import Hours, Preferences, SkillLevel, Style, Support

MOST = 100
"""Entries of one list. All lists together then stay inside one event, whatever their words."""


MOST_STEPS = 100
"""Steps of a ladder: a published seniority goes from 0 to this."""


def _once(entries: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entries))


def _word_of(words: type[StrEnum]) -> Callable[[str], str]:
    def check(word: str) -> str:
        if word not in set(words):
            raise ValueError(f"{word!r} is not one of: {', '.join(words)}")
        return word

    return check


def _forward(span: Hours) -> Hours:
    if span.start >= span.end:
        raise ValueError("hours end after they begin; split those over midnight from Sunday to Monday in two")
    return span


Word = Annotated[Text, AfterValidator(str.casefold)]
"""A word that is compared with those of others: case does not matter."""
Language = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z]{2,3}$")]
Skills = Annotated[dict[Word, SkillLevel], Field(max_length=MOST)]
Goals = Annotated[tuple[Text, ...], Field(max_length=MOST), AfterValidator(_once)]
Words = Annotated[tuple[Word, ...], Field(max_length=MOST), AfterValidator(_once)]
Styles = Annotated[tuple[Annotated[Word, AfterValidator(_word_of(Style))], ...], AfterValidator(_once)]
Supports = Annotated[tuple[Annotated[Word, AfterValidator(_word_of(Support))], ...], AfterValidator(_once)]
Languages = Annotated[tuple[Language, ...], Field(max_length=MOST), AfterValidator(_once)]
Week = Annotated[tuple[Annotated[Hours, AfterValidator(_forward)], ...], Field(max_length=MOST)]
Ids = Annotated[tuple[Text, ...], Field(max_length=MOST), AfterValidator(_once)]


class Taste(Partial):
    """What a person seeks and offers in a role: a field that is not set is left, null clears it."""

    skills_offered: Skills | None = None
    skills_sought: Skills | None = None
    goals: Goals | None = None
    values: Words | None = None
    style_wanted: Styles | None = None
    style_offered: Styles | None = None
    support_wanted: Supports | None = None
    support_offered: Supports | None = None
    languages: Languages | None = None
    availability: Week | None = None
    seniority_gap: SeniorityGap | None = None

    @model_validator(mode="after")
    def _gap_forward(self) -> Self:
        gap = self.seniority_gap
        if gap is not None and not -MOST_STEPS <= gap.least <= gap.most <= MOST_STEPS:
            raise ValueError(
                f"the wanted seniority gap goes from the smaller to the larger number, within {MOST_STEPS} steps"
            )
        return self


class Wants(Taste):
    """The same in Rapport itself, with whom the person ranks, excludes, and by which groups they ask to be matched."""

    choices: Ids | None = None
    excluded: Ids | None = None
    affinity: Ids | None = None


def with_taste(before: Preferences, said: Taste, changes: Mapping[str, object] | None = None) -> Preferences:
    """Preferences after what was said; `changes` by name win."""
    blank = Preferences()
    told: dict[str, object] = {
        name: getattr(blank, name) if (value := getattr(said, name)) is None else value
        for name in said.model_fields_set
    }
    return before.model_copy(update=told | dict(changes or {}))
