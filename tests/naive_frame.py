"""A decoder of whole frames, written from FORMAT.md alone, in plain Python integers."""

import json

import naive
import numpy as np
import xxhash


def integer(data, at, size):
    return int.from_bytes(data[at : at + size], "little")


def read_table(data, p):
    """The frequencies of 256 bytes, and the bytes they take."""
    bits = (byte >> i & 1 for byte in data for i in range(8))
    used, left, mean, previous, freq = 0, 1 << p, 0, 0, []
    while left > 0:
        k = 0 if previous == 0 or mean < 4 else (mean // 4).bit_length() - 1
        b = k
        while next(bits) == 0:
            b += 1
        u = 1
        for _ in range(b):
            u = 2 * u + next(bits)
        used += (b - k) + (b + 1)
        f = u - 2**k
        mean += f - mean // 4
        previous = f
        left -= f
        freq.append(f)
    return freq + [0] * (256 - len(freq)), -(-used // 8)


def read_block(data, at, number):
    """The content, and where the next block begins."""
    kind, log_lanes, p, _ = data[at : at + 4]
    n, m, check = integer(data, at + 4, 4), integer(data, at + 8, 4), integer(data, at + 12, 8)
    payload = data[at + 20 : at + 20 + m]
    if kind == 0:
        content = payload
    elif kind == 1:
        content = payload * n
    else:
        freq, used = read_table(payload, p)
        words = [integer(payload, i, 2) for i in range(used, len(payload), 2)]
        lanes = 1 << log_lanes
        states = [words[2 * i] + (words[2 * i + 1] << 16) for i in range(lanes)]
        low = 1 << 15 if p <= 12 else 1 << 16
        dists = [naive.Intervals(freq)] * n
        content = bytes(naive.decode(states, words[2 * lanes :], dists, p, low, 16))
    assert len(content) == n
    assert xxhash.xxh3_64_intdigest(content, seed=number) == check
    return content, at + 20 + m


def read_frame(data):
    """What `ansflow.decompress` returns."""
    assert data[:5] == b"\x89ANS\x01"
    flags, kind, planes = data[5:8]
    size, block_size, described = integer(data, 8, 8), integer(data, 16, 4), integer(data, 20, 4)
    at = 24 + described
    assert integer(data, at, 8) == xxhash.xxh3_64_intdigest(data[:at])
    description = data[24:at]
    at, number, content = at + 8, 0, bytearray(size)
    for begin in range(0, size, block_size * planes):
        end = min(begin + block_size * planes, size)
        for plane in range(planes):
            content[begin + plane : end : planes], at = read_block(data, at, number)
            number += 1
    assert at == len(data)
    if kind == 0:
        return bytes(content)
    fields = json.loads(description)
    return np.ndarray(fields["shape"], fields["dtype"], content, order="F" if flags & 1 else "C")
