"""Fields: numbers of a few bits each, one after the other in memory, dealt out to lanes.

Where each field of a row begins follows from the widths of those before it. So the bytes from there
on are brought to its lane by a shuffle, and the bits of the first one that belong to other fields
are shifted out: no field waits for another one.

With AVX-512, a row is a register of 64 bytes, and the fields of all of it come with one load. AVX2
shuffles bytes within the halves of a register, 16 each. There a row is 32 numbers, of which some
registers are made: half of one takes a *slice* of the row, as many numbers as fill it, whose fields
are loaded together. What there is for each number, such as its width, is in one register of bytes.
So that none of them moves to the other half, a register takes one slice from the first half of the
row, and one from the second half.

What is asked of an instruction set:

`register`: one of bytes.
`lane`: what numbers of so many bits are made in. `short`: if they are no longer than that, they
are dealt out at less expense than numbers of so many bits.
`numbers`: how many a row has. `places`: where in the row those of a register are that follow each
other.
`reach`: bytes that may be read from the one on in which the first field begins.
`fetch`: the fields of a row with anything above, as registers of lanes; and how many bits all have.
The lowest three bits of `at` say where in the byte at an address the first one begins. No field has
more than so many bits, and none has as many as a lane.
`even_numbers`, `fetch_even`: the same for fields of the same width, the first of which begins with
a byte, and which fill bytes. All registers follow each other.
`joined`: a register of numbers, of its fields and what is above them. That is in bytes for the
row, as is how many bits fields have, fewer than a lane.
"""

from typing import Any, ClassVar

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

__all__ = ["FIELDS", "extended", "lowest", "shuffle"]

BYTE_SHIFT, BIT_IN_BYTE = 3, 7

LEAST_BITS = 16  # of a lane: 8 bits cannot count those of a row, and no instruction shifts these


def shuffle(builder: ir.IRBuilder, first: Any, second: Any, order: list[int]) -> Any:
    """Elements of two vectors that follow each other."""
    return builder.shuffle_vector(first, second, ir.Constant(vector(i32, len(order)), order))


def extended(builder: ir.IRBuilder, values: Any, kind: ir.VectorType) -> Any:
    """Elements as those of another vector that has as many, and no smaller ones."""
    return values if values.type == kind else builder.zext(values, kind)


def lowest(builder: ir.IRBuilder, values: Any, width: Any) -> Any:
    """So many low bits of each lane."""
    ones = constant(values.type, (1 << values.type.element.width) - 1)
    return builder.and_(values, builder.not_(builder.shl(ones, width)))


def octets_of(lane: ir.IntType) -> int:
    """Bytes of a lane."""
    return int(lane.width) // 8


def add_up(builder: ir.IRBuilder, terms: Any, each: int) -> Any:
    """The sum of each lane and those below it, in groups: from sums of one, two, four ..."""
    count = terms.type.count
    for step in (1 << k for k in range(each.bit_length() - 1)):
        order = [count + lane - step if lane % each >= step else lane for lane in range(count)]
        below = shuffle(builder, constant(terms.type, 0), terms, order)
        terms = builder.add(terms, below)
    return terms


