"""The page `/docs`: an OpenAPI document as plain HTML.

Written here and not left to a viewer that a browser would fetch from somebody else's server: people paste tokens
beside such pages, and an installation may have no way out.
"""

from collections import defaultdict
from collections.abc import Mapping
from html import escape
from typing import Any

Json = Mapping[str, Any]

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
summary { cursor: pointer; padding: .3rem 0 }
details { border-top: 1px solid #8884 }
details > div { padding: 0 0 1rem 1.5rem }
code, pre { font: 13px/1.45 ui-monospace, monospace }
pre { overflow-x: auto; padding: .6rem; background: #8881 }
td, th { text-align: left; vertical-align: top; padding: .15rem .8rem .15rem 0 }
.method { display: inline-block; width: 4.5rem; font-weight: 600 }
.roles { opacity: .75; font-size: 13px }
"""


def html(document: Json) -> str:
    """The whole page."""
    info = document["info"]
    by_tag: dict[str, list[str]] = defaultdict(list)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tag = (operation.get("tags") or ["other"])[0]
            by_tag[tag].append(_operation(document, path, method, operation))
    sections = "".join(f"<h2>{escape(tag)}</h2>{''.join(found)}" for tag, found in by_tag.items())
    title = escape(info["title"])
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f"<h1>{title}</h1><p>{escape(info.get('description') or '')}</p>"
        "<p>Requests carry <code>Authorization: Bearer</code> with a token; errors are problem details (RFC 9457)."
        ' The machine-readable form is <a href="openapi.json">openapi.json</a>.</p>'
        f"{sections}</body></html>"
    )


def _operation(document: Json, path: str, method: str, operation: Json) -> str:
    roles = ", ".join(operation.get("x-roles") or ["everybody"])
    summary = escape(operation.get("summary", ""))
    head = (
        f'<span class="method">{method.upper()}</span><code>{escape(path)}</code> {summary}'
        f' <span class="roles">{escape(roles)}</span>'
    )
    body = [f"<p>{escape(operation['description'])}</p>"] if operation.get("description") else []
    if operation.get("parameters"):
        rows = "".join(_parameter(each) for each in operation["parameters"])
        body.append(f"<table>{rows}</table>")
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        body.append(
            f"<p>Body, <code>{escape(media)}</code></p>{_schema(document, content.get('schema', {}))}"
        )
    for status, response in operation.get("responses", {}).items():
        body.append(_response(document, status, response))
    return f"<details><summary>{head}</summary><div>{''.join(body)}</div></details>"


def _parameter(parameter: Json) -> str:
    needed = "required" if parameter.get("required") else ""
    return (
        f"<tr><td><code>{escape(parameter['name'])}</code></td><td>{escape(parameter['in'])} {needed}</td>"
        f"<td>{escape(parameter.get('description', ''))}</td></tr>"
    )


def _response(document: Json, status: str, response: Json) -> str:
    text = f"<p><b>{escape(status)}</b> {escape(response.get('description', ''))}</p>"
    if not status.startswith("2"):
        return text
    schemas = [content["schema"] for content in response.get("content", {}).values() if content.get("schema")]
    return text + "".join(_schema(document, each) for each in schemas)


def _schema(document: Json, schema: Json) -> str:
    return f"<pre>{escape(chr(10).join(_lines(document, schema, 0, ())))}</pre>"


def _lines(document: Json, schema: Json, depth: int, within: tuple[str, ...]) -> list[str]:
    """A schema as indented lines `name: type, description`; a schema within itself is only named."""
    reference = schema.get("$ref")
    if reference is not None:
        name = reference.rsplit("/", 1)[-1]
        if name in within or depth > 6:
            return ["  " * depth + name]
        return _lines(document, document["components"]["schemas"][name], depth, (*within, name))
    if schema.get("type") == "array":
        return ["  " * depth + "list of", *_lines(document, schema.get("items", {}), depth + 1, within)]
    properties = schema.get("properties")
    if not properties:
        return ["  " * depth + _type(schema)]
    lines = []
    for name, inner in properties.items():
        needed = "" if name in schema.get("required", ()) else "?"
        about = inner.get("description", "")
        below = _inner(inner)
        kind = "" if below is not None else _type(inner)
        lines.append(f"{'  ' * depth}{name}{needed}: {kind}{'  # ' + about if about else ''}".rstrip())
        if below is not None:
            lines += _lines(document, below, depth + 1, within)
    return lines


def _inner(schema: Json) -> Json | None:
    """What is to be shown below a property: an object, or a list of them."""
    if "$ref" in schema or "properties" in schema:
        return schema
    for each in schema.get("anyOf", ()):
        if "$ref" in each:
            return dict(each)
    items = schema.get("items", {})
    return schema if schema.get("type") == "array" and ("$ref" in items or "properties" in items) else None


def _type(schema: Json) -> str:
    if "enum" in schema:
        return " | ".join(str(each) for each in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if "anyOf" in schema:
        return " | ".join(_type(each) for each in schema["anyOf"])
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    found = str(schema.get("type", "any"))
    return f"{found} ({schema['format']})" if "format" in schema else found
