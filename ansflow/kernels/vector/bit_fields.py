"""Fields: numbers of a few bits each, one after the other in memory, dealt out to lanes.

A row is 64 bytes of lanes, and the fields of all of them. Where each begins follows from the widths
of those before it. So the bytes from there on are brought to its lane by a shuffle, and the bits of
the first one that belong to other fields are shifted out: no field waits for another one.

With AVX-512, one load gets all fields of a row, and one instruction shuffles its bytes. AVX2
shuffles 16 bytes, and so each quarter of a row is loaded from the byte where its fields begin.
"""

from typing import Any

from llvmlite import ir

from ansflow.kernels.vector.ir import (
    call,
    constant,
    element_pointer,
    i8,
    i16,
    i32,
    i64,
    join,
    pointer_to,
    splat,
    vector,
)

__all__ = ["FIELDS", "ROW_BYTES", "extended", "shuffle"]

ROW_BYTES = 64
BYTES = vector(i8, ROW_BYTES)
BYTE_SHIFT, BIT_IN_BYTE = 3, 7

QUARTERS, QUARTER_BYTES = 4, 16


def shuffle(builder: ir.IRBuilder, first: Any, second: Any, order: list[int]) -> Any:
    """Elements of two vectors that follow each other."""
    return builder.shuffle_vector(first, second, ir.Constant(vector(i32, len(order)), order))


def extended(builder: ir.IRBuilder, values: Any, kind: ir.VectorType) -> Any:
    """Elements as those of another vector that has as many, and no smaller ones."""
    return values if values.type == kind else builder.zext(values, kind)


def sized(builder: ir.IRBuilder, values: Any, element: ir.IntType) -> Any:
    """Elements as integers of another size, which they fit."""
    kind = vector(element, values.type.count)
    if values.type.element.width > element.width:
        return builder.trunc(values, kind)
    return extended(builder, values, kind)


def add_up(builder: ir.IRBuilder, terms: Any) -> Any:
    """The sum of each lane and all below it, from those of one lane, two, four ..."""
    count = terms.type.count
    for step in (1 << k for k in range(count.bit_length() - 1)):
        below = shuffle(
            builder, constant(terms.type, 0), terms, [count - step + lane for lane in range(count)]
        )
        terms = builder.add(terms, below)
    return terms


