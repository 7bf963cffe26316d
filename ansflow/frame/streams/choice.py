"""One stream to its head and payload, of the kind that promises to be smallest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.frame import constants
from ansflow.frame.streams.adaptive import message_of
from ansflow.frame.streams.coder_byte import precision_for
from ansflow.frame.streams.kind import TriedKind
from ansflow.frame.streams.sample import Look, Sample, StreamCoding
from ansflow.frame.streams.scratch import EncoderScratch, WordStack
from ansflow.kernels.constants import ONE, SYMBOLS_PER_LANE, ZERO
from ansflow.kernels.tables.context_levels import count_all
from ansflow.kernels.tables.fit import fit_counts
from ansflow.kernels.tables.frequency_code import MAX_BITS_PER_FREQUENCY, fit_rows, fit_table
from ansflow.kernels.tables.histogram import PARTIALS, count_bytes, count_symbols
from ansflow.kernels.tables.records import reciprocals_of
from ansflow.kernels.tables.sampled_histogram import count_some
from ansflow.kernels.transforms.cost import bits_of_counts, byte_cost
from ansflow.transforms.layout import Layout
from ansflow.transforms.recipe import Stream
from ansflow.varints import pack_varint

__all__ = ["encode_stream"]

STORED_HEAD, CONSTANT_HEAD = bytes([constants.KIND_STORED]), bytes([constants.KIND_CONSTANT])
ADAPTIVE_HEAD = bytes([constants.KIND_ADAPTIVE])

# For so few symbols a table takes more than it is worth, as a rule.
TOO_FEW_FOR_TABLE = 512

# Of a stream that is as long as a few samples or longer, one of so many pieces is looked at first.
# If their entropy is more than this share of them, all are as good as random.
SAMPLE, FEWEST_SAMPLES, MOST_SAMPLES, PIECE = 1 << 13, 4, 64, 64
RANDOM_FROM = 0.995
# Nor need they be if none of the first bytes is in the upper half of all, as of most tokens.
FIRST, HALF = 16, 1 << 7

# Of streams that are so long, or so many times as long as their alphabet, some symbols are counted
# for all, if there is haste.
SAMPLED_FROM, SAMPLED_FROM_TIMES = 1 << 16, 1 << 6

# Symbols of 16 bits have so many bits of precision more than they need. Without these, their
# frequencies would lack so many times as much of the best ones besides, or more.
MORE_SLOTS, MORE_LOST = 2, 3

# The state of a lane takes three bytes more than it holds. How fast lanes are decoded depends on
# their number: four half as fast as 32, and eight as fast as sixteen, but only from 32 on do they
# fit vectors. So that they take a percent or so, streams up to a size in bytes have fewer.
LANES_UP_TO = (1 << 15, 32), (1 << 13, 8)
# Of those few, there is one for so many bytes, or, where many symbols take little, for so many
# symbols and fewer bytes.
BYTES_PER_LANE, BYTES_PER_CHEAP_LANE, SYMBOLS_PER_CHEAP_LANE = 512, 192, 1 << 12
FEWEST_LANES, FEWEST_LANES_FROM, FEWEST_BYTES = 4, 2048, 1024


def encode_stream(
    stream: Stream,
    kinds: Sequence[TriedKind],
    coding: StreamCoding,
    scratch: EncoderScratch,
    words: WordStack,
    *,
    sized: bool,
) -> tuple[bytes, Sequence[Bytes]]:
    """The whole head of a stream, with the size of its payload if asked for, and the payload.

    It is of one of `kinds`, of the same symbols over and over, or stored.
    """
    content, layout = stream
    if not content.size:
        return STORED_HEAD, []
    wide = layout.itemsize > 1
    alone = not wide and scratch.contexts is None and coding.model is None
    adaptive = kinds[-1].code == constants.KIND_ADAPTIVE  # which is the last one that is tried
    few = not wide and adaptive and content.size <= TOO_FEW_FOR_TABLE and not coding.shared
    if few and alone:
        return _without_table(content, scratch, sized=sized)
    if alone and _is_random(content):
        return STORED_HEAD, [content]
    if wide:
        sample = _wide(content, layout, coding, scratch, words)
    else:
        sample = _narrow(content, layout, kinds, coding, scratch, words)
    if sample.present == 1:
        return CONSTANT_HEAD, [content[: layout.itemsize]]
    best, smallest = None, float(content.size)
    for kind in kinds[:-1] if few else kinds:
        proposal = kind.propose(sample, smallest)
        if proposal is not None and proposal.size < smallest:
            best, smallest = (kind, proposal), proposal.size
            if proposal.clear:
                break
    shortest: tuple[bytes, Sequence[Bytes]] = STORED_HEAD, [content]
    if best is not None:
        kind, proposal = best
        fields, pieces = proposal.encode()
        size = sum([piece.size for piece in pieces])
        head = bytes((kind.code,)) + fields + (pack_varint(size) if sized else b"")
        # What was proposed is an estimate.
        if len(head) + size <= content.size:
            shortest = head, pieces
    if few:  # too few to go by estimates
        return min(shortest, _without_table(content, scratch, sized=sized), key=_size_of)
    return shortest


def _size_of(stream: tuple[bytes, Sequence[Bytes]]) -> int:
    head, pieces = stream
    return len(head) + sum([piece.size for piece in pieces])


def _without_table(
    content: Bytes, scratch: EncoderScratch, *, sized: bool
) -> tuple[bytes, Sequence[Bytes]]:
    """The same of a stream that is short."""
    octets = content.tobytes()
    if octets.count(octets[:1]) == content.size:
        return CONSTANT_HEAD, [content[:1]]
    message = message_of(content, scratch)
    if message is not None:
        head = ADAPTIVE_HEAD + (pack_varint(message.size) if sized else b"")
        if len(head) + message.size <= content.size:
            return head, [message]
    return STORED_HEAD, [content]


def _is_random(content: Bytes) -> bool:
    """Whether some pieces of a long stream are so nearly random that the rest need not be read."""
    every = content.size // SAMPLE
    if every < FEWEST_SAMPLES or max(content[:FIRST].tobytes()) < HALF:
        return False
    pieces = content[: content.size // PIECE * PIECE].reshape(-1, PIECE)
    some = pieces[:: min(every, MOST_SAMPLES)].reshape(-1)
    bits, *_ = byte_cost(some, ZERO, ONE)
    return float(bits) > RANDOM_FROM * 8 * some.size


def _count(
    content: Bytes,
    layout: Layout,
    kinds: Sequence[TriedKind],
    scratch: EncoderScratch,
    *,
    haste: bool,
) -> dict[int, Look]:
    """Count bytes, into the scratch, or let a kind do so; what kinds have found, by their codes."""
    looks: dict[int, Look] = {}
    for kind in kinds:
        look = looks[kind.code] = kind.look(content, layout)
        if look.counts is not None:
            look.counts.sum(axis=0, out=scratch.counts)
            return looks
    room = scratch.partial, scratch.counts
    if not (haste and content.size >= SAMPLED_FROM and count_some(content, *room)):
        count_bytes(content, *room)
    return looks


def lanes_for(symbols: int, most: int, size: float | None = None) -> int:
    """As many lanes as so many symbols deserve, which take so many bytes if that is known.

    From 2048 symbols on at least four: they decode half as fast again as two, for six bytes. Two
    will do if that is more than half a percent of all, and symbols take less than a bit.
    """
    lanes = symbols // SYMBOLS_PER_LANE
    fewest = FEWEST_LANES if symbols >= FEWEST_LANES_FROM else 1
    if size is not None:
        few = int(size)
        for below, enough in LANES_UP_TO:
            lanes = enough if few < below and enough < lanes else lanes
        if few < LANES_UP_TO[-1][0]:
            cheap = min(symbols // SYMBOLS_PER_CHEAP_LANE, few // BYTES_PER_CHEAP_LANE)
            lanes = min(lanes, max(cheap, few // BYTES_PER_LANE))
        if few < min(FEWEST_BYTES, symbols / 8):
            fewest = min(fewest, 2)
    return min(most, max(fewest, 1 << lanes.bit_length() >> 1))


def _narrow(
    content: Bytes,
    layout: Layout,
    kinds: Sequence[TriedKind],
    coding: StreamCoding,
    scratch: EncoderScratch,
    words: WordStack,
) -> Sample:
    """Symbols of 8 bits, with counts of pairs if the scratch has room for them."""
    counts, freq = scratch.rows
    precision = precision_for(content.size, coding.precision)
    fitted = counts, precision, freq, scratch.keys, scratch.heap, scratch.table
    records = None
    looks: dict[int, Look] = {}
    if scratch.contexts is None:
        records = scratch.records
        looks = _count(content, layout, kinds, scratch, haste=coding.haste)
        present, used, bits = fit_counts(*fitted, reciprocals_of(precision), records)
        lanes = lanes_for(content.size, coding.lanes, bits / 8)
    else:
        lanes = lanes_for(content.size, coding.lanes)
        count_all(content, np.uint64(lanes), scratch.contexts.counts, scratch.counts)
        present, used, bits = fit_rows(*fitted)
    stream = content, content, layout, lanes, coding, scratch, words
    known = scratch.counts, present, bits / 8, precision, scratch.freq, records
    return Sample(*stream, *known, scratch.table[:used], looks)


def _wide(
    content: Bytes,
    layout: Layout,
    coding: StreamCoding,
    scratch: EncoderScratch,
    words: WordStack,
) -> Sample:
    """Symbols of 16 bits, up to the highest that occurs."""
    symbols = content.view("<u2").astype(np.uint16, copy=not content.flags.aligned)
    alphabet = int(symbols.max()) + 1
    counts = np.empty(alphabet, np.float64)
    given = symbols, np.empty(PARTIALS * alphabet, np.uint32), counts
    haste = coding.haste and symbols.size >= max(SAMPLED_FROM, SAMPLED_FROM_TIMES * alphabet)
    if not (haste and count_some(*given)):
        count_symbols(*given)
    least_bits, present, *_ = bits_of_counts(counts, symbols.size, ZERO)
    heap, keys = np.empty(alphabet, np.uint32), np.empty(alphabet, np.float64)

    def fitted(precision: int) -> tuple[float, int, npt.NDArray[np.uint32], Bytes]:
        """Bytes of all symbols, and what it takes for that."""
        freq = np.empty(alphabet, np.uint32)
        table = np.empty(alphabet * MAX_BITS_PER_FREQUENCY // 8, np.uint8)
        # It scales counts, and what they are in units of is part of the bits.
        _, used, bits = fit_table(counts.copy(), precision, freq, keys, heap, table)
        return bits / 8, precision, freq, table[:used]

    # A bit more than the symbols need for slots of their own, so that frequencies can differ. If
    # many symbols are rare, their slots are missed by the others, and more of them pay, though in
    # the table each frequency takes as many more bits.
    deserved = precision_for(symbols.size, coding.precision)
    least = min(constants.MAX_PRECISION, max(deserved, int(present).bit_length() + 1))
    best = fitted(min(constants.MAX_PRECISION, least + MORE_SLOTS))
    if MORE_LOST * (8 * best[0] - least_bits) < MORE_SLOTS * present:
        best = min(fitted(least), best, key=lambda one: one[0] + one[3].size)
    size, precision, freq, table = best
    lanes = lanes_for(symbols.size, coding.lanes, size)
    stream = symbols, content, layout, lanes, coding, scratch, words
    scaled = counts / counts.max()
    return Sample(*stream, scaled, int(present), size, precision, freq, None, table, {})
