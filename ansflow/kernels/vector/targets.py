"""The operations for which instruction sets have special instructions, one register at a time.

`gather`: elements at the indices in a register, times `scale`, in bytes from an address.
`scatter`: the same of four bytes each, stored; indices in bytes.
`expand`: the next words of the stream, dealt out to the lanes of a mask; zero in the others.
`compact`: the words of the lanes of a mask, moved together and stored between two addresses.

`pick`: the bytes at the indices in a vector of bytes, from 256 at an address; None if there is no
instruction for that.
`pick_few`: the same from 16; also None where `pick` serves.

`expand` and `compact` touch as many words as a register has lanes, from the stream's position on
(up to it, for `compact`): their callers keep that much room.
"""

from typing import Any, ClassVar

from llvmlite import ir

from ansflow.kernels.vector.ir import (
    byte_table,
    call,
    constant,
    element_pointer,
    i1,
    i8,
    i16,
    i32,
    i64,
    join,
    pointer_to,
    popcount,
    splat,
    split,
    vector,
)

__all__ = ["TARGETS"]

UNALIGNED = 1  # streams may begin at odd addresses
ZERO_BYTE = 0x80  # as a shuffle index
BYTES_IN_REGISTER = 64  # of AVX-512


def elements(builder: ir.IRBuilder, register: Any) -> list[Any]:
    """The elements of a register."""
    return [builder.extract_element(register, i32(lane)) for lane in range(register.type.count)]


