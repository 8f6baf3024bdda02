"""What a published schema may become: each refusal is seen once."""

from typing import Any

import pytest

from shared.contracts.compatibility import incompatibilities, shape

OLD: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "minLength": 1, "maxLength": 200},
        "kind": {"type": "string", "enum": ["a", "b"]},
        "code": {"type": "string", "pattern": "^[a-z]+$"},
        "count": {"type": "integer", "minimum": 0, "maximum": 10},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "at": {"type": "string", "format": "date-time"},
        "shares": {"type": "object", "additionalProperties": {"type": "integer", "maximum": 10}},
        "members": {"type": "array", "items": {"$ref": "#/$defs/Member"}},
    },
    "required": ["id", "members"],
    "$defs": {
        "Member": {
            "type": "object",
            "properties": {"role": {"type": "string"}, "boss": {"$ref": "#/$defs/Member"}},
            "required": ["role"],
        }
    },
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """OLD with one place set, or removed where the value is Ellipsis."""
    *steps, last = path.split("/")

    def rebuilt(node: Any, rest: list[str]) -> Any:
        if not rest:
            done = {name: inner for name, inner in node.items() if name != last}
            return done if value is ... else {**done, last: value}
        return {**node, rest[0]: rebuilt(node[rest[0]], rest[1:])}

    found: dict[str, Any] = rebuilt(OLD, steps)
    return found


def test_same_schema_is_compatible() -> None:
    assert incompatibilities(OLD, OLD) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("properties/extra", {"type": "string", "default": ""}),
        ("properties/id/description", "An id."),
        ("properties/kind/x-known-values", ["a", "b"]),
        ("$defs/Member/properties/since", {"type": "string"}),
        ("additionalProperties", True),
        ("title", "Another word"),
    ],
)
def test_what_may_change(path: str, value: Any) -> None:
    assert incompatibilities(OLD, changed(path, value)) == []


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("properties/count", ..., "$.count: the field was removed"),
        ("$defs/Member/properties/role", ..., "$.members[].role: the field was removed"),
        ("required", ["id", "members", "count"], "$.count: the field was made required"),
        ("$defs/Member/required", ["role", "boss"], "$.members[].boss: the field was made required"),
        ("required", ["id"], "$.members: the field is no longer required"),
        ("properties/count/type", "string", "$.count: the type changed from integer to string"),
        ("properties/count/type", "number", "$.count: the type changed from integer to number"),
        ("properties/count/type", ["integer", "null"], "$.count: the type changed"),
        ("properties/count/type", ..., "$.count: the type changed from integer to anything"),
        ("properties/note/anyOf", [{"type": "string"}], "$.note: the alternatives changed; narrowed"),
        ("properties/note/anyOf", [{"type": "integer"}, {"type": "null"}], "$.note: the type changed"),
        ("properties/kind/enum", ["a"], "$.kind: the values were narrowed"),
        ("properties/kind/enum", ["a", "b", "c"], "$.kind: the values were widened"),
        ("properties/kind/enum", ..., "$.kind: the values were widened"),
        ("properties/code/enum", ["a"], "$.code: the values were narrowed"),
        ("properties/code/const", "a", "$.code: the values were narrowed"),
        ("properties/count/minimum", 1, "$.count: minimum changed from 0 to 1; narrowed"),
        ("properties/count/minimum", -1, "$.count: minimum changed from 0 to -1; widened"),
        ("properties/count/maximum", 9, "$.count: maximum changed from 10 to 9; narrowed"),
        ("properties/count/maximum", ..., "$.count: maximum changed from 10 to None; widened"),
        (
            "properties/count/exclusiveMinimum",
            0,
            "$.count: exclusiveMinimum changed from None to 0; narrowed",
        ),
        ("properties/count/multipleOf", 2, "$.count: multipleOf changed; narrowed"),
        ("properties/id/minLength", 2, "$.id: minLength changed from 1 to 2; narrowed"),
        ("properties/id/maxLength", 100, "$.id: maxLength changed from 200 to 100; narrowed"),
        ("properties/members/minItems", 1, "$.members: minItems changed from None to 1; narrowed"),
        ("properties/code/pattern", "^[a-z]$", "$.code: pattern changed"),
        ("properties/code/pattern", ..., "$.code: pattern changed; widened"),
        ("properties/at/format", ..., "$.at: format changed; widened"),
        ("properties/note/default", "none", "$.note: the default changed"),
        ("additionalProperties", False, "$.*: what unknown fields may hold changed; narrowed"),
        (
            "properties/shares/additionalProperties",
            True,
            "$.shares.*: what unknown fields may hold changed; wide",
        ),
        (
            "properties/shares/additionalProperties/maximum",
            5,
            "$.shares.*: maximum changed from 10 to 5; narrowed",
        ),
        ("properties/members/items", ..., "$.members[]: what items may be changed; widened"),
        ("properties/id", False, "$.id: narrowed"),
    ],
)
def test_what_is_refused(path: str, value: Any, told: str) -> None:
    found = incompatibilities(OLD, changed(path, value))
    assert len(found) == 1
    assert found[0].startswith(told)


def test_a_field_cannot_be_added_where_old_readers_refuse_unknown_ones() -> None:
    closed = {"type": "object", "properties": {}, "additionalProperties": False}
    assert incompatibilities(closed, closed | {"properties": {"new": {"type": "string"}}})


def test_an_object_that_is_left_out_may_gain_fields_at_their_own_defaults_and_no_others() -> None:
    def whole(default: dict[str, Any], *fields: str) -> dict[str, Any]:
        properties = {name: {"type": "integer", "default": 0} for name in fields}
        return {"properties": {"part": {"type": "object", "properties": properties, "default": default}}}

    old = whole({"a": 1}, "a")
    assert incompatibilities(old, whole({"a": 1, "b": 0}, "a", "b")) == []
    for other in ({"a": 1, "b": 7}, {"a": 2, "b": 0}, {"b": 0}):
        (told,) = incompatibilities(old, whole(other, "a", "b"))
        assert told.startswith("$.part: the default changed")


def test_a_definition_may_be_renamed_but_not_changed() -> None:
    renamed = {
        **OLD,
        "properties": {
            **OLD["properties"],
            "members": {"type": "array", "items": {"$ref": "#/$defs/Person"}},
        },
        "$defs": {"Person": {**OLD["$defs"]["Member"]}},
    }
    renamed["$defs"]["Person"]["properties"] = {
        "role": {"type": "string"},
        "boss": {"$ref": "#/$defs/Person"},
    }
    assert incompatibilities(OLD, renamed) == []


def test_shape_forgets_words_and_keeps_fields_that_are_called_like_them() -> None:
    said = {
        "title": "T",
        "description": "D",
        "x-known-values": [1],
        "type": "object",
        "properties": {"title": {"type": "string", "description": "D"}, "x-note": {"type": "string"}},
    }
    assert shape(said) == {
        "type": "object",
        "properties": {"title": {"type": "string"}, "x-note": {"type": "string"}},
    }
