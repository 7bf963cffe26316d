"""
Lanes, and why the stream is written backwards
==============================================

rANS decodes in the reverse order of encoding, because a push puts the newest symbol on top, in the
lowest digits of the state, where it hides all others. Somebody has to walk backwards, and that is
the encoder. The stream follows. Several states that take turns on one stream, *lanes*, then make
both sides several times faster, at three bytes a lane.

Interleaving is by Giesen (2014, arXiv:1402.3392). :doc:`ans_by_hand` explains states, slots and
renormalisation, which are taken for granted here.
"""

# %%

# region Imports and options
import argparse
import functools
import sys
import time

import numpy as np

import ansflow

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    plt = None
    print('Figures need matplotlib: pip install "ansflow[plot]"')

# sphinx_gallery_thumbnail_number = 2

parser = argparse.ArgumentParser(description="How lanes share a stream, and what they are for.")
parser.add_argument("--lanes", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32, 64])
parser.add_argument("--symbols", type=int, default=1 << 22, help="how many are timed")
options = parser.parse_args(sys.argv[1:] if "__file__" in globals() else [])  # in a notebook: none
# endregion

# %%
# Who walks backwards
# -------------------
# A push computes x' = 2^p * (x div f) + c + x mod f, where p is the precision, f the frequency of
# the symbol, and c its first slot. Its result says at once what was pushed *last*: the slot
# x' mod 2^p is one of the last symbol. What was pushed before is in the quotient,
# and can be read only when the last symbol has been popped. So the decoder meets the symbols in
# reverse: it undoes the encoder's steps, the last one first.
#
# A decoder should walk forwards. It may stop early, it may use what it has decoded to predict what
# comes next, and its reader wants the beginning first. An encoder has the whole message anyway. So
# the *encoder* starts at the last symbol and ends at the first.
#
# The words that leave the state are a stack as well: the word that left last is the first that a
# decoder needs. An encoder that fills a buffer from its end to its beginning leaves the words in
# the order in which the decoder wants them, and the decoder reads upwards, from the beginning of
# the file.

PRECISION, LOW = 5, 1 << 15
FREQ = [3, 5, 8, 4, 12]  # of 32 slots
CDF = [0, 3, 8, 16, 20, 32]


def encode(symbols, lanes):
    """The words of symbols, and what was done: (symbol's place, state, words in the stream)."""
    states, words, steps = [LOW] * lanes, [], []
    for i in reversed(range(len(symbols))):
        s, x = symbols[i], states[i % lanes]
        if x >= FREQ[s] << 31 - PRECISION:
            words.insert(0, x & 0xFFFF)  # before the words that are there
            x >>= 16
        x = x // FREQ[s] << PRECISION | CDF[s] + x % FREQ[s]
        states[i % lanes] = x
        steps.append((i, x, len(words)))
    return [half for x in states for half in (x & 0xFFFF, x >> 16)] + words, steps


def decode(stream, size, lanes):
    states = [stream[2 * lane] | stream[2 * lane + 1] << 16 for lane in range(lanes)]
    words, symbols, steps = stream[2 * lanes :], [], []
    for i in range(size):
        x = states[i % lanes]
        steps.append((i, x, len(words)))
        slot = x % 32
        s = next(s for s in range(5) if slot < CDF[s + 1])
        x = FREQ[s] * (x >> PRECISION) + slot - CDF[s]
        if x < LOW:
            x = x << 16 | words.pop(0)
        states[i % lanes] = x
        symbols.append(s)
    assert states == [LOW] * lanes
    assert not words
    return symbols, steps


model = ansflow.models.Categorical(FREQ)
message = model.sample(64, rng=1).tolist()
traces = {}
for lanes in (1, 4):
    stream, pushes = encode(message, lanes)
    decoded, pops = decode(stream, len(message), lanes)
    assert decoded == message
    assert pops == pushes[::-1]  # the same states at the same places of the stream
    assert stream == ansflow.encode(message, model, lanes=lanes).tolist()
    traces[lanes] = stream, pushes
    print(f"{lanes} lanes: {2 * lanes} words of states, {len(stream) - 2 * lanes} others")

# %%
# The symbols are above, the stream is below, and a line joins each word with the symbol at which it
# left the state. The encoder walks to the left in both; the decoder walks to the right in both, and
# takes each word at the symbol where it left. The first words of the stream are the encoder's last
# state.

# region Drawing
COLOURS = ["#56B4E9", "#E69F00", "#009E73", "#CC79A7"]
HATCHES = ["", "///", "...", "\\\\\\"]
BLUE, ORANGE = "#0072B2", "#D55E00"


def owners(pushes):
    """The place of the symbol at which each word left, in the order of the stream."""
    before, places = 0, []
    for i, _, count in pushes:
        if count > before:
            places.insert(0, i)
        before = count
    return places


