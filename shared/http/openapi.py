"""The OpenAPI document of an application: FastAPI's, with the roles of each operation and references that resolve."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts

from shared.http.auth import Require, SignedLink

_INNER, _OUTER = "#/$defs/", "#/components/schemas/"


def install(app: FastAPI) -> None:
    """Finish the document of this application whenever it is asked for."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        document = plain()
        for route, roles in scopes(app):
            for method in route.methods or ():
                operation = document["paths"].get(route.path_format, {}).get(method.lower())
                if operation is not None and roles:
                    operation["x-roles"] = sorted(roles)
        _hoist(document, document.setdefault("components", {}).setdefault("schemas", {}))
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def scopes(app: FastAPI) -> list[tuple[RouteContext, frozenset[str] | None]]:
    """Every route with the roles it asks for; None where it asks for none."""
    return [(route, _roles(getattr(route, "dependant", None))) for route in iter_route_contexts(app.routes)]


def dangling(document: dict[str, Any]) -> list[str]:
    """References to schemas that the document does not have: must be empty."""
    known = {_OUTER + name for name in document.get("components", {}).get("schemas", {})}
    return sorted({each["$ref"] for each in _objects(document) if isinstance(each.get("$ref"), str)} - known)


def _roles(dependant: Any) -> frozenset[str] | None:
    if dependant is None:
        return None
    if isinstance(dependant.call, Require):
        return frozenset(dependant.call.roles)
    if isinstance(dependant.call, SignedLink):
        return frozenset({"signed link"})
    found = [roles for inner in dependant.dependencies if (roles := _roles(inner)) is not None]
    return frozenset().union(*found) if found else None


def _hoist(document: dict[str, Any], schemas: dict[str, Any]) -> None:
    """A schema that a route wrote into its operation brings `$defs` of its own, which nothing outside it can name."""
    for each in list(_objects(document)):
        for name, schema in each.pop("$defs", {}).items():
            schemas.setdefault(name, schema)
    for each in _objects(document):
        reference = each.get("$ref")
        if isinstance(reference, str) and reference.startswith(_INNER):
            each["$ref"] = _OUTER + reference.removeprefix(_INNER)


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in list(node.values()):
            yield from _objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from _objects(value)
