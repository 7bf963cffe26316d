"""Fields: numbers of a few bits each, one after the other in memory, dealt out to lanes.

Where each field of a row begins follows from the widths of those before it. So the bytes from there
on are brought to its lane by a shuffle, and the bits of the first one that belong to other fields
are shifted out: no field waits for another one.

With AVX-512, a row is a register of 64 bytes, and the fields of all of it come with one load. AVX2
has shuffles within the halves of a register, 16 bytes each. Here a row is 32 numbers, of which some
registers are made: a half of one takes a *slice* of the row, as many numbers as fill it, whose
fields are loaded together. What is there for each number, such as its width, is in a register of
bytes. So that nothing moves between halves, a register takes one slice from the first half of the
row, and one from the second half.

Both have the same operations:

`fetch`: the fields of a row with anything above, as registers of lanes; and how many bits these
are. The first one begins in the byte at an address: the lowest three bits of `at` say where. No
field has more than so many bits.
`fetch_even`: the same if all fields have the same width, and the first one begins with a byte; of
another row, whose registers follow each other.
`joined`: a register of numbers, from its fields, and from bytes for all numbers of the row: what is
above the fields, and how many bits these have.
`places`: where in the row the numbers of a register are that follow each other.
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

__all__ = ["FIELDS", "extended", "lowest", "shuffle"]

BYTE_SHIFT, BIT_IN_BYTE = 3, 7


def shuffle(builder: ir.IRBuilder, first: Any, second: Any, order: list[int]) -> Any:
    """Elements of two vectors that follow each other."""
    return builder.shuffle_vector(first, second, ir.Constant(vector(i32, len(order)), order))


def extended(builder: ir.IRBuilder, values: Any, kind: ir.VectorType) -> Any:
    """Elements as those of another vector that has as many, and no smaller ones."""
    return values if values.type == kind else builder.zext(values, kind)


def octets_of(lane: ir.IntType) -> int:
    """Bytes of a lane."""
    return int(lane.width) // 8


def add_up(builder: ir.IRBuilder, terms: Any, each: int) -> Any:
    """Of so many lanes each, the sum of each and those below it: from sums of one, two, four ..."""
    count = terms.type.count
    for step in (1 << k for k in range(each.bit_length() - 1)):
        order = [count + lane - step if lane % each >= step else lane for lane in range(count)]
        below = shuffle(builder, constant(terms.type, 0), terms, order)
        terms = builder.add(terms, below)
    return terms


def lowest(builder: ir.IRBuilder, values: Any, width: Any) -> Any:
    """So many low bits of each lane."""
    ones = constant(values.type, (1 << values.type.element.width) - 1)
    return builder.and_(values, builder.not_(builder.shl(ones, width)))


REGISTER_BYTES = 64
REGISTER = vector(i8, REGISTER_BYTES)


class Avx512:
    """Rows of 64 bytes of numbers, whose fields are fewer."""

    LEAST_BITS = 16  # of a lane: 8 bits cannot count those of a row

    @staticmethod
    def numbers(lane: ir.IntType) -> int:
        """How many a row has, in such lanes."""
        return REGISTER_BYTES // octets_of(lane)

    @staticmethod
    def short(bits: int) -> int:
        """Numbers of so many bits are dealt out at less expense."""
        return bits // 2

    @staticmethod
    def reach(lane: ir.IntType) -> int:
        """Bytes that may be read from the one on in which the first field begins."""
        return REGISTER_BYTES

    @staticmethod
    def places(lane: ir.IntType, k: int) -> list[int]:
        return [0]

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
    def even_numbers(cls, lane: ir.IntType) -> int:
        """The same for `fetch_even`: as many as fill bytes, whatever their width."""
        return cls.numbers(lane)

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

    @staticmethod
    def dealt(builder: ir.IRBuilder, address: Any, begins: Any) -> Any:
        """The bits from those in `begins` on, in each lane, below 2^11."""
        kind = begins.type
        width = kind.element.width // 8
        byte = builder.bitcast(builder.lshr(begins, constant(kind, BYTE_SHIFT)), REGISTER)
        byte = shuffle(
            builder, byte, byte, [place // width * width for place in range(REGISTER_BYTES)]
        )
        loaded = builder.load(pointer_to(builder, address, REGISTER), align=1)
        # As many bytes as a lane has and as many more, from which the bits are shifted down.
        low, high = (
            call(
                builder,
                "llvm.x86.avx512.permvar.qi.512",
                REGISTER,
                loaded,
                builder.add(
                    byte, ir.Constant(REGISTER, [first + k % width for k in range(REGISTER_BYTES)])
                ),
            )
            for first in (0, width)
        )
        low, high = builder.bitcast(low, kind), builder.bitcast(high, kind)
        name = f"llvm.fshr.v{kind.count}i{kind.element.width}"
        return call(builder, name, kind, high, low, builder.and_(begins, constant(kind, 7)))


ROW = 32
BYTES = vector(i8, ROW)
HALF_BYTES = 16
NOTHING = 0x80  # as an index of a shuffle of bytes


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


def in_lanes(builder: ir.IRBuilder, numbers: Any, lane: ir.IntType, k: int) -> Any:
    """Bytes of a row as lanes of register `k`."""
    spread = laid_out(builder, numbers, lane, k, [0] + [NOTHING] * (octets_of(lane) - 1))
    return builder.bitcast(spread, vector(lane, ROW // octets_of(lane)))


def laid_out(
    builder: ir.IRBuilder, numbers: Any, lane: ir.IntType, k: int, order: list[int]
) -> Any:
    """Bytes of a row, each as all bytes of a lane of register `k`, but where there is nothing."""
    firsts = range(k * slice_of(lane), (k + 1) * slice_of(lane))
    index = [number | nothing for number in firsts for nothing in order] * 2
    return shuffled(builder, numbers, ir.Constant(BYTES, index))


def dealt(builder: ir.IRBuilder, near: list[Any], byte: Any, more: list[int], kind: Any) -> Any:
    """For each lane, bytes that are so many behind those in `byte`, from two addresses."""
    half = vector(i8, HALF_BYTES)
    loads = [builder.load(pointer_to(builder, place, half), align=1) for place in near]
    index = builder.add(byte, ir.Constant(BYTES, more * kind.count))
    return builder.bitcast(shuffled(builder, join(builder, loads), index), kind)


class Avx2:
    """Rows of 32 numbers.

    There is no instruction that shifts lanes of 16 bits by amounts of their own: they are
    multiplied by powers of two, which are looked up by a shuffle.
    """

    LEAST_BITS = 16

    @staticmethod
    def numbers(lane: ir.IntType) -> int:
        return ROW

    @staticmethod
    def short(bits: int) -> int:
        return 28

    @staticmethod
    def reach(lane: ir.IntType) -> int:
        # The fields of a slice, less than 16 bytes, reach into a 17th if the first one is cut.
        return ROW * octets_of(lane) + 1

    @staticmethod
    def places(lane: ir.IntType, k: int) -> list[int]:
        each = slice_of(lane)
        return [k * each, ROW // 2 + k * each]

    @classmethod
    def fetch(
        cls, builder: ir.IRBuilder, address: Any, at: Any, widths: Any, lane: Any, most: int
    ) -> tuple[list[Any], Any]:
        each = slice_of(lane)
        # Bytes can count the bits of a slice.
        slices = vector(ir.IntType(8 * each), ROW // each)
        within = add_up(builder, widths, each)
        own = builder.lshr(builder.bitcast(within, slices), constant(slices, 8 * each - 8))
        ends = add_up(builder, own, slices.count // 2)
        # The first half of a row comes before all slices of the second.
        order = [slices.count] * (slices.count // 2) + [slices.count // 2 - 1] * (slices.count // 2)
        ends = builder.add(ends, shuffle(builder, ends, constant(slices, 0), order))
        first = splat(builder, builder.and_(at, i64(BIT_IN_BYTE)), slices)
        begins = builder.add(builder.sub(ends, own), first)
        all_bits = builder.extract_element(ends, i32(slices.count - 1))
        # In bytes, one for each number: where fields begin, from the byte where their slice does.
        cut = builder.and_(begins, constant(slices, BIT_IN_BYTE))
        cut = builder.bitcast(cut, BYTES)
        cut = shuffle(builder, cut, cut, [place // each * each for place in range(ROW)])
        within = builder.add(builder.sub(within, widths), cut)
        byte = builder.lshr(within, constant(BYTES, BYTE_SHIFT))
        down = builder.and_(within, constant(BYTES, BIT_IN_BYTE))
        if lane == i16:
            down = looked_up(builder, down, [1 << BIT_IN_BYTE - bit for bit in range(8)])
        offsets = builder.lshr(begins, constant(slices, BYTE_SHIFT))
        registers = []
        for k in range(slices.count // 2):
            places = (builder.extract_element(offsets, i32(s)) for s in (k, slices.count // 2 + k))
            near = [element_pointer(builder, address, as_i64(builder, place)) for place in places]
            begin = laid_out(builder, byte, lane, k, [0] * octets_of(lane))
            shift = in_lanes(builder, down, lane, k)
            registers.append(cls.shifted(builder, near, begin, shift, most))
        return registers, as_i64(builder, all_bits)

    @staticmethod
    def shifted(builder: ir.IRBuilder, near: list[Any], byte: Any, down: Any, most: int) -> Any:
        """The bits in lanes that begin with a byte at two addresses, less some, without these."""
        kind = down.type
        bits, octets = kind.element.width, octets_of(kind.element)
        # Of a field that is cut, more bytes than a lane has, from what is loaded one byte further.
        after = [element_pointer(builder, place, 1) for place in near]
        fits = most + BIT_IN_BYTE <= bits
        if kind.element == i16 and fits:
            low = dealt(builder, near, byte, [0, 1], kind)
            return builder.lshr(builder.mul(low, down), constant(kind, BIT_IN_BYTE))
        if kind.element == i16:
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
    def even_numbers(lane: ir.IntType) -> int:
        return 2 * ROW // octets_of(lane)  # two registers

    @classmethod
    def fetch_even(
        cls, builder: ir.IRBuilder, address: Any, width: Any, lane: ir.IntType, most: int
    ) -> list[Any]:
        # LLVM takes all of that out of loops but what is done with bytes that are loaded.
        octets, each = octets_of(lane), slice_of(lane)
        kind = vector(lane, 2 * each)
        widths = splat(builder, width, kind)
        registers = []
        for first in range(0, cls.even_numbers(lane), kind.count):
            firsts = first, first + each  # of two slices
            cut = builder.mul(
                widths, ir.Constant(kind, [one for one in firsts for _ in range(each)])
            )
            cut = builder.and_(cut, constant(kind, BIT_IN_BYTE))
            begins = builder.mul(widths, ir.Constant(kind, [*range(each)] * 2))
            begins = builder.add(begins, cut)
            byte = builder.bitcast(builder.lshr(begins, constant(kind, BYTE_SHIFT)), BYTES)
            byte = shuffle(builder, byte, byte, [at // octets * octets for at in range(ROW)])
            down = builder.and_(begins, constant(kind, BIT_IN_BYTE))
            if lane == i16:
                down = builder.sub(constant(kind, BIT_IN_BYTE), down)
                down = builder.shl(constant(kind, 1), down)
            near = [
                element_pointer(
                    builder, address, builder.lshr(builder.mul(width, i64(one)), i64(BYTE_SHIFT))
                )
                for one in firsts
            ]
            registers.append(cls.shifted(builder, near, byte, down, most))
        return registers

    @staticmethod
    def joined(builder: ir.IRBuilder, above: Any, widths: Any, field: Any, k: int) -> Any:
        lane = field.type.element
        above = in_lanes(builder, above, lane, k)
        if lane != i16:
            width = in_lanes(builder, widths, lane, k)
            return builder.or_(builder.shl(above, width), lowest(builder, field, width))
        low, high = (
            looked_up(builder, widths, [(1 << bits) >> down & 0xFF for bits in range(16)])
            for down in (0, 8)
        )
        order = [
            byte for half in (0, 16) for place in range(8) for byte in (half + 8 * k + place,) * 2
        ]
        order = [byte + ROW * (number % 2) for number, byte in enumerate(order)]
        power = builder.bitcast(shuffle(builder, low, high, order), field.type)
        field = builder.and_(field, builder.sub(power, constant(field.type, 1)))
        return builder.or_(builder.mul(above, power), field)


FIELDS: dict[str, Any] = {"avx512": Avx512, "avx2": Avx2, "avx2-loads": Avx2}
