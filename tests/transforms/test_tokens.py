"""Numbers to tokens and raw bits: `log` and `lin` against plain integers, and what they refuse."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from instruction_sets import with_own_code

from ansflow.errors import CorruptDataError
from ansflow.kernels.vector import isa as isas
from ansflow.kernels.vector.bit_fields import FIELDS
from ansflow.transforms.bins import Bins, BinsParameters
from ansflow.transforms.layout import Layout
from ansflow.transforms.lin import Lin, LinParameters
from ansflow.transforms.log import Log
from ansflow.varints import ByteReader, pack_varint

LOG, LIN, BINS = Log(), Lin(), Bins()
WIDTHS = [1, 2, 4, 8]
# None, few, and numbers of items around blocks and groups.
SIZES = [0, 1, 2, 3, 7, 8, 9, 255, 600, 1023, 1024, 1025, 2500]


@st.composite
def numbers(draw):
    """Numbers of every size, of few sizes, and the greatest there are."""
    width = draw(st.sampled_from(WIDTHS))
    bits = 8 * width
    size = draw(st.sampled_from(SIZES))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    least = draw(st.integers(0, bits))
    shift = rng.integers(least, draw(st.integers(least, bits)) + 1, size)
    values = [int.from_bytes(rng.bytes(width), "little") >> int(s) for s in shift]
    if draw(st.booleans()):
        offset = draw(st.integers(0, (1 << bits) - 1))
        values = [min(value + offset, (1 << bits) - 1) for value in values]
    return np.array(values, f"<u{width}")


def as_items(array):
    """Bytes of an array, at an odd address, and their layout."""
    items = np.frombuffer(b"x" + array.tobytes(), np.uint8)[1:]
    return items, Layout(array.itemsize, array.shape)


def as_bytes(fields):
    """Pairs of a number and its bits, one after the other, from the least significant bit up."""
    total = at = 0
    for value, bits in fields:
        total |= value << at
        at += bits
    return total.to_bytes(-(-at // 8), "little")


def log_tokens(values):
    """Tokens, and raw bits as fields."""
    tokens, fields = [], []
    for value in values:
        if value < 16:
            tokens.append(value)
            continue
        rest = value.bit_length() - 3
        tokens.append(16 + 4 * (rest - 2) + (value >> rest) % 4)
        fields.append((value % (1 << rest), rest))
    return tokens, fields


def undo(transform, parameters, outputs, layout):
    """What the inverse makes of outputs, in a buffer at an odd address."""
    memory = np.full(layout.nbytes + 1, 0xAA, np.uint8)
    out = memory[1:]
    buffers = transform.buffers(parameters, layout, out)
    filled = list(outputs)
    for number, buffer in enumerate(buffers):
        if buffer is not None:
            buffer[:] = outputs[number]
            filled[number] = buffer
    transform.inverse(parameters, filled, layout, out)
    return out.tobytes()


def written(transform, parameters, layout):
    """Parameters as they come back from their bytes."""
    reader = ByteReader(transform.pack(parameters))
    read = transform.parse(reader, layout)
    assert not reader.rest()
    return read


def check_outputs(transform, parameters, outputs, layout):
    layouts = transform.outputs(parameters, layout)
    assert [output.nbytes for output in layouts] == [output.size for output in outputs]
    assert all(output.dtype == np.uint8 and output.flags.c_contiguous for output in outputs)


def each_way():
    """On vectors, if there are any, and without."""
    with pytest.MonkeyPatch.context() as patch:
        for isa in (isas.SCALAR, *with_own_code(FIELDS)):
            patch.setattr(isas, "chosen_isa", lambda isa=isa: isa)
            yield


def every_way(transform, parameters, outputs, layout):
    """What the inverse makes of them each way."""
    for _ in each_way():
        yield undo(transform, parameters, outputs, layout)


@given(numbers())
def test_log(array):
    items, layout = as_items(array)
    parameters, outputs = LOG.forward(items, layout)
    tokens, fields = log_tokens(array.tolist())
    assert outputs[0].tolist() == tokens
    assert outputs[1].tobytes() == as_bytes(fields)
    check_outputs(LOG, parameters, outputs, layout)
    assert written(LOG, parameters, layout) == parameters
    for content in every_way(LOG, parameters, outputs, layout):
        assert content == array.tobytes()


@pytest.mark.parametrize("width", WIDTHS)
def test_blocks_of_numbers_up_to_any_size(width):
    """A block of numbers that all have so many bits, and one of numbers that have no more."""
    rng = np.random.default_rng(width)
    for bits in range(1, 8 * width + 1):
        some = [int.from_bytes(rng.bytes(8), "little") >> 64 - bits for _ in range(1024)]
        values = [number | 1 << bits - 1 for number in some] + some
        array = np.array(values, f"<u{width}")
        items, layout = as_items(array)
        parameters, outputs = LOG.forward(items, layout)
        tokens, fields = log_tokens(values)
        assert outputs[0].tolist() == tokens
        assert outputs[1].tobytes() == as_bytes(fields)
        for content in every_way(LOG, parameters, outputs, layout):
            assert content == array.tobytes()


@given(numbers(), st.integers(4, 16))
def test_lin(array, bits):
    items, layout = as_items(array)
    most = 1 << bits
    parameters, outputs = LIN.forward(items, layout, most)
    for _ in each_way():
        again, same = LIN.forward(items, layout, most)
        assert again == parameters
        assert [output.tobytes() for output in same] == [output.tobytes() for output in outputs]
    base, shift, width = parameters
    total = 1 << (8 * array.itemsize)
    above = [(value - base) % total for value in array.tolist()]
    top = max(above, default=0)
    assert min(above, default=0) == 0
    # The range is unsigned or in two's complement, whichever is shorter.
    signed = [value - total if value >= total // 2 else value for value in array.tolist()]
    spans = [max(values, default=0) - min(values, default=0) for values in (signed, array.tolist())]
    assert top == min(spans)
    assert top >> shift < most
    assert shift == 0 or top >> (shift - 1) >= most
    assert width == (1 if top >> shift < 256 else 2)
    assert outputs[0].view(f"<u{width}").tolist() == [value >> shift for value in above]
    assert outputs[1].tobytes() == as_bytes((value % (1 << shift), shift) for value in above)
    check_outputs(LIN, parameters, outputs, layout)
    assert written(LIN, parameters, layout) == parameters
    for content in every_way(LIN, parameters, outputs, layout):
        assert content == array.tobytes()


@given(numbers())
def test_bins(array):
    items, layout = as_items(array)
    parameters, outputs = BINS.forward(items, layout)
    begins = [begin for begin, _ in parameters.bins]
    assert begins == sorted(set(begins))
    of = [max(k for k, begin in enumerate(begins) if begin <= value) for value in array.tolist()]
    assert set(of) == set(range(len(begins))) or not array.size
    assert outputs[0].tolist() == of
    away = [(value - begins[k], k) for value, k in zip(array.tolist(), of, strict=True)]
    for k, (_, bits) in enumerate(parameters.bins):
        assert bits == max((value.bit_length() for value, j in away if j == k), default=0)
    assert outputs[1].tobytes() == as_bytes((value, parameters.bins[k][1]) for value, k in away)
    check_outputs(BINS, parameters, outputs, layout)
    assert written(BINS, parameters, layout) == parameters
    for content in every_way(BINS, parameters, outputs, layout):
        assert content == array.tobytes()


@pytest.mark.parametrize("width", WIDTHS[1:])
def test_bins_suit_numbers(width):
    """Frequent numbers have bins of their own, and ranges as many raw bits as they are wide."""
    rng, top = np.random.default_rng(3), np.array([(1 << 8 * width) - 1], f"<u{width}")
    low = np.concatenate([np.full(9000, 80), rng.integers(32, 64, 20_000), [7]]).astype(top.dtype)
    high = top - rng.integers(7232, 40_000, 20_000).astype(top.dtype)
    array = np.concatenate([low, high, top])
    rng.shuffle(array)
    parameters, outputs = BINS.forward(*as_items(array))
    bins = dict(parameters.bins)
    assert bins[80] == 0
    assert len(bins) < 30
    # 5 raw bits for those of one range, 15 for those of the other, and more for a few in none.
    assert outputs[1].size <= 1.01 * (5 + 15) * 20_000 / 8


def test_many_numbers_that_are_frequent():
    """More of them than there may be bins, each far from the others."""
    values = np.arange(300, dtype="<u8") ** 3
    array = np.random.default_rng(4).permutation(np.tile(values, 40))
    parameters, outputs = BINS.forward(*as_items(array))
    assert len(parameters.bins) <= 256
    assert undo(BINS, parameters, outputs, Layout(8, array.shape)) == array.tobytes()


@pytest.mark.parametrize(
    "settings", [(), (15,), (17,), (8,), (1 << 17,), (256.5,), ("x",), (16, 16)]
)
def test_settings_that_lin_refuses(settings):
    with pytest.raises(ValueError, match="greatest number of tokens"):
        LIN.check(*settings)


@pytest.mark.parametrize("transform", [LOG, BINS])
def test_log_and_bins_take_no_settings(transform):
    transform.check()
    with pytest.raises(ValueError, match="no settings"):
        transform.check(1)


@pytest.mark.parametrize("transform", [LOG, LIN, BINS])
def test_items_that_are_no_numbers(transform):
    accepted = [size for size in range(1, 65) if transform.accepts(Layout(size, (5,)))]
    assert accepted == WIDTHS


@pytest.mark.parametrize("width", WIDTHS)
def test_parameters_that_log_refuses(width):
    layout = Layout(width, (10,))
    with pytest.raises(CorruptDataError, match="raw bits of 10 numbers"):
        LOG.parse(ByteReader(pack_varint(layout.nbytes + 1)), layout)


@pytest.mark.parametrize(
    ("width", "parameters", "complaint"),
    [
        (1, (256, 0, 1), "base"),
        (2, (65536, 0, 1), "base"),
        (4, (1 << 32, 0, 1), "base"),
        (1, (0, 8, 1), "raw bits"),
        (8, (0, 64, 1), "raw bits"),
        (8, (0, 255, 1), "raw bits"),
        (1, (0, 0, 2), "none larger"),
        (2, (0, 0, 0), "tokens of"),
        (8, (0, 0, 3), "tokens of"),
    ],
)
def test_parameters_that_lin_refuses(width, parameters, complaint):
    layout = Layout(width, (10,))
    with pytest.raises(CorruptDataError, match=complaint):
        written(LIN, LinParameters(*parameters), layout)


@pytest.mark.parametrize(
    ("width", "bins", "complaint"),
    [
        (1, [(256, 0)], "begins with 256"),
        (4, [(2**32, 0)], "begins with"),
        (2, [(9, 0), (9, 1)], "two bins begin with 9"),
        (1, [(0, 8)], "raw bits"),
        (8, [(0, 64)], "raw bits"),
    ],
)
def test_bins_that_are_refused(width, bins, complaint):
    layout = Layout(width, (10,))
    with pytest.raises(CorruptDataError, match=complaint):
        written(BINS, BinsParameters(tuple(bins), 0), layout)
    with pytest.raises(CorruptDataError, match="raw bits of 10 numbers"):
        written(BINS, BinsParameters(((0, 0),), layout.nbytes + 1), layout)


@pytest.mark.parametrize("width", WIDTHS)
def test_raw_bits_of_another_number(width):
    layout = Layout(width, (300,))
    for size in (0, 30, layout.nbytes):
        bins = BinsParameters(((0, 0), (2, 7)), size)
        tokens = np.arange(300, dtype=np.uint8) % 2
        if size != 150 * 7 // 8 + 1:
            with pytest.raises(CorruptDataError, match="raw bits"):
                undo(BINS, bins, [tokens, np.zeros(size, np.uint8)], layout)
        with pytest.raises(CorruptDataError, match="raw bits"):
            undo(LOG, size, [np.full(300, 20, np.uint8), np.zeros(size, np.uint8)], layout)


@pytest.mark.parametrize("width", WIDTHS)
def test_tokens_that_name_no_number(width):
    """They give an error, or, linear ones, any items."""
    layout, rng = Layout(width, (700,)), np.random.default_rng(width)
    for greatest in (16, 60, 256):
        tokens = rng.integers(0, greatest, 700).astype(np.uint8)
        bits = sum(token // 4 - 2 for token in tokens.tolist() if token >= 16)
        raw = rng.integers(0, 256, -(-bits // 8)).astype(np.uint8)
        if tokens.max() < 32 * width:
            assert len({*every_way(LOG, raw.size, [tokens, raw], layout)}) == 1
        else:
            for _ in each_way():
                with pytest.raises(CorruptDataError, match=f"more than {8 * width} bits"):
                    undo(LOG, raw.size, [tokens, raw], layout)
        for shift in {0, 3, 8 * width - 1}:
            raw = rng.integers(0, 256, -(-700 * shift // 8)).astype(np.uint8)
            parameters = LinParameters((1 << 8 * width) - 1, shift, 1)
            assert len({*every_way(LIN, parameters, [tokens, raw], layout)}) == 1
