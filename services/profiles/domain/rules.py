"""The rules of a program: a template's defaults as an administrator changed them."""

import difflib
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from services.profiles.domain.base import Clock, Frozen, Text, Weekday
from services.profiles.domain.people import Zone

TEMPLATES = ("professional",)

Days = Annotated[int, Field(ge=0, le=3650)]
Steps = Annotated[int, Field(ge=-100, le=100)]
Weight = Annotated[int, Field(ge=0, le=10)]


class ReportingLine(Frozen):
    """Which pairs in one line of the manager tree are refused; `levels` goes with the rule of that name."""

    rule: Literal["allow", "direct", "levels", "any"]
    levels: Annotated[int, Field(ge=1, le=20)] | None = None

    @model_validator(mode="after")
    def _levels_named(self) -> Self:
        if (self.rule == "levels") != (self.levels is not None):
            raise ValueError("levels is given with the rule 'levels', and only with it")
        return self


Fact = Literal["country", "region", "site", "field", "first_time"]
"""What a boost may look at: nothing that is protected, or a secret."""


class Boost(Frozen):
    """Points that the program adds to pairs it wants to see, where both sides are as it says.

    `mentee`, `mentor`: fact → values of which one must hold; an empty side is anybody. What is not known does
    not hold. `first_time` is yes or no.
    """

    points: Annotated[int, Field(ge=1, le=1_000_000)]
    label: Text
    mentee: dict[Fact, tuple[Text, ...]] = Field(default_factory=dict)
    mentor: dict[Fact, tuple[Text, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _says_whom(self) -> Self:
        if not self.mentee and not self.mentor:
            raise ValueError("a boost says for whom: name a fact of the mentee or of the mentor")
        return self


class Rung(Frozen):
    """One step of the escalation: days after the case opened, before they are stretched by the cadence."""

    number: Annotated[int, Field(ge=1, le=8)]
    after_days: Days
    to: Literal["owes", "both", "coordinator"]
    message: Literal["ask", "reset", "history", "rematch"]


class ChangeTime(Frozen):
    """When ends that a person or the last rung decided take effect: weekly, in the program's zone."""

    day: Weekday
    at: Clock


class QuietHours(Frozen):
    """Local hours of the receiver in which nothing is sent; equal: none."""

    start: Clock
    end: Clock


class Rules(Frozen):
    """Everything a template has a default for. Weights are 0-10; minutes and days as named."""

    template: Literal["professional"]
    horizon: Literal["long", "short"]
    direction: Literal["mentor_is_senior", "by_skill"]
    reporting_line: ReportingLine
    weights: dict[Text, Weight]
    boosts: tuple[Boost, ...] = ()
    affinity_groups: tuple[Text, ...] = ()
    """Groups by which people may ask to be matched. Empty: the program does not ask."""
    seniority_band: tuple[Steps, Steps] | None
    """None: any distance."""
    overlap_wanted_minutes: Annotated[int, Field(ge=0, le=10080)]
    objective: Literal["participation", "score"]
    minimum_score: Annotated[int, Field(ge=0, le=1_000_000)]
    exclude_past_pairs: bool
    coordinator_accepts: bool
    needs_approval: bool
    proposal_days: Annotated[int, Field(ge=1, le=60)]
    cadence_days: Annotated[int, Field(ge=1, le=366)]
    ladder: tuple[Rung, ...]
    automatic_rematch: bool
    open_cases_per_coordinator: Annotated[int, Field(ge=1, le=10000)]
    change_time: ChangeTime
    time_zone: Zone
    mentor_capacity: Annotated[int, Field(ge=0, le=50)]
    first_time_capacity: Annotated[int, Field(ge=0, le=50)] | None = None
    max_active_pairs: Annotated[int, Field(ge=1, le=50)] | None = None
    gates: tuple[Text, ...] = ()
    draft_bonus: Annotated[int, Field(ge=0, le=1_000_000)]
    debounce_seconds: Annotated[float, Field(ge=0, le=3600)]
    messages_per_week: Annotated[int, Field(ge=0, le=50)]
    quiet_hours: QuietHours

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.weights.get("affinity", 0) > 0:
            if not self.affinity_groups:
                raise ValueError("affinity counts only where the program asks for it: name affinity_groups")
            if not (self.weights.get("location", 0) or self.weights.get("field", 0)):
                raise ValueError("affinity never counts alone: give location or field a weight as well")
        if self.seniority_band is not None and self.seniority_band[0] > self.seniority_band[1]:
            raise ValueError("the wanted seniority gap goes from the smaller to the larger number")
        steps = [(rung.number, rung.after_days) for rung in self.ladder]
        if [number for number, _ in steps] != list(range(1, len(steps) + 1)):
            raise ValueError("the rungs of the ladder are numbered 1, 2, 3 … in their order")
        if sorted(steps, key=lambda step: step[1]) != steps:
            raise ValueError("a later rung of the ladder does not come before an earlier one")
        return self


GATES = ("training", "screening")
"""The optional gates that the matching service comes with; it may have more."""


def strange_names(rules: Rules) -> list[tuple[str, str, str | None]]:
    """(rule, name, what was probably meant) of terms and gates that matching does not come with.

    An organization may add terms and gates of its own there, so a strange name alone is no error. But one that is
    nearly a known name is a typing error, and would let through silently what a gate should stop.
    """
    found: list[tuple[str, str, str | None]] = []
    for rule, names, known in (
        ("weights", rules.weights, tuple(template(rules.template)["weights"])),
        ("gates", rules.gates, GATES),
    ):
        for name in names:
            if name not in known:
                meant = difflib.get_close_matches(name.casefold(), known, n=1, cutoff=0.7)
                found.append((rule, name, meant[0] if meant else None))
    return found


@cache
def template(name: str) -> Mapping[str, Any]:
    """The defaults of one template, as its file says; raises KeyError for a name that is none."""
    if name not in TEMPLATES:
        raise KeyError(name)
    text = (files("services.profiles.domain") / "templates" / f"{name}.json").read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


def rules_of(name: str, overrides: Mapping[str, Any]) -> Rules:
    """A template's rules with an administrator's changes; weights change one by one, the rest as a whole."""
    given = dict(template(name))
    if overrides.get("direction") == "by_skill":
        given["seniority_band"] = (
            None  # the senior does not teach for being senior; an override may still say so
        )
    for key, value in overrides.items():
        given[key] = {**given[key], **value} if key == "weights" and isinstance(value, Mapping) else value
    return Rules.model_validate({**given, "template": name})
