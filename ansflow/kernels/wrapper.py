"""What Python calls a kernel by: arrays are read where NumPy keeps what it knows of them.

Numba makes an object that counts references for each array of a call, and checks at each step
whether that has failed. A kernel borrows its arguments: it needs nothing but addresses and lengths,
which are read in a fraction of the time, by a fraction of the instructions.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.callwrapper import PyCallWrapper, _ArgManager, _GilManager

from ansflow.kernels.arrays import array_of, pointer_to
from ansflow.kernels.building import KernelBuilder, leave_out_unused

__all__ = ["add_wrapper"]

BYTE = ir.IntType(8)

# An array as NumPy's header files have it, up to where its strides are. Their first part is what
# any object begins with.
HEAD = ir.ArrayType(BYTE, object.__basicsize__)
SIZES = ir.IntType(tuple.__itemsize__ * 8).as_pointer()
OBJECT = ir.LiteralStructType([HEAD, BYTE.as_pointer(), ir.IntType(32), SIZES, SIZES])
DATA, LENGTHS, STRIDES = 1, 3, 4


def add_wrapper(context: Any, function: Any, told: Any, release_gil: bool) -> None:
    """Add what Python calls to the module of a kernel that returns numbers."""
    Wrapper(context, function.module, function, told, None, None, release_gil).build()


class Arguments(_ArgManager):
    """Numba's values of arguments, but for arrays."""

    def add_arg(self, obj: Any, ty: Any) -> Any:
        """A value, or a jump to where those before it are cleared away."""
        if isinstance(ty, types.Array):
            return read_array(self.context, self.builder, obj, ty)
        return super().add_arg(obj, ty)


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
        if self.release_gil:
            manager = _GilManager(builder, api, manager)
        # Not inlined, which would only make it slower to compile.
        status, result = self.context.call_conv.call_function(
            builder, self.func, self.fndesc.restype, kinds, values, attrs=("noinline",)
        )
        manager.emit_cleanup()
        with builder.if_then(status.is_ok, likely=True):
            with builder.if_then(status.is_none):
                api.return_none()
            builder.ret(api.from_native_return(self.fndesc.restype, result, None))
        self.context.call_conv.raise_error(builder, api, status)
        builder.ret(api.get_null_object())


def read_array(context: Any, builder: Any, pointer: Any, kind: Any) -> Any:
    """The value of an array, whose references nobody counts."""
    known = builder.bitcast(pointer, OBJECT.as_pointer())

    def field(place: int) -> Any:
        return builder.load(cgutils.gep_inbounds(builder, known, 0, place))

    lengths, strides = field(LENGTHS), field(STRIDES)
    items = pointer_to(context, builder, kind, field(DATA))
    shape, steps = (
        [builder.load(cgutils.gep(builder, each, axis)) for axis in range(kind.ndim)]
        for each in (lengths, strides)
    )
    return array_of(context, builder, kind, items, shape, steps)
