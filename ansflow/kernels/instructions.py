"""From Numba's statements to instructions of LLVM: the short way where kernels need no other.

Numba counts the references to each array wherever a variable is made or goes out of use, copies
what it knows of an array to the stack at each access, and clears variables. LLVM removes nearly all
of that, but a third of the time until then is spent on text that nobody needs.
"""

import functools
from typing import Any

from numba.core import cgutils, ir, ir_utils, types
from numba.core.lowering import Lower

from ansflow.kernels.arrays import viewed
from ansflow.kernels.building import KernelBuilder, leave_out_unused
from ansflow.kernels.indexing import Access
from ansflow.kernels.lifetimes import Lifetimes, is_counted
from ansflow.kernels.signatures import signature_of
from ansflow.kernels.wrapper import add_wrapper

__all__ = ["KernelLower"]

SCALARS = types.Number, types.Boolean

PARTS = {"pair_first": 0, "pair_second": 1}

# What an attribute of an array is called in its model.
FIELDS = {"size": "nitems", "shape": "shape"}


@functools.cache
def implementation_of(function: Any, signature: Any, context: Any) -> Any:
    """What makes instructions of a function of Numba's for types of arguments."""
    return context.get_function(function, signature)


class KernelLower(Lower):
    """Numba's translator of one function, which leaves things out.

    Arguments are borrowed from the caller: an array that has but the name of an argument is neither
    counted nor copied.
    """

    def _find_singly_assigned_variable(self) -> None:
        found = self.func_ir.variable_lifetime
        if not isinstance(found, Lifetimes):
            super()._find_singly_assigned_variable()
            self._borrowed = set()
            return
        self._borrowed = found.borrowed
        values = {name for name in found.known if not self._is_counted(name)}
        self._singly_assigned_vars = values | found.local | found.borrowed
        self._blk_local_varmap = {}

    def setup_function(self, fndesc: Any) -> None:
        super().setup_function(fndesc)
        self.builder = KernelBuilder(self.entry_block)
        self.call_helper = self.call_conv.init_call_helper(self.builder)

    def lower(self) -> None:
        super().lower()
        # LLVM has read the text. What this was made of refers to itself all over: it is gone as
        # soon as it is taken apart, and takes three times as long to be found as garbage.
        for function in self.module.functions:
            for block in function.blocks:
                block.instructions.clear()
                block.terminator = None
            function.blocks.clear()
        self.module.globals.clear()

    def lower_normal_function(self, fndesc: Any) -> None:
        super().lower_normal_function(fndesc)
        leave_out_unused(self.function)
        if self.library.is_for_python and not self._needs_numbas_wrapper:
            add_wrapper(self.context, self.function, fndesc, self.library.releases_gil)

    def create_cpython_wrapper(self, release_gil: bool = False) -> None:
        if self._needs_numbas_wrapper:
            super().create_cpython_wrapper(release_gil)

    @property
    def _needs_numbas_wrapper(self) -> bool:
        """Whether what Python calls has to do with errors, or with what is counted."""
        returned = self.context.data_model_manager[self.fndesc.restype]
        return bool(self.context.enable_boundscheck) or is_counted(returned)

    def lower_block(self, block: Any) -> None:
        # Numba enters a context for each statement, which adds to what is said of an error.
        self.pre_block(block)
        for statement in block.body:
            self.loc = statement.loc
            self.lower_inst(statement)
        self.post_block(block)

    def lower_inst(self, inst: Any) -> None:
        # Numba first describes each statement for whoever debugs the compiler.
        if self._disable_sroa_like_opt:
            super().lower_inst(inst)
        elif isinstance(inst, ir.Del):
            self.delvar(inst.value)
        elif isinstance(inst, ir.Assign) and not isinstance(inst.value, ir.Arg):
            name = inst.target.name
            self.storevar(self.lower_assign(self.typeof(name), inst), name)
        else:
            super().lower_inst(inst)

    def lower_assign(self, ty: Any, inst: Any) -> Any:
        if inst.target.name in self._borrowed:
            kind = self.typeof("arg." + inst.value.name)
            if not isinstance(kind, types.Omitted):
                value = self.fnargs[inst.value.index]
                return self.context.cast(self.builder, value, kind, ty)
        return super().lower_assign(ty, inst)

    def storevar(self, value: Any, name: str, argidx: Any = None) -> None:
        if self._is_counted(name) or name in self._singly_assigned_vars:
            super().storevar(value, name, argidx)
        else:
            self.builder.store(value, self.getvar(name))

    def delvar(self, name: str) -> None:
        if self._is_counted(name) and name not in self._borrowed:
            super().delvar(name)

    def alloca_lltype(self, name: str, lltype: Any, datamodel: Any = None) -> Any:
        if self._disable_sroa_like_opt:  # as for a debugger
            return super().alloca_lltype(name, lltype, datamodel)
        return cgutils.alloca_once(self.builder, lltype)

    def incref(self, typ: Any, val: Any) -> None:
        super().incref(*self._counted_part(typ, val))

    def decref(self, typ: Any, val: Any) -> None:
        super().decref(*self._counted_part(typ, val))

    def lower_binop(self, resty: Any, expr: Any, op: Any) -> Any:
        if expr.static_lhs is not ir.UNDEFINED or expr.static_rhs is not ir.UNDEFINED:
            return super().lower_binop(resty, expr, op)
        context = self.context.typing_context
        function = context.resolve_value_type(op)
        called = self.fndesc.calltypes[expr]
        operands = [
            self._cast_var(operand, kind)
            for operand, kind in zip((expr.lhs, expr.rhs), called.args, strict=True)
        ]
        signature = signature_of(function, called.args, context)
        result = implementation_of(function, signature, self.context)(self.builder, operands)
        return self.context.cast(self.builder, result, called.return_type, resty)

    def lower_expr(self, resty: Any, expr: Any) -> Any:
        if expr.op in ("pair_first", "pair_second"):
            value = self.builder.extract_value(self.loadvar(expr.value.name), PARTS[expr.op])
            self.incref(resty, value)
            return value
        if expr.op == "getattr":
            array = self.typeof(expr.value.name)
            if isinstance(array, types.Array) and expr.attr in FIELDS:
                model = self.context.data_model_manager[array]
                return model.get(self.builder, self.loadvar(expr.value.name), FIELDS[expr.attr])
        if expr.op == "static_getitem" and isinstance(self.typeof(expr.value.name), types.Array):
            called = self.fndesc.calltypes[expr]
            return self.lower_getitem(resty, expr, expr.value, expr.index_var, called)
        if expr.op == "getiter" and self._counts_up(expr.value):
            return self._begin_counting(self.loadvar(expr.value.name))
        if expr.op == "iternext" and isinstance(
            self.typeof(expr.value.name), types.RangeIteratorType
        ):
            return self._count(self.loadvar(expr.value.name))
        return super().lower_expr(resty, expr)

    def _lower_call_normal(self, fnty: Any, expr: Any, signature: Any) -> Any:
        if isinstance(fnty, types.BoundFunction) and fnty.typing_key == "array.view":
            array, kind = fnty.this, signature.return_type
            if array.ndim == 1 and array.layout == "C":
                value = self.loadvar(expr.func.name)
                view = viewed(self.context, self.builder, kind, value, array)
                self.incref(kind, view)
                return view
        if not isinstance(signature.return_type, types.RangeType) or len(expr.args) > 2:
            if not isinstance(fnty, types.Function) or expr.target is not None:
                return super()._lower_call_normal(fnty, expr, signature)
            values = self.fold_call_args(fnty, signature, expr.args, expr.vararg, expr.kws)
            function = implementation_of(fnty, signature, self.context)
            return function(self.builder, list(values), self.loc)
        kind = signature.return_type.dtype
        first, step = (self.context.get_constant(kind, number) for number in (0, 1))
        limits = [self._cast_var(argument, kind) for argument in expr.args]
        return cgutils.make_anonymous_struct(self.builder, [*([first, *limits][-2:]), step])

    def _counts_up(self, variable: Any) -> bool:
        """Whether a variable is a range, of numbers without gaps."""
        if not isinstance(self.typeof(variable.name), types.RangeType):
            return False
        made = ir_utils.guard(ir_utils.get_definition, self.func_ir, variable)
        return isinstance(made, ir.Expr) and made.op == "call" and len(made.args) <= 2

    def _begin_counting(self, numbers: Any) -> Any:
        """An iterator: where the next number is, the end, a step, and where how many follow."""
        builder = self.builder
        first, stop, step = cgutils.unpack_tuple(builder, numbers, 3)
        with builder.goto_entry_block():
            following, left = builder.alloca(first.type), builder.alloca(first.type)
        size = builder.sub(stop, first)
        some = builder.icmp_signed(">", size, size.type(0))
        builder.store(first, following)
        builder.store(builder.select(some, size, size.type(0)), left)
        return cgutils.make_anonymous_struct(builder, [following, stop, step, left])

    def _count(self, iterator: Any) -> Any:
        """The next number of an iterator, and whether there is one."""
        builder = self.builder
        following, _stop, step, left = cgutils.unpack_tuple(builder, iterator, 4)
        many, number = builder.load(left), builder.load(following)
        some = builder.icmp_signed(">", many, many.type(0))
        builder.store(builder.sub(many, many.type(1), flags=["nsw"]), left)
        builder.store(builder.add(number, step), following)
        return cgutils.make_anonymous_struct(builder, [number, some])

    def lower_getitem(self, resty: Any, expr: Any, value: Any, index: Any, signature: Any) -> Any:
        access = self._access(value, index)
        found = None if access is None else access.get()
        if found is None:
            return super().lower_getitem(resty, expr, value, index, signature)
        made = signature.return_type
        self.incref(made, found)
        return self.context.cast(self.builder, found, made, resty)

    def lower_setitem(self, target_var: Any, index_var: Any, value_var: Any, signature: Any) -> Any:
        access = self._access(target_var, index_var)
        if access is None or not isinstance(self.typeof(value_var.name), SCALARS):
            return super().lower_setitem(target_var, index_var, value_var, signature)
        if not access.set(self._cast_var(value_var, access.kind.dtype)):
            return super().lower_setitem(target_var, index_var, value_var, signature)
        return None

    def _access(self, variable: Any, index: Any) -> Access | None:
        """What is read or written of an array, unless that needs to be checked."""
        kind, where = self.typeof(variable.name), self.typeof(index.name)
        if self.context.enable_boundscheck or not isinstance(kind, types.Array):
            return None
        known = kind, self.loadvar(variable.name), where, self.loadvar(index.name)
        return Access(self.context, self.builder, *known)

    def _is_counted(self, name: str) -> bool:
        """Whether a variable holds what is counted."""
        return is_counted(self.context.data_model_manager[self.typeof(name)])

    def _counted_part(self, kind: Any, value: Any) -> tuple[Any, Any]:
        """What is counted of an array; of others, all."""
        if not isinstance(kind, types.Array):
            return kind, value
        model = self.context.data_model_manager[kind]
        part = model.get(self.builder, value, "meminfo")
        return types.MemInfoPointer(types.voidptr), part
