"""What Python calls a kernel by: arrays are read where NumPy keeps what it knows of them.

Numba makes an object that counts references for each array of a call, and checks at each step
whether that has failed. A kernel borrows its arguments: it needs nothing but addresses and lengths,
which are read in a fraction of the time, by a fraction of the instructions.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.callwrapper import PyCallWrapper, _ArgManager

from ansflow.kernels.arrays import array_of, pointer_to
from ansflow.kernels.building import KernelBuilder, leave_out_unused

__all__ = ["add_wrapper"]

BYTE, SIZE = ir.IntType(8), ir.IntType(64)

# An array as NumPy's header files have it, up to where its strides are. Their first part is what
# any object begins with.
HEAD = ir.ArrayType(BYTE, object.__basicsize__)
SIZES = ir.IntType(tuple.__itemsize__ * 8).as_pointer()
OBJECT = ir.LiteralStructType([HEAD, BYTE.as_pointer(), ir.IntType(32), SIZES, SIZES])
DATA, LENGTHS, STRIDES = 1, 3, 4

# Bytes of all arrays of a call from which on the GIL is given away. Most kernels are through with
# fewer in a tenth of a millisecond. A thread that waits for the GIL takes half as long to wake up,
# and if it computes in Python, it does not give it back for five milliseconds.
WORTH_THE_GIL = ir.Constant(SIZE, 1 << 17)


def add_wrapper(context: Any, function: Any, told: Any, release_gil: bool) -> None:
    """Add what Python calls to the module of a kernel that returns numbers."""
    Wrapper(context, function.module, function, told, None, None, release_gil).build()


class Arguments(_ArgManager):
    """Numba's values of arguments, but for arrays; and how many bytes these have."""

    def __init__(self, *told: Any) -> None:
        super().__init__(*told)
        self.nbytes: Any = ir.Constant(SIZE, 0)

    def add_arg(self, obj: Any, ty: Any) -> Any:
        """A value, or a jump to where those before it are cleared away."""
        if not isinstance(ty, types.Array):
            return super().add_arg(obj, ty)
        array, items = read_array(self.context, self.builder, obj, ty)
        kind = self.context.get_data_type(ty.dtype)
        itemsize = ir.Constant(SIZE, self.context.get_abi_sizeof(kind))
        self.nbytes = self.builder.add(self.nbytes, self.builder.mul(items, itemsize))
        return array


class Wrapper(PyCallWrapper):
    """Numba's wrapper, without what kernels never do."""

    def build(self) -> None:
        pointer = self.context.get_argument_type(types.pyobject)
        kind = ir.FunctionType(pointer, [pointer] * 3)
        wrapper = ir.Function(self.module, kind, self.fndesc.llvm_cpython_wrapper_name)
        builder = KernelBuilder(wrapper.append_basic_block("entry"))
        self.build_wrapper(self.context.get_python_api(builder), builder, *wrapper.args)
        leave_out_unused(wrapper)

    def build_wrapper(self, api: Any, builder: Any, closure: Any, args: Any, kws: Any) -> None:
        kinds = self.fndesc.argtypes
        objects = [api.alloca_obj() for _ in kinds]
        unpacked = api.unpack_tuple(args, self.fndesc.qualname, len(kinds), len(kinds), *objects)
        failed = builder.append_basic_block("failed")
        with builder.goto_block(failed):
            builder.ret(api.get_null_object())
        with cgutils.if_unlikely(builder, cgutils.is_null(builder, unpacked)):
            builder.branch(failed)
        manager: Any = Arguments(self.context, builder, api, None, failed, len(kinds))
        values = [
            manager.add_arg(builder.load(each), kind)
            for each, kind in zip(objects, kinds, strict=True)
        ]
        gil = Gil(builder, api, manager.nbytes) if self.release_gil else None
        # Not inlined, which would only make it slower to compile.
        status, result = self.context.call_conv.call_function(
            builder, self.func, self.fndesc.restype, kinds, values, attrs=("noinline",)
        )
        if gil is not None:
            gil.take_back()
        manager.emit_cleanup()
        with builder.if_then(status.is_ok, likely=True):
            with builder.if_then(status.is_none):
                api.return_none()
            builder.ret(api.from_native_return(self.fndesc.restype, result, None))
        self.context.call_conv.raise_error(builder, api, status)
        builder.ret(api.get_null_object())


class Gil:
    """Gives the GIL away for a call with arrays of so many bytes, if they are many."""

    def __init__(self, builder: Any, api: Any, nbytes: Any) -> None:
        self._builder, self._api = builder, api
        self._worth = builder.icmp_unsigned(">=", nbytes, WORTH_THE_GIL)
        self._thread = builder.alloca(api.voidptr)
        with builder.if_then(self._worth):
            builder.store(api.save_thread(), self._thread)

    def take_back(self) -> None:
        with self._builder.if_then(self._worth):
            self._api.restore_thread(self._builder.load(self._thread))


def read_array(context: Any, builder: Any, pointer: Any, kind: Any) -> tuple[Any, Any]:
    """The value of an array, whose references nobody counts, and its items."""
    known = builder.bitcast(pointer, OBJECT.as_pointer())

    def field(place: int) -> Any:
        return builder.load(cgutils.gep_inbounds(builder, known, 0, place))

    lengths, strides = field(LENGTHS), field(STRIDES)
    items = pointer_to(context, builder, kind, field(DATA))
    shape, steps = (
        [builder.load(cgutils.gep(builder, each, axis)) for axis in range(kind.ndim)]
        for each in (lengths, strides)
    )
    count = shape[0] if shape else ir.Constant(SIZE, 1)
    for length in shape[1:]:
        count = builder.mul(count, length)
    return array_of(context, builder, kind, items, shape, steps), count
