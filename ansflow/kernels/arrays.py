"""``np.empty``, ``np.zeros`` and views of arrays, which become parts of kernels.

Numba compiles functions of their own for them, for each type and each size that is a literal.
"""

from typing import Any

from numba.core import cgutils, types
from numba.core.typing.npydecl import parse_dtype
from numba.extending import intrinsic
from numba.np.arrayobj import get_itemsize, make_array, populate_array

__all__ = ["MAKERS", "viewed"]


def _made(shape: Any, dtype: Any) -> Any:
    """The type of an array that is made."""
    kind = types.float64 if dtype is None else parse_dtype(dtype)
    return types.Array(kind, len(_lengths(shape)), "C")


def _lengths(shape: Any) -> Any:
    """The types of the numbers in the type of a shape."""
    return getattr(shape, "types", (shape,))


def _build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """Instructions that make an array, and the number of its bytes."""
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
    strides = [context.get_constant(types.intp, get_itemsize(context, kind))]
    for size in reversed(sizes):
        strides.insert(0, builder.mul(size, strides[0]))
    align = context.get_preferred_array_alignment(kind.dtype)
    counted = context.nrt.meminfo_alloc_aligned(builder, strides[0], align)
    data = context.nrt.meminfo_data(builder, counted)
    array = make_array(kind)(context, builder)
    populate_array(
        array,
        data=builder.bitcast(data, context.get_data_type(kind.dtype).as_pointer()),
        shape=cgutils.pack_array(builder, sizes),
        strides=cgutils.pack_array(builder, strides[1:]),
        itemsize=strides[-1],
        meminfo=counted,
    )
    return array, strides[0]


@intrinsic
def empty(typing_context: Any, shape: Any, dtype: Any = None) -> Any:
    """An array of any content."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _build(context, builder, signature, arguments)[0]._getvalue()

    return _made(shape, dtype)(shape, dtype or types.none), codegen


@intrinsic
def zeros(typing_context: Any, shape: Any, dtype: Any = None) -> Any:
    """An array of zeros."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, size = _build(context, builder, signature, arguments)
        cgutils.memset(builder, array.data, size, 0)
        return array._getvalue()

    return _made(shape, dtype)(shape, dtype or types.none), codegen


# What makes them, by what it is called in NumPy.
MAKERS = {"empty": empty, "zeros": zeros}


def viewed(context: Any, builder: Any, kind: Any, array: Any, items: Any) -> Any:
    """The memory of an array of one axis, without gaps, as other items; what is over is left out.

    `kind` is the type of what comes out, and `items` that of what goes in.
    """
    old, new = make_array(items)(context, builder, array), make_array(kind)(context, builder)
    itemsize = context.get_constant(types.intp, get_itemsize(context, kind))
    size = builder.udiv(builder.mul(old.nitems, old.itemsize), itemsize)
    populate_array(
        new,
        data=builder.bitcast(old.data, new.data.type),
        shape=[size],
        strides=[itemsize],
        itemsize=itemsize,
        meminfo=old.meminfo,
        parent=old.parent,
    )
    return new._getvalue()