def draw_stream(axes, lanes):
    """Symbols, words, and which belong together; lanes are told apart by colour and hatch."""
    stream, pushes = traces[lanes]
    places = owners(pushes)
    look = [{"color": COLOURS[i], "hatch": HATCHES[i], "edgecolor": "white"} for i in range(4)]
    for i, s in enumerate(message):
        axes.bar(i, 0.5, 1, 2, **look[i % lanes])
        axes.text(i, 2.62, "abcde"[s], ha="center", size=8)
    width = len(message) / len(stream)
    for at in range(len(stream)):
        state = at < 2 * lanes
        lane = at // 2 if state else places[at - 2 * lanes] % lanes
        middle = (at + 0.5) * width - 0.5
        axes.bar(middle, 0.5, width, **look[lane])
        if not state:
            axes.plot([places[at - 2 * lanes], middle], [2, 0.5], color="black", lw=1, marker=".")
    edge = 2 * lanes * width - 0.5
    axes.plot([edge, edge], [-0.1, 0.6], color="black", lw=2)
    axes.text(edge / 2 - 0.25, 0.6, "states", ha="center", va="bottom", size=9)
    for height, text, start, end, colour in (
        (3.3, "encoder", len(message) - 1, 0, ORANGE),
        (-0.45, "decoder", 0, len(message) - 1, BLUE),
    ):
        arrow = {"arrowstyle": "->", "color": colour, "lw": 2}
        axes.annotate("", (end, height), (start, height), arrowprops=arrow)
        label = {"ha": "center", "va": "center", "color": colour, "backgroundcolor": "white"}
        axes.text(len(message) / 2, height, f"{text} walks this way", **label)
    axes.set(xlim=(-1, len(message)), ylim=(-0.8, 3.6), xticks=[], yticks=[0.25, 2.25])
    axes.set_yticklabels(["words", "symbols"])
    axes.spines[:].set_visible(False)
    axes.tick_params(left=False)


if plt:
    figure, axes = plt.subplots(figsize=(9, 3.2), layout="constrained")
    draw_stream(axes, 1)
# endregion

# %%
# Lanes
# -----
# A step of the decoder needs the state that the step before has left: multiply, add, look up, and
# wait for each. Meanwhile a processor could do several other such steps, and its vector registers
# could do 8 or 16 of them in one instruction. So take several independent states, and let symbol i
# belong to state i mod N.
#
# They need only one stream. Whether a state takes a word is known from that state alone, and the
# decoder visits the states in exactly the reverse order of the encoder. So both agree whose the
# next word is, and nothing is recorded. Here are four lanes, by colour and hatch.

# region Drawing
if plt:
    figure, axes = plt.subplots(figsize=(9, 3.2), layout="constrained")
    draw_stream(axes, 4)
# endregion

# %%
# What lanes cost, and what they gain
# -----------------------------------
# A state is stored in 32 bits. It started with 15 bits that say nothing, and the encoder stops
# anywhere between 2^15 and 2^31, so that half of the other 16 are not needed, on average: about
# three bytes a lane. That states are whole numbers costs a share of the message besides, which is
# seen in the longest one: 0.003% here, with a precision of 12 bits, and 0.2% with 16.

model = ansflow.models.Categorical.from_counts([50, 30, 15, 5], precision=12)
lengths = [options.symbols >> shift for shift in (12, 8, 4, 0)]
symbols = model.sample(options.symbols, rng=0)


# region Measuring
def best_time(function):
    """Seconds of this process, the best of five."""
    times = []
    for _ in range(5):
        begin = time.process_time()
        function()
        times.append(time.process_time() - begin)
    return min(times)


extra, speeds = {}, {"encode": [], "decode": []}
for length in lengths:
    part, ideal = symbols[:length], model.code_length(symbols[:length]) / 8
    extra[length] = []
    for lanes in options.lanes:
        words = ansflow.encode(part, model, lanes=lanes)
        assert np.array_equal(ansflow.decode(words, model, length, lanes=lanes), part)
        extra[length].append(words.nbytes - ideal)
for lanes in options.lanes:
    encode_all = functools.partial(ansflow.encode, symbols, model, lanes=lanes)
    decode_all = functools.partial(ansflow.decode, encode_all(), model, symbols.size, lanes=lanes)
    speeds["encode"].append(symbols.size / 1e6 / best_time(encode_all))
    speeds["decode"].append(symbols.size / 1e6 / best_time(decode_all))

print("lanes  encode  decode   million symbols a second")
for lanes, encoded, decoded in zip(options.lanes, *speeds.values(), strict=True):
    print(f"{lanes:5} {encoded:7,.0f} {decoded:7,.0f}")
print("\nbytes beyond the ideal size, by the number of symbols")
print("lanes" + "".join(f"{n:>11,}" for n in lengths))
for row, lanes in enumerate(options.lanes):
    print(f"{lanes:5}" + "".join(f"{extra[n][row]:11.1f}" for n in lengths))
# endregion

# %%
# From 32 lanes on, ansflow's kernels keep the states in vector registers, where a row of symbols is
# decoded by a few instructions. With fewer lanes the gain is from steps that overlap. A short
# message can't pay for many lanes, so by default there is one for each 1,024 symbols, and 64 at
# most.

# region Drawing
if plt:
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    left.plot(options.lanes, speeds["encode"], color=ORANGE, marker="s", label="encode")
    left.plot(options.lanes, speeds["decode"], color=BLUE, marker="o", label="decode")
    left.set(xlabel="lanes", ylabel="million symbols a second, one core", ylim=(0, None))
    for n, colour, marker in zip(lengths, [*COLOURS[1:], "black"], "^Dvo", strict=True):
        share = 100 * 8 * np.array(extra[n]) / model.code_length(symbols[:n])
        right.plot(options.lanes, share, color=colour, marker=marker, label=f"{n:,} symbols")
    right.set(xlabel="lanes", ylabel="percent beyond the ideal size", yscale="log")
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        axes.set_xticks(options.lanes, options.lanes)
        axes.grid(alpha=0.3)
    right.set_yticks(ticks := [0.001, 0.01, 0.1, 1, 10, 100], [f"{tick:g}" for tick in ticks])
    for axes in (left, right):
        axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
# endregion
