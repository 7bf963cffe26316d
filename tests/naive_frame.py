"""The oracle: whole frames in plain Python integers, as FORMAT.md says and nothing else.

`read` takes a frame apart and checks it; `write_header`, `write_block`, `write_table` and
`write_stream` put one together, also one that no encoder would write.
"""

import json
from itertools import accumulate, repeat
from typing import NamedTuple

import xxhash

STORED, CONSTANT, CODED, CONTEXTS = range(4)
BYTES, ARRAY = range(2)


class Block(NamedTuple):
    """A block as it stands in the frame."""

    kind: int
    lanes_log2: int
    precision: int
    content: bytes
    payload: bytes


class Frame(NamedTuple):
    """Everything a frame says."""

    fortran: bool
    kind: int
    planes: int
    block_size: int
    description: dict | None
    content: bytes
    blocks: list


def number(data, size):
    """The unsigned little-endian integer in `data`, which has `size` bytes."""
    assert len(data) == size
    return sum(byte << 8 * i for i, byte in enumerate(data))


def read(frame):
    """The `Frame` in the bytes `frame`; fails if they aren't one."""
    assert frame[:4] == bytes([0x89, 0x41, 0x4E, 0x53])
    version, flags, kind, planes = frame[4:8]
    assert version == 1
    assert flags in (0, 1)
    assert kind in (BYTES, ARRAY)
    size, block_size = number(frame[8:16], 8), number(frame[16:20], 4)
    described = number(frame[20:24], 4)
    end = 24 + described
    assert number(frame[end : end + 8], 8) == xxhash.xxh3_64_intdigest(frame[:end])
    assert 1 <= planes <= 64
    assert size % planes == 0
    assert 1 <= block_size <= 2**24
    assert described <= 2**16
    if kind == BYTES:
        assert (flags, planes, described) == (0, 1, 0)
    description = json.loads(frame[24:end].decode("utf-8")) if kind == ARRAY else None
    content, blocks, at = bytearray(size), [], end + 8
    for begin in range(0, size, block_size * planes):
        stop = min(begin + block_size * planes, size)
        for plane in range(planes):
            block, at = read_block(frame, at, len(blocks))
            content[begin + plane : stop : planes] = block.content  # fails if the sizes differ
            blocks.append(block)
    assert at == len(frame)
    return Frame(bool(flags), kind, planes, block_size, description, bytes(content), blocks)


def read_block(frame, at, place):
    """The `Block` at byte `at`, the `place`-th of the frame, and where it ends."""
    kind, lanes_log2, p, reserved = frame[at : at + 4]
    n, m = number(frame[at + 4 : at + 8], 4), number(frame[at + 8 : at + 12], 4)
    payload = frame[at + 20 : at + 20 + m]
    assert len(payload) == m
    assert reserved == 0
    if kind == CODED:
        assert lanes_log2 <= 6
        assert 8 <= p <= 16
        freq, used = read_table(payload, p)
        content = read_stream(payload[used:], n, freq, p, 2**lanes_log2)
    elif kind == CONTEXTS:
        assert lanes_log2 <= 6
        assert 8 <= p <= 12
        rows, used = read_contexts(payload, p)
        content = read_stream_with_contexts(payload[used:], n, rows, p, 2**lanes_log2)
    else:
        assert (lanes_log2, p) == (0, 0)
        assert m == (n if kind == STORED else 1)
        content = payload if kind == STORED else payload * n
    assert number(frame[at + 12 : at + 20], 8) == xxhash.xxh3_64_intdigest(content, seed=place)
    return Block(kind, lanes_log2, p, content, payload), at + 20 + m


