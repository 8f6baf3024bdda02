"""Finds as pipelines: first what an index answers, then the rest. Pure.

MongoDB merges the stages and plans as for one filter. The embedded database uses an index only where it covers
the whole of the first `$match`: one more condition (`erased`) made every find a walk over the whole collection,
measured 70 against 1.4 ms at 900 documents.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.delivery.model import Document, Index

_BY_ID = Index((("id", 1),))


def stages(
    indexes: Sequence[Index],
    organization: str,
    where: Mapping[str, Any],
    alive: Mapping[str, Any],
    after: str | None = None,
) -> list[Document]:
    """The `$match` stages of a find: the longest leading part of an index first; `alive` leaves out the erased."""
    asked = dict(where)
    if after is not None:
        asked["id"] = {"$gt": after}
    best = max((_leading(index, asked) for index in (_BY_ID, *indexes)), key=len)
    first = {"organization": organization, **{name: asked[name] for name in best}}
    rest = {name: value for name, value in asked.items() if name not in best}
    return [{"$match": first}, {"$match": {**rest, **alive}}]


def page(found: Sequence[Document], limit: int) -> list[Document]:
    """The stages followed by the order of ids and a limit."""
    return [*found, {"$sort": {"id": 1}}, {"$limit": limit}]


def _leading(index: Index, asked: Mapping[str, Any]) -> list[str]:
    """The leading fields of an index that are asked for; none after a range, which ends what an index orders."""
    found: list[str] = []
    for name, _ in index.keys:
        if index.partial is not None or name not in asked:
            break
        found.append(name)
        if isinstance(asked[name], Mapping):
            break
    return found
