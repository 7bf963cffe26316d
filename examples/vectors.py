"""
A row of rANS, lane by lane and all lanes at once
=================================================

Each step of a decoder needs the state that the step before it has left, so that one rANS state
leaves most of a processor idle. Hence there are many: 32 *lanes* take turns, and share one stream
of words. Here a row, a symbol for each lane, is decoded by a loop over lanes and then by vectors.
"""

# %%
# A vector of ``ansflow.kernels.vector`` has an integer for each lane. A kernel written with vectors
# is the scalar kernel without its loop over lanes, and runs on the vector registers of the machine;
# no C compiler is involved. :doc:`ans_by_hand` explains states, slots and words.

# region Imports and options
import argparse
import sys
from pathlib import Path

import numpy as np

import ansflow
from ansflow.kernels.jit import kernel
from ansflow.kernels.vector.isa import ISAS, available
from ansflow.kernels.vector.memory import load, pull, store
from ansflow.kernels.vector.values import where
from ansflow.models import Categorical

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    plt = None
    print('The figure needs matplotlib: pip install "ansflow[plot]"')

parser = argparse.ArgumentParser(description="A row of rANS, decoded lane by lane and by vectors.")
parser.add_argument("--figure", type=Path, help="where to save the figure")
options = parser.parse_args(sys.argv[1:] if "__file__" in globals() else [])  # in a notebook: none
# endregion

LANES = 32
PRECISION = 12
LOW = 1 << 15  # states lie in [2^15, 2^31)

# %%
# The stream of some symbols begins with the states of all lanes, as pairs of 16-bit words. A
# decoder looks a state's *slot* up, its lowest 12 bits, in three tables: which symbol has the slot,
# the frequency of that symbol, and how far the slot is from the symbol's first.

model = Categorical.from_counts([50, 30, 15, 5], precision=PRECISION)
symbols = model.sample(10 * LANES, rng=0)
stream = ansflow.encode(symbols, model, lanes=LANES)
halves, words = stream[: 2 * LANES].astype(np.uint32), stream[2 * LANES :]
first = halves[::2] | halves[1::2] << np.uint32(16)

symbol_of = np.repeat(np.arange(4, dtype=np.uint32), model.freq)
freq_of = model.freq[symbol_of]
offset_of = np.arange(1 << PRECISION, dtype=np.uint32) - model.cdf[symbol_of]

# %%
# Lane by lane: look up, compute the state before this symbol was encoded, and take a word if that
# state is below 2^15.


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


by_hand, states, cursors = [], first.copy(), [0]
history = [states.copy()]
for _ in range(10):
    row, cursor = decode_row(states, words, cursors[-1], symbol_of, freq_of, offset_of)
    by_hand += row
    cursors.append(cursor)
    history.append(states.copy())
assert by_hand == symbols.tolist()
print(f"The first row: {''.join(map(str, by_hand[:LANES]))}")

# %%
# The same with vectors, line for line. The lookups are *gathers*. The branch has become a mask of
# the lanes that are due, and ``pull`` deals the next words, in order, to those: a shuffle of what
# lies at the cursor, by a table of permutations.

ISA = available()[0]
ZERO = np.uint64(0)
SHIFT = np.uint64(PRECISION)
SLOT = np.uint64((1 << PRECISION) - 1)
U_LOW = np.uint64(LOW)
WORD = np.uint64(16)


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
print(f"{LANES} lanes in {LANES // ISAS[ISA].width} registers of {ISA}.")

# %%
# What happens in a row. Above, the slot of each lane lies in the band of a symbol. Below, that
# symbol is taken out of the state, which falls by as many bits as the symbol takes: rare ones let
# it fall deeply. Where it lands below 2^15, the lane gets the next word, and rises by 16 bits. That
# is the whole state machine; the encoder walks the same paths backwards, which is why it begins
# with the last symbol.

# region Drawing
COLOURS = "#0072B2", "#E69F00", "#009E73", "#CC79A7"
MARKERS = "os^D"

if plt:
    number = max(range(10), key=lambda row: cursors[row + 1] - cursors[row])
    before, after = history[number].astype(np.int64), history[number + 1].astype(np.int64)
    slots = before % (1 << PRECISION)
    decoded = symbol_of[slots]
    fallen = freq_of[slots].astype(np.int64) * (before >> PRECISION) + offset_of[slots]
    due, lanes = fallen < LOW, np.arange(LANES)

    figure, (above, below) = plt.subplots(
        2, figsize=(10, 7), sharex=True, height_ratios=[2, 3], layout="constrained"
    )
    for symbol, colour in enumerate(COLOURS):
        low, high = model.cdf[symbol], model.cdf[symbol + 1]
        above.axhspan(low, high, color=colour, alpha=0.25, lw=0)
        above.text(LANES - 0.2, (low + high) / 2, f"symbol {symbol}", va="center", fontsize=9)
        mine = decoded == symbol
        above.plot(lanes[mine], slots[mine], MARKERS[symbol], color=colour, ms=6)
        below.plot(lanes[mine], np.log2(before[mine]), MARKERS[symbol], color=colour, ms=6)
    above.set(ylabel="slot", ylim=(0, 1.05 * (1 << PRECISION)), yticks=range(0, 4097, 1024))

    def arrows(lanes, start, end, **style):
        for lane, x, y in zip(lanes, np.log2(start), np.log2(end), strict=True):
            below.annotate(
                "", (lane, y), (lane, x), arrowprops={"arrowstyle": "->", "shrinkA": 3, **style}
            )

    arrows(lanes, before, fallen, color="#555555")
    arrows(lanes[due] + 0.25, fallen[due], after[due], color="#D55E00", linestyle="--")
    below.plot(lanes[due] + 0.25, np.log2(after[due]), "*", color="#D55E00", ms=8)
    below.axhspan(0, 15, color="#DDDDDD", lw=0)
    below.text(LANES - 0.2, 15, "2$^{15}$", va="center")
    for order, lane in enumerate(lanes[due]):
        below.text(lane, np.log2(fallen[lane]) - 0.6, f"{order}", ha="center", va="top", fontsize=8)
    below.set(
        xlabel="lane",
        ylabel="state, log2",
        xlim=(-0.8, LANES + 2.5),
        ylim=(min(np.log2(fallen)) - 2, 31.5),
        xticks=range(0, LANES, 4),
        yticks=range(11, 32, 4),
    )
    below.set_title(
        f"{due.sum()} lanes are due; the numbers say which of the next words each of them takes",
        fontsize=10,
        loc="left",
    )
    above.set_title(f"row {number} of {symbols.size // LANES}", fontsize=10, loc="left")
    if options.figure:
        figure.savefig(options.figure, dpi=120)
# endregion