def indices(builder: ir.IRBuilder, register: Any) -> list[Any]:
    """The elements of a register as 64 bits, two of 32 bits by one instruction."""
    if register.type.element == i64:
        return elements(builder, register)
    pairs = builder.bitcast(register, vector(i64, register.type.count // 2))
    halves = []
    for pair in elements(builder, pairs):
        halves += [builder.and_(pair, i64(0xFFFF_FFFF)), builder.lshr(pair, i64(32))]
    return halves


def extended(builder: ir.IRBuilder, place: Any) -> Any:
    """An index as 64 bits."""
    return place if place.type == i64 else builder.zext(place, i64)


def x86_gather(
    builder: ir.IRBuilder, names: dict[int, str], address: Any, index: Any, mask: Any, scale: Any
) -> Any:
    """A gather instruction, all lanes of it, by the width of the elements."""
    kind = index.type
    table = pointer_to(builder, address, i8)
    name = names[kind.element.width]
    return call(builder, name, kind, constant(kind, 0), table, index, mask, scale)


class Avx512:
    """Sixteen lanes; masks are registers of their own."""

    pick_few: ClassVar[None] = None

    GATHER: ClassVar[dict[int, str]] = {
        32: "llvm.x86.avx512.mask.gather.dpi.512",
        64: "llvm.x86.avx512.mask.gather.qpq.512",
    }

    @classmethod
    def gather(cls, builder: ir.IRBuilder, address: Any, index: Any, scale: int) -> Any:
        mask = constant(vector(i1, index.type.count), 1)
        return x86_gather(builder, cls.GATHER, address, index, mask, i32(scale))

    @staticmethod
    def scatter(builder: ir.IRBuilder, address: Any, index: Any, values: Any) -> None:
        call(
            builder,
            "llvm.x86.avx512.mask.scatter.dpi.512",
            ir.VoidType(),
            pointer_to(builder, address, i8),
            constant(vector(i1, index.type.count), 1),
            index,
            values,
            i32(1),
        )

    @staticmethod
    def expand(builder: ir.IRBuilder, address: Any, mask: Any) -> Any:
        kind = vector(i32, mask.type.count)
        near = pointer_to(builder, address, vector(i16, kind.count))
        words = builder.zext(builder.load(near, align=UNALIGNED), kind)
        return call(
            builder, "llvm.x86.avx512.mask.expand.v16i32", kind, words, constant(kind, 0), mask
        )

    @staticmethod
    def compact(builder: ir.IRBuilder, begin: Any, end: Any, words: Any, mask: Any) -> None:
        kind = words.type
        packed = call(
            builder, "llvm.x86.avx512.mask.compress.v16i16", kind, words, constant(kind, 0), mask
        )
        # Stored under a mask: what lies above the end of this register's words is in use.
        ones = builder.trunc(popcount(builder, mask), i32)
        used = call(builder, "llvm.x86.bmi.bzhi.32", i32, i32(-1), ones)
        used = builder.bitcast(builder.trunc(used, i16), mask.type)
        call(
            builder,
            "llvm.masked.store.v16i16.p0",
            ir.VoidType(),
            packed,
            pointer_to(builder, begin, kind),
            i32(UNALIGNED),
            used,
        )

    @staticmethod
    def pick(builder: ir.IRBuilder, address: Any, index: Any) -> Any:
        """Two instructions pick among 128 bytes each, in 64 lanes, of which fewer may be used."""
        lanes, row = index.type.count, vector(i8, BYTES_IN_REGISTER)
        if lanes < BYTES_IN_REGISTER:
            order = [i % lanes for i in range(BYTES_IN_REGISTER)]
            index = builder.shuffle_vector(
                index, index, ir.Constant(vector(i32, BYTES_IN_REGISTER), order)
            )
        near = [element_pointer(builder, address, BYTES_IN_REGISTER * i) for i in range(4)]
        a, b, c, d = (builder.load(pointer_to(builder, p, row), align=1) for p in near)
        name = "llvm.x86.avx512.vpermi2var.qi.512"
        lower, upper = (call(builder, name, row, x, index, y) for x, y in ((a, b), (c, d)))
        is_upper = builder.icmp_signed("<", index, constant(row, 0))
        picked = builder.select(is_upper, upper, lower)
        first = ir.Constant(vector(i32, lanes), list(range(lanes)))
        return builder.shuffle_vector(picked, picked, first)


class Avx2:
    """Eight lanes; words are moved by a byte shuffle that is looked up by the mask."""

    pick: ClassVar[None] = None

    SHUFFLE: ClassVar[dict[int, str]] = {
        16: "llvm.x86.ssse3.pshuf.b.128",
        32: "llvm.x86.avx2.pshuf.b",
    }

    @classmethod
    def pick_few(cls, builder: ir.IRBuilder, address: Any, index: Any) -> Any:
        """An instruction picks among 16 bytes, twice in a register of 32 lanes."""
        lanes, few = min(index.type.count, 32), vector(i8, 16)
        near = builder.load(pointer_to(builder, address, few), align=1)
        row = join(builder, [near] * (lanes // few.count))
        picked = [
            call(builder, cls.SHUFFLE[lanes], row.type, row, part)
            for part in split(builder, index, lanes)
        ]
        return join(builder, picked)

    GATHER: ClassVar[dict[int, str]] = {
        32: "llvm.x86.avx2.gather.d.d.256",
        64: "llvm.x86.avx2.gather.q.q.256",
    }

    @classmethod
    def gather(cls, builder: ir.IRBuilder, address: Any, index: Any, scale: int) -> Any:
        mask = constant(index.type, -1)
        return x86_gather(builder, cls.GATHER, address, index, mask, i8(scale))

    @staticmethod
    def scatter(builder: ir.IRBuilder, address: Any, index: Any, values: Any) -> None:
        for place, value in zip(elements(builder, index), elements(builder, values), strict=True):
            offset = extended(builder, place)
            near = element_pointer(builder, pointer_to(builder, address, i8), offset)
            builder.store(value, pointer_to(builder, near, i32), align=1)

    @classmethod
    def expand(cls, builder: ir.IRBuilder, address: Any, mask: Any) -> Any:
        near = pointer_to(builder, address, vector(i8, 16))
        words = builder.load(near, align=UNALIGNED)
        moved = cls.shuffle(builder, words, "ansflow.expand", expand_rows, mask)
        return builder.zext(builder.bitcast(moved, vector(i16, 8)), vector(i32, 8))

    @classmethod
    def compact(cls, builder: ir.IRBuilder, begin: Any, end: Any, words: Any, mask: Any) -> None:
        # Moved to the register's top, so that they end where they must; below is free.
        data = builder.bitcast(words, vector(i8, 16))
        moved = cls.shuffle(builder, data, "ansflow.compact", compact_rows, mask)
        near = element_pointer(builder, end, -words.type.count)
        builder.store(moved, pointer_to(builder, near, moved.type), align=UNALIGNED)

    @staticmethod
    def shuffle(builder: ir.IRBuilder, data: Any, name: str, rows: Any, mask: Any) -> Any:
        table = byte_table(builder, name, rows())
        number = builder.zext(builder.bitcast(mask, i8), i64)
        row = builder.load(builder.gep(table, [i64(0), number], inbounds=True), align=16)
        return call(builder, "llvm.x86.ssse3.pshuf.b.128", data.type, data, row)


def expand_rows() -> list[list[int]]:
    """By mask: bytes of the first word for the first lane of the mask, and so on."""
    rows = []
    for mask in range(256):
        row = [ZERO_BYTE] * 16
        for word, lane in enumerate(lane for lane in range(8) if mask >> lane & 1):
            row[2 * lane : 2 * lane + 2] = [2 * word, 2 * word + 1]
        rows.append(row)
    return rows


def compact_rows() -> list[list[int]]:
    """By mask: bytes of its lanes' words at the end of the row, in order."""
    rows = []
    for mask in range(256):
        used = [byte for byte in range(16) if mask >> byte // 2 & 1]
        rows.append([ZERO_BYTE] * (16 - len(used)) + used)
    return rows


class Generic:
    """Four lanes of plain IR, an element at a time."""

    pick: ClassVar[None] = None
    pick_few: ClassVar[None] = None

    @staticmethod
    def gather(builder: ir.IRBuilder, address: Any, index: Any, scale: int) -> Any:
        result = ir.Constant(index.type, ir.Undefined)
        for lane, place in enumerate(elements(builder, index)):
            offset = builder.mul(extended(builder, place), i64(scale))
            near = element_pointer(builder, pointer_to(builder, address, i8), offset)
            element = builder.load(pointer_to(builder, near, index.type.element), align=scale)
            result = builder.insert_element(result, element, i32(lane))
        return result

    scatter = Avx2.scatter

    @staticmethod
    def expand(builder: ir.IRBuilder, address: Any, mask: Any) -> Any:
        result = constant(vector(i32, mask.type.count), 0)
        for lane in range(mask.type.count):
            due = builder.extract_element(mask, i32(lane))
            word = builder.zext(builder.load(address, align=UNALIGNED), i32)
            word = builder.select(due, word, i32(0))
            result = builder.insert_element(result, word, i32(lane))
            address = element_pointer(builder, address, builder.zext(due, i64))
        return result

    @staticmethod
    def compact(builder: ir.IRBuilder, begin: Any, end: Any, words: Any, mask: Any) -> None:
        for lane in reversed(range(mask.type.count)):
            due = builder.extract_element(mask, i32(lane))
            word = builder.extract_element(words, i32(lane))
            builder.store(word, element_pointer(builder, end, -1), align=UNALIGNED)
            end = element_pointer(builder, end, builder.neg(builder.zext(due, i64)))


class Avx2Loads(Avx2):
    """Avx2, its gathers made of loads, for machines on which the instruction is slow."""

    @staticmethod
    def gather(builder: ir.IRBuilder, address: Any, index: Any, scale: int) -> Any:
        """Each element is loaded into all lanes, and then neighbours are merged: pairs, fours ...

        LLVM makes single insertions of that. Given those, it would look through them at each use of
        a part of the lanes' bits, and do it once more, without vectors.
        """
        kind = index.type
        merged = []
        for place in indices(builder, index):
            unit = ir.IntType(8 * scale)  # so that addresses are scaled where they are used
            near = element_pointer(builder, pointer_to(builder, address, unit), place)
            element = builder.load(pointer_to(builder, near, kind.element), align=scale)
            merged.append(splat(builder, element, kind))
        lanes = range(kind.count)
        for run in (1 << k for k in range(kind.count.bit_length() - 1)):
            order = [lane + kind.count * (lane // run & 1) for lane in lanes]
            taken = ir.Constant(vector(i32, kind.count), order)
            pairs = zip(merged[::2], merged[1::2], strict=True)
            merged = [builder.shuffle_vector(a, b, taken) for a, b in pairs]
        return merged[0]


TARGETS: dict[str, Any] = {
    "avx512": Avx512,
    "avx2": Avx2,
    "avx2-loads": Avx2Loads,
    "generic": Generic,
}
