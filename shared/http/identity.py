"""Who calls: the claims of a checked token as a value, and what its grants allow."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ROLES = frozenset({"participant", "coordinator", "safeguarding_lead", "hr", "ops", "admin"})
"""All roles; a token may carry others, which grant nothing."""

OF_PROGRAMS = frozenset({"coordinator", "safeguarding_lead"})
"""Roles that hold only in the programs a grant names; without a named program they hold nowhere."""

_ID = re.compile(r"^[A-Za-z0-9_-]{1,64}$")


class BadClaims(ValueError):
    """A correctly signed token whose claims are not what we take; the message names the claim, never its
    value.
    """


@dataclass(frozen=True)
class Caller:
    """One authenticated caller. `organization` scopes everything; it comes from here and never from a
    body.
    """

    organization: str
    subject: str
    participant: str | None
    grants: Mapping[str, frozenset[str]]
    """role → programs; for a role that is not of programs the set is empty and means nothing."""

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(self.grants)

    def has(self, *roles: str) -> bool:
        """Whether the caller has one of these roles, in whatever program."""
        return any(role in self.grants for role in roles)

    def programs(self, *roles: str) -> frozenset[str]:
        """Programs in which the caller has one of these roles of programs."""
        return frozenset().union(
            *(self.grants.get(role, frozenset()) for role in roles if role in OF_PROGRAMS)
        )

    def may(self, program: str, *roles: str) -> bool:
        """Whether one of these roles holds in this program. Roles that are not of programs hold in all."""
        return any(
            role in self.grants and (role not in OF_PROGRAMS or program in self.grants[role])
            for role in roles
        )

    def is_one_of(self, *participants: str) -> bool:
        """Whether the caller is one of these people (and has the role participant)."""
        return (
            "participant" in self.grants and self.participant is not None and self.participant in participants
        )


def in_program(caller: Caller, program: str, *roles: str, what: str = "program") -> None:
    """Raises 404 unless one of the roles holds in the program: who has no right there does not learn it
    exists.
    """
    # Here, since the command needs the roles and not FastAPI with them.
    from shared.http.problems import not_found

    if not caller.may(program, *roles):
        raise not_found(what)


def caller_of(claims: Mapping[str, Any]) -> Caller:
    """The caller described by the claims of a token whose signature, issuer, audience and times were checked.

    Raises BadClaims.
    """
    organization = _id(claims, "org")
    participant = _id(claims, "participant") if claims.get("participant") is not None else None
    subject = claims.get("sub")
    if subject is not None and (not isinstance(subject, str) or not 0 < len(subject) <= 255):
        raise BadClaims("sub must be a text of at most 255 characters")
    if subject is None and participant is None:
        raise BadClaims("sub or participant must say who calls")
    return Caller(
        organization, subject or str(participant), participant, _grants(claims.get("grants", []), participant)
    )


def _grants(value: object, participant: str | None) -> dict[str, frozenset[str]]:
    if not isinstance(value, list):
        raise BadClaims("grants must be a list of {role, programs}")
    grants: dict[str, frozenset[str]] = {}
    for item in value:
        if not isinstance(item, dict) or not isinstance(item.get("role"), str):
            raise BadClaims("grants must be a list of {role, programs}")
        role, programs = item["role"], item.get("programs") or []
        if not isinstance(programs, list) or not all(isinstance(program, str) for program in programs):
            raise BadClaims("grants: programs must be a list of ids")
        if role not in ROLES or (role in OF_PROGRAMS and not programs):
            continue
        if role == "participant" and participant is None:
            raise BadClaims("participant must be given with the role participant")
        grants[role] = grants.get(role, frozenset()) | frozenset(programs)
    return grants


def _id(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    # The organization is a part of Kafka keys and document ids ("organization/id"): no slash may get in.
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise BadClaims(f"{name} must be 1 to 64 letters, digits, - or _")
    return value