class Avx512:
    """The fields of a row are fewer than 64 bytes."""

    LEAST_BITS = 16  # of a lane: 8 bits cannot count those of a row
    REACH = ROW_BYTES  # from the byte in which the first field begins

    @staticmethod
    def short(bits: int) -> int:
        """Numbers of so many bits are dealt out at less expense."""
        return bits // 2

    @classmethod
    def fetch(
        cls, builder: ir.IRBuilder, address: Any, at: Any, widths: Any, lanes: Any, most: int
    ) -> tuple[Any, Any]:
        """The fields of a row with anything above, in their lanes; and how many bits they have.

        The first one begins in the byte at an address: the lowest three bits of `at` say where. No
        field has more than so many bits.
        """
        ends = add_up(builder, sized(builder, widths, i16))
        begins = extended(builder, builder.sub(ends, sized(builder, widths, i16)), lanes)
        begins = builder.add(begins, splat(builder, builder.and_(at, i64(BIT_IN_BYTE)), lanes))
        all_bits = builder.extract_element(ends, i32(lanes.count - 1))
        return cls.dealt(builder, address, begins), builder.zext(all_bits, i64)

    @classmethod
    def fetch_even(
        cls, builder: ir.IRBuilder, address: Any, width: Any, lanes: Any, most: int
    ) -> Any:
        """The same if all fields have the same width, and the first one begins with a byte."""
        width = splat(builder, width, lanes)
        begins = builder.mul(width, ir.Constant(lanes, list(range(lanes.count))))
        return cls.dealt(builder, address, begins)

    @staticmethod
    def dealt(builder: ir.IRBuilder, address: Any, begins: Any) -> Any:
        """The bits from those in `begins` on, in each lane, below 2^11."""
        kind = begins.type
        width = kind.element.width // 8
        byte = builder.bitcast(builder.lshr(begins, constant(kind, BYTE_SHIFT)), BYTES)
        byte = shuffle(builder, byte, byte, [place // width * width for place in range(ROW_BYTES)])
        loaded = builder.load(pointer_to(builder, address, BYTES), align=1)
        # As many bytes as a lane has and as many more, from which the bits are shifted down.
        low, high = (
            call(
                builder,
                "llvm.x86.avx512.permvar.qi.512",
                BYTES,
                loaded,
                builder.add(
                    byte, ir.Constant(BYTES, [first + k % width for k in range(ROW_BYTES)])
                ),
            )
            for first in (0, width)
        )
        low, high = builder.bitcast(low, kind), builder.bitcast(high, kind)
        name = f"llvm.fshr.v{kind.count}i{kind.element.width}"
        return call(builder, name, kind, high, low, builder.and_(begins, constant(kind, 7)))


class Avx2:
    """The fields of a quarter, less than 16 bytes, reach into a 17th if the first one is cut."""

    LEAST_BITS = 32  # of a lane that is shifted by an amount of its own
    REACH = ROW_BYTES + 1

    @staticmethod
    def short(bits: int) -> int:
        return 28

    @classmethod
    def fetch(
        cls, builder: ir.IRBuilder, address: Any, at: Any, widths: Any, lanes: Any, most: int
    ) -> tuple[Any, Any]:
        bits, count = lanes.element.width, lanes.count
        each, octets = count // QUARTERS, bits // 8
        # Bytes can count the bits of a quarter, which is a number for that: sums don't overflow.
        quarter = vector(ir.IntType(8 * each), QUARTERS)
        within = builder.bitcast(sized(builder, widths, i8), quarter)
        for step in (8 << k for k in range(each.bit_length() - 1)):
            within = builder.add(within, builder.shl(within, constant(quarter, step)))
        own = sized(builder, builder.lshr(within, constant(quarter, 8 * each - 8)), i32)
        ends = add_up(builder, own)
        first = splat(builder, builder.and_(at, i64(BIT_IN_BYTE)), own.type)
        begins = builder.add(builder.sub(ends, own), first)
        all_bits = builder.zext(builder.extract_element(ends, i32(QUARTERS - 1)), i64)
        # In bytes, one for each lane: where fields begin, from the byte where their quarter does.
        kind = vector(i8, count)
        cut = builder.bitcast(builder.and_(begins, constant(own.type, BIT_IN_BYTE)), vector(i8, 16))
        cut = shuffle(builder, cut, cut, [lane // each * 4 for lane in range(count)])
        within = builder.shl(within, constant(quarter, 8))
        within = builder.add(builder.bitcast(within, kind), cut)
        byte = builder.lshr(within, constant(kind, BYTE_SHIFT))
        shift = builder.and_(within, constant(kind, BIT_IN_BYTE))
        offsets = builder.lshr(begins, constant(own.type, BYTE_SHIFT))
        near = [
            element_pointer(
                builder,
                pointer_to(builder, address, i8),
                builder.zext(builder.extract_element(offsets, i32(k)), i64),
            )
            for k in range(QUARTERS)
        ]
        half = vector(lanes.element, count // 2)
        letter = {32: "d", 64: "q"}[bits]
        halves = []
        for first_lane, places in ((0, near[:2]), (count // 2, near[2:])):
            index = shuffle(
                builder, byte, byte, [first_lane + place // octets for place in range(32)]
            )
            down = shuffle(builder, shift, shift, list(range(first_lane, first_lane + half.count)))
            down = builder.zext(down, half)
            low = cls.dealt(builder, places, index, [place % octets for place in range(32)], half)
            field = call(builder, f"llvm.x86.avx2.psrlv.{letter}.256", half, low, down)
            if most + BIT_IN_BYTE > bits:
                # The byte behind these, from what is loaded one byte further.
                after = [element_pointer(builder, place, 1) for place in places]
                high = cls.dealt(builder, after, index, [octets - 1] * 32, half)
                up = builder.sub(constant(half, bits), down)
                high = call(builder, f"llvm.x86.avx2.psllv.{letter}.256", half, high, up)
                field = builder.or_(field, high)
            halves.append(field)
        return join(builder, halves), all_bits

    @classmethod
    def fetch_even(
        cls, builder: ir.IRBuilder, address: Any, width: Any, lanes: Any, most: int
    ) -> Any:
        # But for loads, nothing of that is in loops, which LLVM takes it out of.
        widths = splat(builder, width, vector(i8, lanes.count))
        return cls.fetch(builder, address, i64(0), widths, lanes, most)[0]

    @staticmethod
    def dealt(builder: ir.IRBuilder, places: Any, index: Any, more: list[int], half: Any) -> Any:
        """Bytes at indices of a lane, and so many more for each of its bytes, from two places."""
        row = vector(i8, QUARTER_BYTES)
        loaded = join(
            builder, [builder.load(pointer_to(builder, place, row), align=1) for place in places]
        )
        index = builder.add(index, ir.Constant(index.type, more))
        return builder.bitcast(
            call(builder, "llvm.x86.avx2.pshuf.b", index.type, loaded, index), half
        )


FIELDS: dict[str, Any] = {"avx512": Avx512, "avx2": Avx2, "avx2-loads": Avx2}
