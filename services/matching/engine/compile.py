"""One way to compile a kernel: types from its annotations, cached on disk, no interpreter lock.

An unseen type compiled on the hot path costs seconds, so every kernel names its types and refuses others. The
cache lies beside the source; importing a kernel's module once, when an image is built, fills it.
"""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast, get_args, get_origin, get_type_hints

import numba
from numba import types

F = TypeVar("F", bound=Callable[..., object])

# What a kernel's parameters may be. For the type checker they are Any.
Longs = Annotated[Any, types.Array(types.int64, 1, "C")]
Ints32 = Annotated[Any, types.Array(types.int32, 1, "C")]
Counts32 = Annotated[Any, types.Array(types.uint32, 1, "C")]
Shorts = Annotated[Any, types.Array(types.int16, 1, "C")]
Bytes = Annotated[Any, types.Array(types.uint8, 1, "C")]
Words = Annotated[Any, types.Array(types.uint64, 1, "C")]
Word = Annotated[Any, types.uint64]
Flags = Annotated[Any, types.Array(types.boolean, 1, "C")]
LongRows = Annotated[Any, types.Array(types.int64, 2, "C")]
Rows32 = Annotated[Any, types.Array(types.int32, 2, "C")]
CountRows = Annotated[Any, types.Array(types.uint32, 2, "C")]
ShortRows = Annotated[Any, types.Array(types.int16, 2, "C")]
ByteRows = Annotated[Any, types.Array(types.uint8, 2, "C")]
WordRows = Annotated[Any, types.Array(types.uint64, 2, "C")]


def kernel(body: F) -> F:
    """Compile at import (cached: milliseconds) for exactly the annotated types. Integers wrap like C.

    A parameter may also be a NamedTuple of such arrays and numbers.
    """
    hints = get_type_hints(body, include_extras=True)
    result = _type(hints.pop("return"))
    signature = result(*[_type(hint) for hint in hints.values()])
    compiled: Any = numba.njit(nogil=True)(body)
    compiled.enable_caching()
    # numba asks only whether this file changed, and would go on with the old code of a kernel called in another one.
    compiled.stamp = _stamp(body)
    compiled._cache._cache_file._source_stamp = compiled.stamp
    compiled.compile(signature)
    compiled.disable_compile()
    return cast(F, compiled)


def _stamp(body: Callable[..., object]) -> str:
    """Of the file of a kernel and of every kernel and array type that its module imported before."""
    found = hashlib.sha256(Path(body.__code__.co_filename).read_bytes())
    for _, value in sorted(body.__globals__.items()):
        if hasattr(value, "stamp"):
            found.update(value.stamp.encode())
        elif isinstance(value, type) and issubclass(value, tuple) and value.__module__ != body.__module__:
            source = sys.modules[value.__module__].__file__
            found.update(Path(source).read_bytes() if source else b"")
    return found.hexdigest()


def _type(hint: Any) -> Any:
    numbers: Any = types  # numba's constructors carry no types of their own
    plain = {type(None): types.void, bool: types.boolean, int: types.int64}
    if hint in plain:
        return plain[hint]
    if get_origin(hint) is tuple:
        return numbers.Tuple([_type(part) for part in get_args(hint)])
    if isinstance(hint, type) and issubclass(hint, tuple):
        fields = [_type(field) for field in get_type_hints(hint, include_extras=True).values()]
        if len(set(fields)) == 1:  # numba keeps tuples of one type apart
            return numbers.NamedUniTuple(fields[0], len(fields), hint)
        return numbers.NamedTuple(tuple(fields), hint)
    return hint.__metadata__[0]
