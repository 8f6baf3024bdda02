"""A program's rules from a file, for the engine alone: a program as the profiles service takes it, or its rules."""

import json
from typing import Any

from pydantic import ValidationError

from services.matching.domain.boosts import FACTS
from services.matching.domain.facts import rules_of
from services.matching.domain.people import Rules
from services.matching.domain.score import FIT
from services.matching.domain.terms import TERMS
from services.matching.engine.cells import near
from shared.contracts.programs import Boost, Program
from shared.contracts.programs import Rules as Given


class BadRules(ValueError):
    """Every problem of a program file, one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def rules_from(content: str) -> Rules:
    """Rules from JSON: an object with `rules`, or the rules themselves. Raises BadRules."""
    try:
        found: Any = json.loads(content)
    except json.JSONDecodeError as error:
        raise BadRules([f"line {error.lineno}: this is no JSON: {error.msg}"]) from error
    if not isinstance(found, dict):
        raise BadRules(["the file must hold one JSON object"])
    given = found.get("rules", found)
    if not isinstance(given, dict):
        raise BadRules(["rules: must be an object"])
    given = _named_alike(given)
    fields = Given.model_fields
    problems = [_unknown("", name, fields) for name in given if name not in fields]
    weights = given.get("weights", {})
    if isinstance(weights, dict):
        problems += [_unknown("weights.", name, TERMS) for name in weights if name not in TERMS]
        if weights.get("affinity") and not any(weights.get(name) for name in FIT):
            problems.append(f"weights.affinity: never counts alone; give {' or '.join(FIT)} a weight as well")
    problems += _boosts(given.get("boosts", []))
    try:
        rules = Given.model_validate(given)
    except ValidationError as error:
        problems += [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise BadRules(problems) from error
    if problems:
        raise BadRules(problems)
    return rules_of(Program(id="alone", state="open", rules=rules))


def _named_alike(given: dict[str, Any]) -> dict[str, Any]:
    """The profiles service's own names as the contract has them; what concerns people alone is left out."""
    rest = {name: value for name, value in given.items() if name not in ("seniority_band", "affinity_groups")}
    band = given.get("seniority_band")
    if isinstance(band, list) and len(band) == 2:
        rest["seniority_gap"] = {"least": band[0], "most": band[1]}
    return rest


def _boosts(given: Any) -> list[str]:
    """What no model refuses: a boost that would never hold, for a word that is no fact."""
    if not isinstance(given, list):
        return []
    found = []
    for number, boost in enumerate(given):
        for part, value in boost.items() if isinstance(boost, dict) else ():
            where = f"boosts.{number}."
            if part not in Boost.model_fields:
                found.append(_unknown(where, part, Boost.model_fields))
            elif part in ("mentee", "mentor") and isinstance(value, dict):
                found += [_unknown(f"{where}{part}.", fact, FACTS) for fact in value if fact not in FACTS]
    return found


def _unknown(where: str, name: str, known: Any) -> str:
    meant = near(name, known)
    return f"{where}{name}: unknown" + (f"; did you mean {meant!r}?" if meant else "")
