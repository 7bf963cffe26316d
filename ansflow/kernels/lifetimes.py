"""Where the variables of a function are in use: found out once, for all that depends on it.

Numba lets go of each variable after its last use, and has all in memory that more than one block of
statements uses. Here only what is counted is let go of, and a variable is a value wherever nothing
but one assignment can have made it: half of the instructions are not there for LLVM to remove.
"""

import functools
from typing import Any

from numba.core import ir
from numba.core.analysis import compute_cfg_from_blocks, compute_dead_maps, compute_live_map
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import IRLegalization

from ansflow.kernels.variables import variables_of

__all__ = ["CountedLifetimes", "Lifetimes", "is_counted"]


@functools.cache
def is_counted(model: Any) -> bool:
    """Whether values of a model hold references that are counted."""
    return bool(model.contains_nrt_meminfo())


class Lifetimes:
    """The variables of a function, by its blocks of statements.

    Attributes
    ----------
    assigned : set of str
        Those that something is assigned to but arguments.
    borrowed : set of str
        Those that are arguments and nothing else.
    local : set of str
        Those that one assignment makes, and that nothing but its block uses.
    known : set of str
        Those that one assignment makes, through which all ways lead to where they are used.
    """

    def __init__(self, blocks: dict[int, Any]) -> None:
        self._blocks = blocks
        self._cfg = compute_cfg_from_blocks(blocks)
        self._touched: dict[int, list[set[str]]] = {}  # by each statement
        self._from_others: dict[int, set[str]] = {}  # what a block does not make before it reads it
        self._made: dict[int, set[str]] = {}
        makers: dict[str, list[tuple[int, Any]]] = {}
        users: dict[str, list[int]] = {}
        for label, block in blocks.items():
            touched: list[set[str]] = []
            from_others, made = set[str](), set[str]()
            for statement in block.body:
                names = {variable.name for variable in variables_of(statement)}
                from_others |= names - made
                if isinstance(statement, ir.Assign):
                    name = statement.target.name
                    names.add(name)
                    made.add(name)
                    makers.setdefault(name, []).append((label, statement.value))
                touched.append(names)
            for name in from_others:
                users.setdefault(name, []).append(label)
            self._touched[label], self._from_others[label] = touched, from_others
            self._made[label] = made
        self.borrowed, self.local, self.known = set[str](), set[str](), set[str]()
        before = self._cfg.dominators()
        for name, made_by in makers.items():
            if len(made_by) > 1:
                continue
            [(label, value)] = made_by
            if isinstance(value, ir.Arg):
                self.borrowed.add(name)
            used_by = users.get(name, ())
            if not used_by:
                self.local.add(name)
            # Blocks become instructions in the order of their labels.
            if all(label < user and label in before[user] for user in used_by):
                self.known.add(name)
        self.assigned = makers.keys() - self.borrowed

    def let_go(self, counted: set[str]) -> None:
        """Say where some of the variables are not in use any more."""
        if not counted:
            return
        made, read = (
            {label: names & counted for label, names in each.items()}
            for each in (self._made, self._from_others)
        )
        alive = compute_live_map(self._cfg, self._blocks, read, made)
        dead = compute_dead_maps(self._cfg, self._blocks, alive, made)
        for label, block in self._blocks.items():
            here, (*statements, last) = dead.internal[label], block.body
            body = [last]
            for statement, names in zip(
                reversed(statements), reversed(self._touched[label][:-1]), strict=True
            ):
                ended = names & here
                here = here - ended
                body += [ir.Del(name, statement.loc) for name in sorted(ended)]
                body.append(statement)
            body += [ir.Del(name, body[-1].loc) for name in sorted(dead.escaping[label])]
            block.body = body[::-1]


@register_pass(mutates_CFG=False, analysis_only=False)
class CountedLifetimes(IRLegalization):
    """Note where variables are in use, and let go of what is counted."""

    _name = "counted_lifetimes"

    def run_pass(self, state: Any) -> bool:
        if state.flags.dbg_extend_lifetimes:
            return bool(super().run_pass(state))
        found = state.func_ir.variable_lifetime = Lifetimes(state.func_ir.blocks)
        models, kinds = state.targetctx.data_model_manager, state.typemap
        found.let_go({name for name in found.assigned if is_counted(models[kinds[name]])})
        return True
