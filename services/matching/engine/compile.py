"""One way to compile a kernel: types from its annotations, cached on disk, no interpreter lock.

An unseen type compiled on the hot path costs seconds, so every kernel names its types and refuses others. The
cache lies beside the source; importing a kernel's module once, when an image is built, fills it.
"""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar, cast, get_args, get_origin, get_type_hints

import numba

F = TypeVar("F", bound=Callable[..., object])

# What a kernel's parameters may be. For the type checker they are Any.
Longs = Annotated[Any, "int64[::1]"]
Ints32 = Annotated[Any, "int32[::1]"]
Shorts = Annotated[Any, "int16[::1]"]
Bytes = Annotated[Any, "uint8[::1]"]
Words = Annotated[Any, "uint64[::1]"]
Flags = Annotated[Any, "boolean[::1]"]
LongRows = Annotated[Any, "int64[:, ::1]"]
Rows32 = Annotated[Any, "int32[:, ::1]"]
ShortRows = Annotated[Any, "int16[:, ::1]"]
ByteRows = Annotated[Any, "uint8[:, ::1]"]
WordRows = Annotated[Any, "uint64[:, ::1]"]


def kernel(body: F) -> F:
    """Compile at import (cached: milliseconds) for exactly the annotated types. Integers wrap like C."""
    hints = get_type_hints(body, include_extras=True)
    result = _name(hints.pop("return"))
    signature = f"{result}({', '.join(_name(hint) for hint in hints.values())})"
    return cast(F, numba.njit([signature], cache=True, nogil=True)(body))


def _name(hint: Any) -> str:
    if hint is type(None):
        return "void"
    if hint is bool:
        return "boolean"
    if hint is int:
        return "int64"
    if get_origin(hint) is tuple:
        inner = [_name(part) for part in get_args(hint)]
        return (
            f"Tuple(({', '.join(inner)},))" if len(set(inner)) > 1 else f"UniTuple({inner[0]}, {len(inner)})"
        )
    return cast(str, hint.__metadata__[0])
