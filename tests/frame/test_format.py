"""Frames are what FORMAT.md says: a decoder written from it alone reads them."""

import struct

import naive
import naive_frame
import numpy as np
import pytest
from hypothesis import given, strategies as st

import ansflow
from ansflow.frame import layout


@st.composite
def contents(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    size = draw(st.sampled_from([0, 1, 2, 100, 1023, 2500, 4100]))
    kind = draw(st.sampled_from(["noise", "few", "geometric", "constant"]))
    data = {
        "noise": lambda: rng.integers(0, 256, size),
        "few": lambda: rng.integers(100, 103, size),
        "geometric": lambda: rng.geometric(0.3, size) % 256,
        "constant": lambda: np.full(size, 7),
    }[kind]()
    return data.astype(np.uint8)


@given(
    contents(),
    st.sampled_from([1, 1000, 4096]),
    st.integers(8, 16),
    st.sampled_from([1, 2, 4, 64]),
)
def test_bytes(content, block_size, precision, lanes):
    if block_size == 1:
        content = content[:200]
    frame = ansflow.compress(
        content.tobytes(), block_size=block_size, precision=precision, lanes=lanes
    )
    assert naive_frame.read_frame(frame) == content.tobytes()
    assert ansflow.decompress(frame) == content.tobytes()


@pytest.mark.parametrize("dtype", ["<i4", ">u2", "<f8", "<c16", "|b1"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays(dtype, order):
    array = np.asarray(np.arange(600).reshape(20, 30) ** 2 % 1000, dtype, order=order)
    frame = ansflow.compress(array, block_size=200)
    back = naive_frame.read_frame(frame)
    assert back.dtype == array.dtype
    assert np.array_equal(back, array)
    assert back.flags.f_contiguous == array.flags.f_contiguous


def test_lanes_up_to_64_are_used():
    content = np.random.default_rng(0).geometric(0.3, 1 << 16).astype(np.uint8)
    frame = ansflow.compress(content.tobytes(), lanes=64)
    assert frame[layout.HEADER.size + layout.CHECK.size + 1] == 6
    assert ansflow.decompress(frame) == content.tobytes()


def test_a_block_written_from_the_document_is_read():
    # Three symbols at 8 bits: frequencies 0 (64 times), 128, 96, 32; two lanes.
    freq = [0] * 64 + [128, 96, 32] + [0] * 189
    content = bytes(64 + i * i % 3 for i in range(500))
    states, words = naive.encode(content, [naive.Intervals(freq)] * 500, 8, 2, 1 << 15, 16)
    bits = [1] * 64  # order 0, u = 1
    for f, k in ((128, 0), (96, 5), (32, 5)):
        u = f + (1 << k)
        b = u.bit_length() - 1
        bits += [0] * (b - k) + [u >> i & 1 for i in reversed(range(b + 1))]
    bits += [0] * (-len(bits) % 8)
    table = bytes(
        sum(bit << i for i, bit in enumerate(bits[at : at + 8])) for at in range(0, len(bits), 8)
    )
    stream = struct.pack(f"<{4 + len(words)}H", *naive.split(states, 2), *words)
    real = ansflow.compress(content, precision=8, lanes=2, block_size=500)
    at = layout.HEADER.size + layout.CHECK.size
    payload = table + stream
    head = struct.pack("<BBBBII", 2, 1, 8, 0, 500, len(payload))
    frame = real[:at] + head + real[at + 12 : at + 20] + payload
    assert ansflow.decompress(frame) == content
    assert naive_frame.read_frame(frame) == content


def test_every_field_fits_its_width():
    assert layout.HEADER.size == 24
    assert layout.BLOCK.size == 20
    assert layout.MAX_BLOCK_SIZE < 1 << 32
    assert layout.MAX_DESCRIPTION < 1 << 32
    assert layout.MAX_PLANES < 1 << 8
    assert 1 << layout.MAX_LANES_LOG2 == 64
