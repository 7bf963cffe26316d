"""Vector kernels: one row of rANS, decoded lane by lane and then all lanes at once.

A `Vector` has one integer for each lane of the coder. A kernel written with it is the scalar
kernel without its loop over lanes, and runs on the vector registers of the machine.
"""

import numpy as np

import ansflow
from ansflow.kernels.jit import kernel
from ansflow.kernels.vector.isa import ISAS, available
from ansflow.kernels.vector.memory import load, pull, store
from ansflow.kernels.vector.values import where
from ansflow.models import Categorical

LANES = 32
PRECISION = 12
LOW = 1 << 15  # states lie in [2^15, 2^31)
ISA = available()[0]

ZERO = np.uint64(0)
SHIFT = np.uint64(PRECISION)
SLOT = np.uint64((1 << PRECISION) - 1)
U_LOW = np.uint64(LOW)
WORD = np.uint64(16)


def decode_row(states, words, cursor, symbol_of, freq_of, offset_of):
    """Decode a row in plain Python, lane by lane; return the symbols and the cursor."""
    symbols = []
    for lane in range(LANES):
        x = int(states[lane])
        slot = x % (1 << PRECISION)
        symbols.append(int(symbol_of[slot]))
        x = int(freq_of[slot]) * (x >> PRECISION) + int(offset_of[slot])
        if x < LOW:
            x = x << 16 | int(words[cursor])
            cursor += 1
        states[lane] = x
    return symbols, cursor


@kernel
def decode_row_of_vectors(states, words, cursor, symbol_of, freq_of, offset_of, out):
    """Decode a row with vectors; the lines correspond to those of `decode_row`."""
    x = load(states, ZERO, LANES, ISA)
    slot = x & SLOT
    store(out, ZERO, symbol_of[slot])  # indexing an array by a vector is a gather
    x = freq_of[slot] * (x >> SHIFT) + offset_of[slot]
    due = x < U_LOW  # a mask
    dealt, cursor = pull(words, cursor, due)  # the next words, in order, to the lanes that are due
    x = where(due, x << WORD, x) | dealt
    store(states, ZERO, x)
    return cursor


model = Categorical.from_counts([50, 30, 15, 5], precision=PRECISION)
symbols = model.sample(10 * LANES, rng=0)
stream = ansflow.encode(symbols, model, lanes=LANES)
halves, words = stream[: 2 * LANES].astype(np.uint32), stream[2 * LANES :]
first = halves[::2] | halves[1::2] << np.uint32(16)

# The decoding tables, by slot.
symbol_of = np.repeat(np.arange(4, dtype=np.uint32), model.freq)
freq_of = model.freq[symbol_of]
offset_of = np.arange(1 << PRECISION, dtype=np.uint32) - model.cdf[symbol_of]

by_hand, states = [], first.copy()
cursor = 0
for _ in range(10):
    row, cursor = decode_row(states, words, cursor, symbol_of, freq_of, offset_of)
    by_hand += row
assert by_hand == symbols.tolist()

# `pull` may read up to LANES words, even beyond the end of the stream.
padded = np.append(words, np.zeros(LANES, np.uint16))
by_vectors, states = np.empty(10 * LANES, np.uint32), first.copy()
at = ZERO
for row in by_vectors.reshape(10, LANES):
    tables = symbol_of, freq_of, offset_of
    at = np.uint64(decode_row_of_vectors(states, padded, at, *tables, row))
assert np.array_equal(by_vectors, symbols)
assert at == cursor == words.size

print(f"{symbols.size} symbols, {words.size} words, with the same result by both functions.")
print(f"The first row: {''.join(map(str, by_hand[:LANES]))}")
print(f"{LANES} lanes in {LANES // ISAS[ISA].width} registers of {ISA}.")
