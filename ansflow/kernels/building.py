"""Instructions of LLVM as they are written down: none that puts together what is taken apart.

All that is known of an array goes from function to function as numbers, of which each function
makes a value that it takes the numbers from again. LLVM removes that, but it is half of the text
that Numba writes, and that LLVM reads.
"""

from typing import Any

from llvmlite.ir import Constant, IRBuilder
from llvmlite.ir.instructions import (
    CastInstr,
    ExtractValue,
    FCMPInstr,
    GEPInstr,
    ICMPInstr,
    InsertValue,
    Instruction,
    LoadInstr,
    PhiInstr,
    SelectInstr,
)

__all__ = ["KernelBuilder", "leave_out_unused"]


# What does nothing but to have a result. (Instructions of no class of their own are arithmetic.)
IDLE = {
    *(ExtractValue, InsertValue, Instruction, CastInstr, GEPInstr, LoadInstr),
    *(ICMPInstr, FCMPInstr, SelectInstr),
}


class KernelBuilder(IRBuilder):  # type: ignore[misc]
    """A builder that knows what it has put where."""

    def extract_value(self, agg: Any, idx: Any, name: str = "") -> Any:
        """A part of a value, as it was put there if that is known."""
        places = tuple(idx) if isinstance(idx, (tuple, list)) else (idx,)
        while isinstance(agg, InsertValue):
            put, common = tuple(agg.indices), min(len(agg.indices), len(places))
            if put[:common] != places[:common]:
                agg = agg.aggregate
            elif len(put) == common:
                agg, places = agg.value, places[common:]
                if not places:
                    return agg
            else:  # a part of what is asked for
                break
        if isinstance(agg, Constant) and agg.constant is None:
            kind = agg.type
            for place in places:
                kind = kind.elements[place]
            return Constant(kind, None)
        return super().extract_value(agg, places, name)

    def insert_value(self, agg: Any, value: Any, idx: Any, name: str = "") -> Any:
        """A value with another part; or that of which all parts are, in the same places."""
        made = super().insert_value(agg, value, idx, name)
        if not isinstance(value, ExtractValue) or value.aggregate.type != made.type:
            return made
        whole, part, place = value.aggregate, made, len(made.type.elements)
        while place and isinstance(part, InsertValue):
            place -= 1
            own = part.value
            taken = isinstance(own, ExtractValue) and own.aggregate is whole
            if not taken or [place] != list(part.indices) or [place] != list(own.indices):
                return made
            part = part.aggregate
        return made if place else whole


def leave_out_unused(function: Any) -> None:
    """Remove what is worked out for nobody."""
    used: set[int] = set()
    for block in function.blocks:
        for instruction in block.instructions:
            if type(instruction) not in IDLE:
                read_by(instruction, used)
    for block in function.blocks:
        block.instructions[:] = [
            each for each in block.instructions if type(each) not in IDLE or id(each) in used
        ]


def read_by(instruction: Any, used: set[int]) -> None:
    """Note whose results an instruction needs."""
    wanting = [instruction]
    while wanting:
        each = wanting.pop()
        is_phi = isinstance(each, PhiInstr)
        for value in [value for value, _ in each.incomings] if is_phi else each.operands:
            if type(value) in IDLE and id(value) not in used:
                used.add(id(value))
                wanting.append(value)
