"""Counted days: the one calendar by which every clock of a pair runs (health.md, *Days*)."""

from .days import Calendar, Span
from .public import Place, public_holidays

__all__ = ["Calendar", "Place", "Span", "public_holidays"]
