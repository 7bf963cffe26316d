"""``np.empty``, ``np.zeros`` and views of arrays, which become parts of kernels.

Numba compiles functions of their own for them, for each type and each size that is a literal.
"""

import functools
from typing import Any

import numpy as np
from numba.core import cgutils, types
from numba.core.typing.npydecl import parse_dtype
from numba.extending import intrinsic
from numba.np.arrayobj import get_itemsize

__all__ = ["MAKERS", "array_of", "pointer_to", "viewed"]


def _made(shape: Any, dtype: Any) -> Any:
    """The type of an array that is made."""
    kind = types.float64 if dtype is None else parse_dtype(dtype)
    return types.Array(kind, len(_lengths(shape)), "C")


def _lengths(shape: Any) -> Any:
    """The types of the numbers in the type of a shape."""
    return getattr(shape, "types", (shape,))


def _build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """Instructions that make an array: its value, where its items are, and how many bytes."""
    kind: Any = signature.return_type
    shape: Any = signature.args[0]
    if isinstance(shape, types.BaseTuple):
        given = cgutils.unpack_tuple(builder, arguments[0])
    else:
        given = [arguments[0]]
    sizes = [
        context.cast(builder, size, number, types.intp)
        for size, number in zip(given, _lengths(shape), strict=True)
    ]
    strides = [context.get_constant(types.intp, itemsize_of(context, kind))]
    for size in reversed(sizes):
        strides.insert(0, builder.mul(size, strides[0]))
    align = context.get_preferred_array_alignment(kind.dtype)
    counted = context.nrt.meminfo_alloc_aligned(builder, strides[0], align)
    items = pointer_to(context, builder, kind, context.nrt.meminfo_data(builder, counted))
    array = array_of(context, builder, kind, items, sizes, strides[1:], meminfo=counted)
    return array, items, strides[0]


@functools.cache
def itemsize_of(context: Any, kind: Any) -> int:
    """Bytes of an item of an array."""
    return int(get_itemsize(context, kind))


def pointer_to(context: Any, builder: Any, kind: Any, data: Any) -> Any:
    """A pointer to memory as one to the items of an array."""
    return builder.bitcast(data, context.get_data_type(kind.dtype).as_pointer())


def array_of(
    context: Any,
    builder: Any,
    kind: Any,
    items: Any,
    shape: Any,
    strides: Any,
    meminfo: Any = None,
    parent: Any = None,
) -> Any:
    """The value of an array of some items: made of its parts at once, not in memory."""
    model = context.data_model_manager[kind]
    count = context.get_constant(types.intp, 1)
    for length in shape:
        count = builder.mul(count, length, flags=["nsw"])
    parts = {
        "meminfo": meminfo,
        "parent": parent,
        "nitems": count,
        "itemsize": context.get_constant(types.intp, itemsize_of(context, kind)),
        "data": items,
        "shape": cgutils.pack_array(builder, shape, count.type),
        "strides": cgutils.pack_array(builder, strides, count.type),
    }
    value = cgutils.get_null_value(context.get_value_type(kind))
    for name, part in parts.items():
        if part is not None:
            value = model.set(builder, value, part, name)
    return value


@intrinsic
def empty(typing_context: Any, shape: Any, dtype: Any = None) -> Any:
    """An array of any content."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _build(context, builder, signature, arguments)[0]

    return _made(shape, dtype)(shape, dtype or types.none), codegen


@intrinsic
def zeros(typing_context: Any, shape: Any, dtype: Any = None) -> Any:
    """An array of zeros."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, items, size = _build(context, builder, signature, arguments)
        cgutils.memset(builder, items, size, 0)
        return array

    return _made(shape, dtype)(shape, dtype or types.none), codegen


# By the functions of NumPy.
MAKERS = {np.empty: empty, np.zeros: zeros}


def viewed(context: Any, builder: Any, kind: Any, array: Any, items: Any) -> Any:
    """The memory of an array of one axis, without gaps, as other items; what is over is left out.

    `kind` is the type of what comes out, and `items` that of what goes in.
    """
    model = context.data_model_manager[items]
    known = functools.partial(model.get, builder, array)
    itemsize = context.get_constant(types.intp, itemsize_of(context, kind))
    size = builder.udiv(builder.mul(known("nitems"), known("itemsize")), itemsize)
    data = pointer_to(context, builder, kind, known("data"))
    of = known("meminfo"), known("parent")
    return array_of(context, builder, kind, data, [size], [itemsize], *of)
