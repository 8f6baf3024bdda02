"""What may change in a published schema: nothing but a new optional field. Pure.

Events stay in compacted topics for ever and readers are upgraded at their own time. So every schema must hold
both ways: a new reader reads every old event, and an old reader reads every new one. What narrows a value
breaks the first, what widens it the second; both are refused, and a breaking change is a new topic `….v2`.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_NOTES = {"title", "description", "examples", "deprecated", "$comment", "$schema", "$id", "$defs"}
_LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_BRANCHES = ("anyOf", "oneOf", "allOf", "prefixItems")
_INSIDE = {"properties", "required", "type", "enum", "const", "items", "additionalProperties", "default"}
_INSIDE |= {*_LEAST, *_MOST, *_BRANCHES}

_NARROWED = "new readers would refuse events that are already published"
_WIDENED = "readers of the old schema would refuse new events"


def incompatibilities(old: Schema, new: Schema) -> list[str]:
    """Why events and readers of two JSON Schemas could not meet; empty when they can. Each names its field."""
    return list(_Comparison(old, new).compare(old, new, "$"))


def shape(schema: Any) -> Any:
    """The schema without its notes: what two schemas must share to be the same published one."""
    match schema:
        case Mapping():
            return {
                name: (
                    {each: shape(inner) for each, inner in value.items()}
                    if name in ("properties", "$defs") and isinstance(value, Mapping)
                    else shape(value)
                )
                for name, value in schema.items()
                if (name not in _NOTES or name == "$defs") and not name.startswith("x-")
            }
        case list():
            return [shape(each) for each in schema]
        case _:
            return schema


class _Comparison:
    def __init__(self, old: Schema, new: Schema) -> None:
        self._old = old
        self._new = new
        self._open: set[tuple[str, str]] = set()

    def compare(self, old: Any, new: Any, at: str) -> Iterator[str]:
        pair = (_key(old), _key(new))
        if pair in self._open:
            # A schema that refers to itself: this comparison is already under way further up.
            return
        self._open.add(pair)
        try:
            yield from self._nodes(_resolved(old, self._old), _resolved(new, self._new), at)
        finally:
            self._open.discard(pair)

    def _nodes(self, old: Any, new: Any, at: str) -> Iterator[str]:
        if isinstance(old, bool) or isinstance(new, bool):
            if old != new:
                yield f"{at}: {_direction(narrowed=new is False or old is True)}"
            return
        yield from _types(old, new, at)
        yield from _values(old, new, at)
        yield from _bounds(old, new, at)
        if not _same_default(old, new):
            yield f"{at}: the default changed: an event without the field would mean something else"
        yield from self._fields(old, new, at)
        yield from self._others(old, new, at)
        yield from self._parts(old, new, at)
        for name in sorted({*old, *new} - _INSIDE - _NOTES):
            if not name.startswith("x-") and old.get(name) != new.get(name):
                yield f"{at}: {name} changed; {_direction(narrowed=name in new)}"

    def _fields(self, old: Schema, new: Schema, at: str) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        needed_before, needed_after = set(old.get("required", ())), set(new.get("required", ()))
        for name in sorted({*before, *after} | needed_before | needed_after):
            where = f"{at}.{name}"
            if name in before and name not in after:
                yield f"{where}: the field was removed"
                continue
            if name in needed_after - needed_before:
                yield f"{where}: the field was made required; {_NARROWED}"
            if name in needed_before - needed_after:
                yield f"{where}: the field is no longer required; {_WIDENED}"
            if name in before and name in after:
                yield from self.compare(before[name], after[name], where)
            elif name in after and old.get("additionalProperties") is False:
                yield f"{where}: added where unknown fields are refused; {_WIDENED}"

    def _others(self, old: Schema, new: Schema, at: str) -> Iterator[str]:
        before, after = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if before != after or isinstance(before, Mapping):
            if isinstance(before, Mapping) and isinstance(after, Mapping):
                yield from self.compare(before, after, f"{at}.*")
            else:
                narrowed = after is False or before is True
                yield f"{at}.*: what unknown fields may hold changed; {_direction(narrowed=narrowed)}"

    def _parts(self, old: Schema, new: Schema, at: str) -> Iterator[str]:
        if ("items" in old) != ("items" in new):
            yield f"{at}[]: what items may be changed; {_direction(narrowed='items' in new)}"
        elif "items" in old:
            yield from self.compare(old["items"], new["items"], f"{at}[]")
        for name in _BRANCHES:
            before, after = old.get(name, []), new.get(name, [])
            if len(before) != len(after):
                narrowed = len(after) < len(before) or not before
                yield f"{at}: the alternatives changed; {_direction(narrowed=narrowed)}"
                continue
            for each, other in zip(before, after, strict=True):
                yield from self.compare(each, other, at)


def _types(old: Schema, new: Schema, at: str) -> Iterator[str]:
    before, after = _set(old.get("type")), _set(new.get("type"))
    if before == after:
        return
    told = f"{at}: the type changed from {_listed(before)} to {_listed(after)}"
    if (after and after < before) or not before:
        yield f"{told}; {_NARROWED}"
    elif before < after or not after:
        yield f"{told}; {_WIDENED}"
    else:
        yield told


def _values(old: Schema, new: Schema, at: str) -> Iterator[str]:
    before, after = _allowed(old), _allowed(new)
    if before == after:
        return
    if after is not None and (before is None or before - after):
        yield f"{at}: the values were narrowed; {_NARROWED}"
    if before is not None and (after is None or after - before):
        yield f"{at}: the values were widened; {_WIDENED}"


def _bounds(old: Schema, new: Schema, at: str) -> Iterator[str]:
    for names, sign in ((_LEAST, 1), (_MOST, -1)):
        for name in names:
            before, after = old.get(name), new.get(name)
            if before == after:
                continue
            narrowed = before is None or (after is not None and sign * (after - before) > 0)
            yield f"{at}: {name} changed from {before} to {after}; {_direction(narrowed=narrowed)}"


def _same_default(old: Schema, new: Schema) -> bool:
    """Whether a missing field still means the same. An object may have gained fields, at their own defaults."""
    before, after = old.get("default"), new.get("default")
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return bool(before == after)
    fields = new.get("properties", {})
    gained = {name: value for name, value in after.items() if name not in before}
    kept = {name: value for name, value in after.items() if name in before}
    return kept == before and all(
        "default" in fields.get(name, {}) and fields[name]["default"] == value
        for name, value in gained.items()
    )


def _direction(*, narrowed: bool) -> str:
    return f"narrowed: {_NARROWED}" if narrowed else f"widened: {_WIDENED}"


def _resolved(node: Any, root: Schema) -> Any:
    """The node itself, its reference followed; what stands beside the reference wins."""
    seen = 0
    while isinstance(node, Mapping) and "$ref" in node:
        target: Any = root
        for step in str(node["$ref"]).removeprefix("#/").split("/"):
            target = target[step]
        beside = {name: value for name, value in node.items() if name != "$ref"}
        node = {**target, **beside} if isinstance(target, Mapping) else target
        seen += 1
        if seen > 100:
            raise ValueError("a reference leads to itself")
    return node


def _allowed(schema: Schema) -> set[str] | None:
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    return None if values is None else {_key(each) for each in values}


def _set(types: Any) -> set[str]:
    return set() if types is None else {types} if isinstance(types, str) else set(types)


def _listed(types: set[str]) -> str:
    return " or ".join(sorted(types)) or "anything"


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