def order(mean, previous):
    """k: floor(log2(x)) is one less than the bits of x."""
    return 0 if previous == 0 or mean < 4 else (mean // 4).bit_length() - 1


def read_table(payload, p):
    """The 256 frequencies, and how many bytes they take."""
    bits = [byte >> i & 1 for byte in payload for i in range(8)]
    at, left, mean, previous, freq = 0, 2**p, 0, 0, [0] * 256
    for value in range(256):
        if left == 0:
            break
        k = order(mean, previous)
        zeros = 0
        while not bits[at]:
            zeros, at = zeros + 1, at + 1
        u = 0
        for _ in range(zeros + k + 1):
            u, at = 2 * u + bits[at], at + 1
        freq[value] = previous = u - 2**k
        mean += previous - mean // 4
        left -= previous
    assert left == 0
    used = -(-at // 8)
    assert not any(bits[at : 8 * used])
    return freq, used


def write_table(freq, p):
    """Undo `read_table`."""
    text, left, mean, previous = "", 2**p, 0, 0
    for f in freq:
        if left == 0:
            break
        k = order(mean, previous)
        digits = f"{f + 2**k:b}"
        text += "0" * (len(digits) - 1 - k) + digits
        mean, previous, left = mean + f - mean // 4, f, left - f
    return bytes(int(text[i : i + 8][::-1], 2) for i in range(0, len(text), 8))


class Bits:
    """Bits of bytes, from the least significant one up."""

    def __init__(self, data):
        self.bits, self.at = [byte >> i & 1 for byte in data for i in range(8)], 0

    def take(self, count):
        self.at += count
        assert self.at <= len(self.bits)
        return sum(bit << i for i, bit in enumerate(self.bits[self.at - count : self.at]))


def read_number(bits, mean):
    """A number coded with a mean, and the mean that follows."""
    k = 0 if mean < 4 else (mean // 4).bit_length() - 1
    b = k
    while not bits.take(1):
        b += 1
    v = 2**b + bits.take(b) - 2**k
    return v, mean + v - mean // 4


def read_contexts(payload, p):
    """The row of frequencies of each used context, and how many bytes they take."""
    bits = Bits(payload)
    used = [value for value in range(256) if bits.take(1)]
    rows = {}
    for c in used:
        level = bits.take(4)
        assert level <= p
        row, units, left, gap_mean, mean = [0] * 256, [], 2**level, 0, 0
        values = iter(used)
        while left:
            gap, gap_mean = read_number(bits, gap_mean)
            for _ in range(gap):
                next(values)
            f = 1
            if left > 1:
                v, mean = read_number(bits, mean)
                f += v
            units.append(f)
            row[next(values)] = f * 2 ** (p - level)
            left -= f
            assert left >= 0
        assert any(f % 2 for f in units)
        rows[c] = row
    assert 0 in rows
    assert all(s in rows for row in rows.values() for s in range(256) if row[s])
    size = -(-bits.at // 8)
    assert not any(bits.bits[bits.at : 8 * size])
    return rows, size


def read_stream_with_contexts(stream, n, rows, p, lanes):
    """The n bytes of content."""
    words = [number(stream[i : i + 2], 2) for i in range(0, len(stream), 2)]
    states = [words[2 * lane] + words[2 * lane + 1] * 2**16 for lane in range(lanes)]
    assert all(2**15 <= x < 2**31 for x in states)
    words = iter(words[2 * lanes :])
    segments = [bytearray() for _ in range(lanes)]
    for i in range(n):
        lane = i % lanes
        x, segment = states[lane], segments[lane]
        row = rows[segment[-1] if segment else 0]
        slot = x % 2**p
        value = next(s for s in range(256) if slot < sum(row[: s + 1]))
        x = row[value] * (x // 2**p) + slot - sum(row[:value])
        if x < 2**15:
            x = x * 2**16 + next(words)
        states[lane] = x
        segment.append(value)
    assert next(words, None) is None
    assert states == [2**15] * lanes
    return b"".join(segments)


def low(p):
    """L: states lie in [L, 2^16 L)."""
    return 2**15 if p <= 12 else 2**16


def read_stream(stream, n, freq, p, lanes):
    """The n bytes of content."""
    assert len(stream) % 2 == 0
    words = [number(stream[i : i + 2], 2) for i in range(0, len(stream), 2)]
    states = [words[2 * lane] + words[2 * lane + 1] * 2**16 for lane in range(lanes)]
    assert all(low(p) <= x < 2**16 * low(p) for x in states)
    words = iter(words[2 * lanes :])
    starts = [0, *accumulate(freq)]
    owner = [value for value, f in enumerate(freq) for _ in repeat(None, f)]
    content = bytearray()
    for i in range(n):
        x = states[i % lanes]
        slot = x % 2**p
        value = owner[slot]
        x = freq[value] * (x // 2**p) + slot - starts[value]
        if x < low(p):
            x = x * 2**16 + next(words)
        states[i % lanes] = x
        content.append(value)
    assert next(words, None) is None
    assert states == [low(p)] * lanes
    return bytes(content)


def write_stream(content, freq, p, lanes):
    """Undo `read_stream`."""
    states, words, starts = [low(p)] * lanes, [], [0, *accumulate(freq)]
    for i in reversed(range(len(content))):
        x, f, c = states[i % lanes], freq[content[i]], starts[content[i]]
        if x >= f * 2 ** (16 - p) * low(p):
            words.insert(0, x % 2**16)
            x //= 2**16
        states[i % lanes] = x // f * 2**p + c + x % f
    halves = [half for x in states for half in (x % 2**16, x // 2**16)]
    return b"".join(word.to_bytes(2, "little") for word in halves + words)


def write_block(kind, n, payload, check, lanes_log2=0, p=0, reserved=0, m=None):
    """A block as it is told."""
    sizes = n.to_bytes(4, "little") + (len(payload) if m is None else m).to_bytes(4, "little")
    return bytes([kind, lanes_log2, p, reserved]) + sizes + check.to_bytes(8, "little") + payload


def write_header(
    kind=BYTES, size=0, block_size=2**18, planes=1, description=b"", version=1, flags=0
):
    """A header as it is told, with the right check."""
    sizes = size.to_bytes(8, "little") + block_size.to_bytes(4, "little")
    head = b"\x89ANS" + bytes([version, flags, kind, planes]) + sizes
    head += len(description).to_bytes(4, "little") + description
    return head + xxhash.xxh3_64_intdigest(head).to_bytes(8, "little")
