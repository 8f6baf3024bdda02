"""The HTTP kit: what every service's `api.py` and `app.py` import."""

from shared.http.app import Service, create_app
from shared.http.auth import require, signed_link
from shared.http.etags import IfMatch, MayMatch, MustMatch, etag
from shared.http.idempotency import Idempotent, Once, Reply
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
