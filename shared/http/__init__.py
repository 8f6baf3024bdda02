"""The HTTP kit: what every service's `api.py` and `app.py` import.

Loaded name by name: the command wants the roles and the development issuer, and not a second of FastAPI.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shared.http.app import Service, create_app
    from shared.http.auth import require, signed_link
    from shared.http.etags import IfMatch, MayMatch, MustMatch, etag
    from shared.http.idempotency import Idempotent, Once, Reply, answers_of
    from shared.http.identity import Caller, in_program
    from shared.http.paging import Page, Paged, Paging
    from shared.http.problems import FieldError, Problem, conflict, forbidden, invalid, not_found
    from shared.http.server import serve

__all__ = [
    "Caller",
    "FieldError",
    "Idempotent",
    "IfMatch",
    "MayMatch",
    "MustMatch",
    "Once",
    "Page",
    "Paged",
    "Paging",
    "Problem",
    "Reply",
    "Service",
    "answers_of",
    "conflict",
    "create_app",
    "etag",
    "forbidden",
    "in_program",
    "invalid",
    "not_found",
    "require",
    "serve",
    "signed_link",
]

_PLACES = {
    "app": ("Service", "create_app"),
    "auth": ("require", "signed_link"),
    "etags": ("IfMatch", "MayMatch", "MustMatch", "etag"),
    "idempotency": ("Idempotent", "Once", "Reply", "answers_of"),
    "identity": ("Caller", "in_program"),
    "paging": ("Page", "Paged", "Paging"),
    "problems": ("FieldError", "Problem", "conflict", "forbidden", "invalid", "not_found"),
    "server": ("serve",),
}
_MODULES = {name: module for module, names in _PLACES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