class Avx512:
    """Rows of 64 bytes of numbers, whose fields are fewer."""

    register: ClassVar[ir.VectorType] = vector(i8, 64)

    @staticmethod
    def lane(bits: int) -> ir.IntType:
        return ir.IntType(max(1 << (bits - 1).bit_length(), LEAST_BITS))

    @staticmethod
    def short(bits: int) -> int:
        return bits // 2

    @classmethod
    def numbers(cls, lane: ir.IntType) -> int:
        return int(cls.register.count) // octets_of(lane)

    even_numbers = numbers

    @staticmethod
    def places(lane: ir.IntType, k: int) -> list[int]:
        return [0]

    @classmethod
    def reach(cls, lane: ir.IntType) -> int:
        return int(cls.register.count)

    @classmethod
    def fetch(
        cls, builder: ir.IRBuilder, address: Any, at: Any, widths: Any, lane: ir.IntType, most: int
    ) -> tuple[list[Any], Any]:
        lanes = vector(lane, widths.type.count)
        widths = builder.zext(widths, vector(i16, lanes.count))
        ends = add_up(builder, widths, lanes.count)
        begins = extended(builder, builder.sub(ends, widths), lanes)
        begins = builder.add(begins, splat(builder, builder.and_(at, i64(BIT_IN_BYTE)), lanes))
        all_bits = builder.extract_element(ends, i32(lanes.count - 1))
        return [cls.dealt(builder, address, begins)], builder.zext(all_bits, i64)

    @classmethod
    def fetch_even(
        cls, builder: ir.IRBuilder, address: Any, width: Any, lane: ir.IntType, most: int
    ) -> list[Any]:
        lanes = vector(lane, cls.numbers(lane))
        width = splat(builder, width, lanes)
        begins = builder.mul(width, ir.Constant(lanes, list(range(lanes.count))))
        return [cls.dealt(builder, address, begins)]

    @staticmethod
    def joined(builder: ir.IRBuilder, above: Any, widths: Any, field: Any, k: int) -> Any:
        above, widths = (builder.zext(octets, field.type) for octets in (above, widths))
        return builder.or_(builder.shl(above, widths), lowest(builder, field, widths))

    @classmethod
    def dealt(cls, builder: ir.IRBuilder, address: Any, begins: Any) -> Any:
        """The bits from those in `begins` on, in each lane, below 2^11."""
        kind, row = begins.type, cls.register
        octets, places = octets_of(kind.element), range(cls.register.count)
        byte = builder.bitcast(builder.lshr(begins, constant(kind, BYTE_SHIFT)), row)
        byte = shuffle(builder, byte, byte, [place // octets * octets for place in places])
        loaded = builder.load(pointer_to(builder, address, row), align=1)
        # As many bytes as a lane has and as many more, from which the bits are shifted down.
        low, high = (
            call(
                builder,
                "llvm.x86.avx512.permvar.qi.512",
                row,
                loaded,
                builder.add(byte, ir.Constant(row, [first + k % octets for k in places])),
            )
            for first in (0, octets)
        )
        low, high = builder.bitcast(low, kind), builder.bitcast(high, kind)
        name = f"llvm.fshr.v{kind.count}i{kind.element.width}"
        shift = builder.and_(begins, constant(kind, BIT_IN_BYTE))
        return call(builder, name, kind, high, low, shift)


ROW = 32
BYTES = vector(i8, ROW)
HALF_BYTES = 16
NOTHING = 0x80  # as an index of a shuffle


def slice_of(lane: ir.IntType) -> int:
    """How many numbers half a register has."""
    return HALF_BYTES // octets_of(lane)


def as_i64(builder: ir.IRBuilder, value: Any) -> Any:
    return value if value.type == i64 else builder.zext(value, i64)


def shuffled(builder: ir.IRBuilder, values: Any, index: Any) -> Any:
    """Bytes at the indices in a register, from the same half of another one."""
    return call(builder, "llvm.x86.avx2.pshuf.b", BYTES, values, index)


def looked_up(builder: ir.IRBuilder, index: Any, table: list[int]) -> Any:
    """Bytes of a table, which has 8 or 16."""
    return shuffled(builder, ir.Constant(BYTES, table * (ROW // len(table))), index)


def laid_out(builder: ir.IRBuilder, octets: Any, lane: ir.IntType, k: int, order: list[int]) -> Any:
    """Bytes of a row, each as all bytes of a lane of register `k`, but where there is nothing."""
    firsts = range(k * slice_of(lane), (k + 1) * slice_of(lane))
    index = [number | nothing for number in firsts for nothing in order] * 2
    return shuffled(builder, octets, ir.Constant(BYTES, index))


def in_lanes(builder: ir.IRBuilder, octets: Any, lane: ir.IntType, k: int) -> Any:
    """Bytes of a row as lanes of register `k`."""
    spread = laid_out(builder, octets, lane, k, [0] + [NOTHING] * (octets_of(lane) - 1))
    return builder.bitcast(spread, vector(lane, ROW // octets_of(lane)))


def dealt(builder: ir.IRBuilder, near: list[Any], byte: Any, more: list[int], kind: Any) -> Any:
    """For each lane, bytes that are so many behind those in `byte`, from two addresses."""
    half = vector(i8, HALF_BYTES)
    loads = [builder.load(pointer_to(builder, place, half), align=1) for place in near]
    index = builder.add(byte, ir.Constant(BYTES, more * kind.count))
    return builder.bitcast(shuffled(builder, join(builder, loads), index), kind)


class Avx2:
    """Rows of 32 numbers.

    There is no instruction that shifts lanes of 16 bits by amounts of their own: they are
    multiplied by powers of two, which a shuffle looks up.
    """

    register: ClassVar[ir.VectorType] = BYTES

    lane = Avx512.lane

    @staticmethod
    def short(bits: int) -> int:
        return 28  # without the bits in tokens, they are within four bytes wherever they begin

    @staticmethod
    def numbers(lane: ir.IntType) -> int:
        return ROW

    @staticmethod
    def places(lane: ir.IntType, k: int) -> list[int]:
        return [first + k * slice_of(lane) for first in (0, ROW // 2)]

    @staticmethod
    def reach(lane: ir.IntType) -> int:
        # The fields of a slice, less than 16 bytes, reach into a 17th if the first one is cut.
        return ROW * octets_of(lane) + 1

    @classmethod
    def fetch(
        cls, builder: ir.IRBuilder, address: Any, at: Any, widths: Any, lane: ir.IntType, most: int
    ) -> tuple[list[Any], Any]:
        each = slice_of(lane)
        # Bytes can count the bits of a slice.
        slices = vector(ir.IntType(8 * each), ROW // each)
        count = slices.count // 2  # of a half
        within = add_up(builder, widths, each)
        own = builder.lshr(builder.bitcast(within, slices), constant(slices, 8 * each - 8))
        ends = add_up(builder, own, count)
        # The first half of a row comes before all slices of the second.
        before = shuffle(
            builder, ends, constant(slices, 0), [2 * count] * count + [count - 1] * count
        )
        ends = builder.add(ends, before)
        first = splat(builder, builder.and_(at, i64(BIT_IN_BYTE)), slices)
        begins = builder.add(builder.sub(ends, own), first)
        # In bytes, one for each number: where fields begin, from the byte where their slice does.
        cut = builder.bitcast(builder.and_(begins, constant(slices, BIT_IN_BYTE)), BYTES)
        cut = shuffle(builder, cut, cut, [place // each * each for place in range(ROW)])
        within = builder.add(builder.sub(within, widths), cut)
        byte = builder.lshr(within, constant(BYTES, BYTE_SHIFT))
        down = builder.and_(within, constant(BYTES, BIT_IN_BYTE))
        if lane == i16:
            down = looked_up(builder, down, [1 << BIT_IN_BYTE - bit for bit in range(8)])
        offsets = builder.lshr(begins, constant(slices, BYTE_SHIFT))
        registers = []
        for k in range(count):
            places = [builder.extract_element(offsets, i32(one)) for one in (k, count + k)]
            near = [element_pointer(builder, address, as_i64(builder, place)) for place in places]
            begin = laid_out(builder, byte, lane, k, [0] * octets_of(lane))
            shift = in_lanes(builder, down, lane, k)
            registers.append(cls.shifted(builder, near, begin, shift, most))
        all_bits = builder.extract_element(ends, i32(2 * count - 1))
        return registers, as_i64(builder, all_bits)

    @staticmethod
    def even_numbers(lane: ir.IntType) -> int:
        return 2 * ROW // octets_of(lane)

    @classmethod
    def fetch_even(
        cls, builder: ir.IRBuilder, address: Any, width: Any, lane: ir.IntType, most: int
    ) -> list[Any]:
        # LLVM takes all of that out of loops but what is done with bytes that are loaded.
        octets, each = octets_of(lane), slice_of(lane)
        kind = vector(lane, 2 * each)
        widths = splat(builder, width, kind)
        registers = []
        for number in range(0, cls.even_numbers(lane), kind.count):
            firsts = number, number + each  # of slices
            of_lane = [first for first in firsts for _ in range(each)]
            cut = builder.mul(widths, ir.Constant(kind, of_lane))
            cut = builder.and_(cut, constant(kind, BIT_IN_BYTE))
            begins = builder.mul(widths, ir.Constant(kind, [*range(each)] * 2))
            begins = builder.add(begins, cut)
            byte = builder.bitcast(builder.lshr(begins, constant(kind, BYTE_SHIFT)), BYTES)
            byte = shuffle(builder, byte, byte, [at // octets * octets for at in range(ROW)])
            down = builder.and_(begins, constant(kind, BIT_IN_BYTE))
            if lane == i16:
                down = builder.sub(constant(kind, BIT_IN_BYTE), down)
                down = builder.shl(constant(kind, 1), down)
            begins = [builder.mul(width, i64(first)) for first in firsts]
            places = [builder.lshr(begin, i64(BYTE_SHIFT)) for begin in begins]
            near = [element_pointer(builder, address, place) for place in places]
            registers.append(cls.shifted(builder, near, byte, down, most))
        return registers

    @staticmethod
    def shifted(builder: ir.IRBuilder, near: list[Any], byte: Any, down: Any, most: int) -> Any:
        """The bits in lanes that begin with bytes from two addresses, but for some, shifted down.

        For lanes of 16 bits, `down` is the power of two by which a shift by 7 is too far.
        """
        kind = down.type
        bits, octets = kind.element.width, octets_of(kind.element)
        fits = most + BIT_IN_BYTE <= bits
        # There may be one byte more than a lane has. It is in what is loaded one byte further.
        after = [element_pointer(builder, place, 1) for place in near]
        if kind.element == i16 and fits:
            low = dealt(builder, near, byte, [0, 1], kind)
            return builder.lshr(builder.mul(low, down), constant(kind, BIT_IN_BYTE))
        if kind.element == i16:
            # The first byte above nothing, and the two behind it, both shifted up by 8 less some.
            up = builder.add(down, down)
            low = dealt(builder, near, byte, [NOTHING, 0], kind)
            low = call(builder, "llvm.x86.avx2.pmulhu.w", kind, low, up)
            high = dealt(builder, after, byte, [0, 1], kind)
            return builder.or_(low, builder.mul(high, up))
        letter = {32: "d", 64: "q"}[bits]
        low = dealt(builder, near, byte, list(range(octets)), kind)
        low = call(builder, f"llvm.x86.avx2.psrlv.{letter}.256", kind, low, down)
        if fits:
            return low
        up = builder.sub(constant(kind, bits), down)
        high = dealt(builder, after, byte, [octets - 1] * octets, kind)
        high = call(builder, f"llvm.x86.avx2.psllv.{letter}.256", kind, high, up)
        return builder.or_(low, high)

    @staticmethod
    def joined(builder: ir.IRBuilder, above: Any, widths: Any, field: Any, k: int) -> Any:
        kind = field.type
        above = in_lanes(builder, above, kind.element, k)
        if kind.element != i16:
            width = in_lanes(builder, widths, kind.element, k)
            return builder.or_(builder.shl(above, width), lowest(builder, field, width))
        low, high = (
            looked_up(builder, widths, [(1 << bits) >> less & 0xFF for bits in range(16)])
            for less in (0, 8)
        )
        each = slice_of(i16)
        numbers = [first + one for first in Avx2.places(i16, k) for one in range(each)]
        order = [number + other for number in numbers for other in (0, ROW)]
        power = builder.bitcast(shuffle(builder, low, high, order), kind)
        field = builder.and_(field, builder.sub(power, constant(kind, 1)))
        return builder.or_(builder.mul(above, power), field)


FIELDS: dict[str, Any] = {"avx512": Avx512, "avx2": Avx2, "avx2-loads": Avx2}
