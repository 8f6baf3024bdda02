"""How a pair is doing, as pure functions of its session log and the time (health.md)."""

from .components import Component, Line, Scored
from .facts import Clock, Outcome, Pair, Plan, Role, Rules, Session
from .health import Band, Health, Owes, Signal, evaluate, final
from .meeting import Kind, first_stalled, thresholds

__all__ = [
    "Band",
    "Clock",
    "Component",
    "Health",
    "Kind",
    "Line",
    "Outcome",
    "Owes",
    "Pair",
    "Plan",
    "Role",
    "Rules",
    "Scored",
    "Session",
    "Signal",
    "evaluate",
    "final",
    "first_stalled",
    "thresholds",
]
