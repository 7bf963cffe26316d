"""The oracle's trained codecs, in plain Python integers, as FORMAT.md says."""

from itertools import accumulate
from typing import NamedTuple

import xxhash
from naive_payload import number, read_table, read_varint, write_table, write_varint

P = 12
L = 2**15


class Codec(NamedTuple):
    """Tables by context: b"", one byte, or two in the order of the content."""

    escape: int
    rows: dict
    has_check: bool = True

    def chain(self, before):
        """The contexts of the rows that may code a byte, from the longest; None for the root."""
        before = (bytes(2) + before)[-2:]
        return [c for c in (before, before[1:], b"") if c in self.rows] + [None]

    def frequencies(self, context):
        return [16] * 256 if context is None else self.rows[context]

    def coding(self, before, byte):
        """What is coded for a byte: pairs of frequencies and symbol."""
        pairs = []
        for context in self.chain(before):
            freq = self.frequencies(context)
            if context is None or (freq[byte] and byte != self.escape):
                return [*pairs, (freq, byte)]
            pairs.append((freq, self.escape))

    def last_state(self, content):
        if not self.has_check:
            return 1
        return 1 + xxhash.xxh3_64_intdigest(content, seed=identity(self)) % (2**31 - 1)

    def stored_check(self, content):
        if not self.has_check:
            return b""
        digest = xxhash.xxh3_64_intdigest(content, seed=identity(self))
        return (digest % 2**32).to_bytes(4, "little")


def write_codec(codec):
    return sign(b"\x89ANT" + bytes([1, codec.has_check]) + write_rows(codec))


def write_rows(codec):
    ones = sorted(c[0] for c in codec.rows if len(c) == 1)
    twos = sorted(256 * c[0] + c[1] for c in codec.rows if len(c) == 2)
    data = bytes([codec.escape]) + write_varint(len(ones)) + bytes(ones) + write_varint(len(twos))
    for i, context in enumerate(twos):
        data += write_varint(context - twos[i - 1] - 1 if i else context)
    contexts = [b"", *(bytes([c]) for c in ones), *(c.to_bytes(2, "big") for c in twos)]
    return data + b"".join(write_table(codec.rows[c], P) for c in contexts)


def sign(data):
    """With the identity behind it."""
    return data + xxhash.xxh3_64_intdigest(data).to_bytes(8, "little")


def identity(codec):
    return number(write_codec(codec)[-8:], 8)


def read_codec(data):
    assert data == sign(data[:-8])
    assert data[:5] == b"\x89ANT\x01"
    assert data[5] < 2
    return read_rows(data[:-8], 6, bool(data[5]))


def read_rows(data, at, has_check):
    escape = data[at]
    count, at = read_varint(data, at + 1)
    contexts = [b"", *(bytes([c]) for c in data[at : at + count])]
    count, at = read_varint(data, at + count)
    context = -1
    for _ in range(count):
        gap, at = read_varint(data, at)
        context += gap + 1
        contexts.append(context.to_bytes(2, "big"))
    rows = {}
    for c in contexts:
        rows[c], used = read_table(data[at:], P)
        at += used
    assert at == len(data)
    assert all(freq[escape] for freq in rows.values())
    return Codec(escape, rows, has_check)


def encode(codec, content):
    """The shorter one of a stored and a coded message."""
    stored = b"\0" + content + codec.stored_check(content)
    coded = write_varint(len(content)) + push_all(codec, content, codec.last_state(content))
    return coded if content and len(coded) < len(stored) else stored


def push_all(codec, content, x):
    """State and words of the content, from the state x on."""
    words = b""
    for i in reversed(range(len(content))):
        for freq, symbol in reversed(codec.coding(content[:i], content[i])):
            f, start = freq[symbol], sum(freq[:symbol])
            if x >= f * 2**19:
                words = (x % 2**16).to_bytes(2, "little") + words
                x //= 2**16
            x = x // f * 2**P + start + x % f
    length = next(n for n in range(5) if x < 256**n)
    return x.to_bytes(max(length, 3) if words else length, "little") + words


def decode(codec, message):
    n, at = read_varint(message, 0)
    if n == 0:
        content = message[at : len(message) - 4 * codec.has_check]
        assert message[at + len(content) :] == codec.stored_check(content)
        return content
    assert n <= 2**24
    content, x = pop_all(codec, message[at:], n)
    assert x == codec.last_state(content)
    return content


def pop_all(codec, rest, n):
    """The content of state and words, and the state that is left."""
    size = len(rest) if len(rest) <= 4 else 4 - len(rest) % 2
    x, words, content = number(rest[:size], size), rest[size:], b""
    assert x < 2**31
    while len(content) < n:
        for context in codec.chain(content):
            freq = codec.frequencies(context)
            slot = x % 2**P
            ends = list(accumulate(freq))
            symbol = next(s for s in range(256) if slot < ends[s])
            x = freq[symbol] * (x // 2**P) + slot - (ends[symbol] - freq[symbol])
            if x < L and words:
                x, words = x * 2**16 + number(words[:2], 2), words[2:]
            if symbol != codec.escape:
                break
        content += bytes([symbol])
    assert not words
    return content, x
