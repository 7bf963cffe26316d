"""
ANS by hand
===========

A message becomes one integer, the *state*, and comes back out of it, with a dozen lines of plain
Python. The same lines with a state of bounded size then give the words that ansflow writes.

Asymmetric numeral systems are by Duda (2013, arXiv:1311.2540); this is their range variant, rANS.
"""

# %%

# region Imports
import math

import numpy as np

import ansflow

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    plt = None
    print('Figures need matplotlib: pip install "ansflow[plot]"')
# endregion

# sphinx_gallery_thumbnail_number = 4

# %%
# Every number belongs to a symbol
# --------------------------------
# Take symbols a to e with probabilities 3/32, 5/32, 8/32, 4/32 and 12/32. Share the natural numbers
# out among them: of each 32 in a row, the *slots*, the first 3 belong to a, the next 5 to b, and so
# on. So a number x says which symbol it belongs to by x mod 32.
#
# To **push** a symbol s on the state x, go to the x-th number that belongs to s (counted from 0).
# That is all of rANS. Full rows of 32 slots have f numbers of s each, so there are x div f of them
# below, and x mod f numbers of s in the last row. To **pop** a symbol, see to which one the state
# belongs, and count how many numbers of that symbol are smaller.

SYMBOLS = "abcde"
FREQ = [3, 5, 8, 4, 12]
CDF = [0, 3, 8, 16, 20, 32]
PRECISION = 5  # 2^5 slots


def push(x, s):
    """The x-th number of symbol s."""
    return x // FREQ[s] << PRECISION | CDF[s] + x % FREQ[s]


def pop(x):
    """The symbol of x, and how many numbers of that symbol are below x."""
    slot = x % 32
    s = next(s for s in range(5) if slot < CDF[s + 1])
    return FREQ[s] * (x >> PRECISION) + slot - CDF[s], s


for x in range(1000):
    for s in range(5):
        assert pop(push(x, s)) == (x, s)

# %%
# The upper axis of each picture has the numbers up to 95 with their symbols, the lower one the
# state before the push. Of a frequent symbol there is a number nearby; the numbers of a rare symbol
# are far apart. A push makes the state about 32/f times larger, which is log2(32/f) bits longer:
# what a symbol of probability f/32 should cost.

# region Drawing
COLOURS = ["#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#DDDDDD"]  # a to e
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"


def draw_numbers(axes, s):
    """The numbers up to 95 and, below, the states that a push of s takes to them."""
    numbers = np.arange(96)
    owners = np.repeat(range(5), FREQ)[numbers % 32]
    axes.bar(numbers, 0.3, 1, 1, color=np.array(COLOURS)[owners], edgecolor="white", lw=0.5)
    for row in range(3):
        for owner, letter in enumerate(SYMBOLS):
            middle = 32 * row + (CDF[owner] + CDF[owner + 1] - 1) / 2
            axes.text(middle, 1.15, letter, ha="center", va="center", size=9)
    for row in range(4):
        axes.plot([32 * row - 0.5] * 2, [1, 1.38], color="black", lw=1)
    for x in range(3 * FREQ[s]):
        axes.plot([x, push(x, s)], [0.06, 1], color="black", lw=0.7, marker=".", ms=3)
    axes.bar(range(96), 0.06, 1, color=["black" if x < 3 * FREQ[s] else "white" for x in range(96)])
    axes.set_title(f"push {SYMBOLS[s]}: probability {FREQ[s]}/32", loc="left", size=10)
    axes.set(xlim=(-1, 96), ylim=(0, 1.4), xticks=range(0, 97, 8), yticks=[0, 1.15])
    axes.set_yticklabels(["state before", "state after"])
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)


if plt:
    figure, axes = plt.subplots(2, 1, figsize=(9, 5.2), layout="constrained")
    draw_numbers(axes[0], 2)
    draw_numbers(axes[1], 0)
    axes[1].set_xlabel("numbers")
# endregion

# %%
# One big integer
# ---------------
# Start with 32, one row of slots, and push a message. (From 1 on, a push of a leads to 1 again: it
# would be lost.) Beside what a symbol should cost is what it does: as states are whole numbers, a
# small one grows only about as it should. From 2^15 on, it is exact to a few thousandths of a bit.

START = 32
message = [2, 4, 4, 0, 3, 1, 2, 4]
states = [START]
for s in message:
    states.append(push(states[-1], s))
    bits, taken = PRECISION - math.log2(FREQ[s]), math.log2(states[-1] / states[-2])
    steps = f"{states[-2]:>10,} -> {states[-1]:,}"
    print(f"push {SYMBOLS[s]}  {bits:.2f} bits, takes {taken:.2f} {steps}")

# %%
# Popping walks back through the same states. What was pushed last comes out first: the state is a
# *stack*.

decoded, popped = [], [states[-1]]
while popped[-1] > START:
    x, s = pop(popped[-1])
    popped.append(x)
    decoded.append(s)
assert decoded == message[::-1]
assert popped == states[::-1]

ideal = sum(PRECISION - math.log2(FREQ[s]) for s in message)
print(f"pushed  {''.join(SYMBOLS[s] for s in message)}")
print(f"popped  {''.join(SYMBOLS[s] for s in decoded)}")
print(f"{math.log2(states[-1] / START):.2f} bits for a message of {ideal:.2f}")

# region Drawing
if plt:
    figure, axes = plt.subplots(figsize=(9, 3.6), layout="constrained")
    heights = np.log2(states + popped[1:])
    axes.bar(range(len(heights)), heights, 0.55, color="#EEEEEE", edgecolor="#999999")
    for step, s in enumerate(message + decoded, 1):
        gone = step > len(message)
        low, high = sorted(heights[step - 1 : step + 1])
        style = {"fill": False, "ls": ":"} if gone else {"color": COLOURS[s]}
        axes.bar(step, high - low, 0.55, low, **style | {"edgecolor": "black"})
        axes.text(step, high + 0.3, SYMBOLS[s], ha="center")
    axes.axvline(len(message) + 0.5, color="black", lw=1)
    axes.text(0, 23, "push", weight="bold")
    axes.text(16, 23, "pop", weight="bold", ha="right")
    axes.set(xlabel="step", ylabel="log2 of the state, in bits", ylim=(0, 25.5))
    axes.set_xticks(range(17))
    axes.spines[["top", "right"]].set_visible(False)
# endregion

# %%
# A state of bounded size
# -----------------------
# A state of thousands of bits would be slow. So the state is kept in [2^15, 2^31), where one
# register holds it, and the rest goes to a stream of 16-bit words: this is *renormalisation*. A
# push makes the state x about 2^5 / f times larger, so that a push of s would lead out of the
# interval if x >= f * 2^26. Then, before the push, the encoder moves the low 16 bits of the state
# to the stream. The decoder finds a state below 2^15 after a pop, and puts the word back.
#
# Nobody tells the decoder when: the interval reaches from one number to 2^16 times that number, and
# a word makes the state 2^16 times smaller or larger. So there is always exactly one way to be in
# the interval, and both sides find it from the state alone.

LOW = 1 << 15


def encode(symbols):
    """The words of a message, and the state before and after each of the steps."""
    state, words, trace = LOW, [], []
    for s in reversed(symbols):  # backwards, so that decoding runs forwards
        before, moved = state, state >= FREQ[s] << 31 - PRECISION
        if moved:
            words.insert(0, state & 0xFFFF)
            state >>= 16
        trace.append((before, state, push(state, s), s, moved))
        state = push(state, s)
    return [state & 0xFFFF, state >> 16, *words], trace


def decode(words, size):
    low, high, *words = words
    state, symbols = high << 16 | low, []
    for _ in range(size):
        state, s = pop(state)
        if state < LOW:
            state = state << 16 | words.pop(0)
        symbols.append(s)
    assert state == LOW  # where the encoder began
    assert not words
    return symbols


by_hand, trace = encode(message * 4)
assert decode(by_hand, 32) == message * 4

# %%
# On an axis of log2: states are kept in the interval at the top. A push of a adds 3.4 bits, so it
# has to start from the interval beside a to end in the one at the top; and so on. All of these are
# 16 bits long, as long as a word. So a state that is too far to the right for the symbol, such as
# the one drawn here before a push of a, moves a word to the stream (1), which takes it 16 bits to
# the left and into the symbol's interval, and then the push (2) takes it to the one at the top.

# region Drawing
if plt:
    figure, axes = plt.subplots(figsize=(9, 3.8), layout="constrained")
    axes.barh(0, 16, 0.6, 15, color="white", edgecolor="black", lw=2)
    axes.text(23, 0, "where states are between pushes", ha="center", va="center")
    for row, letter in enumerate(SYMBOLS, 2):
        first = 10 + math.log2(FREQ[row - 2])
        axes.barh(row, 16, 0.6, first, color=COLOURS[row - 2], edgecolor="black")
        axes.text(first + 8, row, f"where a push of {letter} may start", ha="center", va="center")
    axes.vlines([15, 31], -0.5, 6.5, color="black", ls=":")
    state = 29.3
    moved, pushed = state - 16, state - 16 + PRECISION - math.log2(FREQ[0])
    arrow = {"arrowstyle": "-|>", "lw": 2, "shrinkA": 4, "shrinkB": 4}
    number = {"weight": "bold", "ha": "center", "va": "center", "size": 11}
    axes.annotate("", (moved, 2), (state, 0), arrowprops=arrow | {"color": ORANGE})
    axes.annotate("", (pushed, 0), (moved, 2), arrowprops=arrow | {"color": BLUE})
    axes.plot([state, moved, pushed], [0, 2, 0], "ko", zorder=3)
    axes.text(23, 1.1, "1", color=ORANGE, **number)
    axes.text(15.7, 1.2, "2", color=BLUE, **number)
    axes.set(xlabel="log2 of the state", ylim=(6.6, -0.6), xlim=(11, 32), yticks=[])
    axes.set_xticks([11, 13, 15, 19, 23, 27, 31])
    axes.spines[["top", "right", "left"]].set_visible(False)
# endregion

# %%
# Above, each coloured step is a push. Where the state would leave the interval, 16 bits of it go to
# the stream first (arrows). Below is what matters in the end, the bits of state and stream
# together: they follow the ideal, whether or not words are moved.

# region Drawing
if plt:
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(9, 6), layout="constrained", sharex=True, height_ratios=[3, 2]
    )
    above.axhspan(15, 31, color="#F0F0F0")
    total, moved_bits, ideals = [15], 0, [15]
    for step, (before, base, after, s, moved) in enumerate(trace, 1):
        low, high = math.log2(base), math.log2(after)
        if moved:
            moved_bits += 16
            above.annotate(
                "",
                (step - 0.5, low),
                (step - 0.5, math.log2(before)),
                arrowprops={"arrowstyle": "->", "color": ORANGE, "lw": 2},
            )
            text = f"word\n{before & 0xFFFF:,}"
            above.text(step - 0.8, 20.5, text, color=ORANGE, ha="right", va="center", size=9)
        above.bar(step, high - low, 0.7, low, color=COLOURS[s], edgecolor="black")
        above.text(step, high + 0.3, SYMBOLS[s], ha="center", size=9)
        total.append(high + moved_bits)
        ideals.append(ideals[-1] + PRECISION - math.log2(FREQ[s]))
    above.set(ylabel="log2 of the state", ylim=(9, 33), yticks=[10, 15, 20, 25, 31])
    below.plot(total, color=BLUE, marker="o", ms=4, label="state and stream")
    below.plot(ideals, color="black", ls="--", label="ideal size, from the first state on")
    below.set(xlabel="symbols pushed", ylabel="bits")
    below.legend(frameon=False)
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
# endregion

# %%
# The same words from ansflow
# ---------------------------
# ``ansflow.encode`` with one lane writes the same: the last state, low half first, and then the
# words in the order in which a decoder needs them. The word that left last comes first. Why, and
# what more lanes are for, is next: :doc:`lanes`.

model = ansflow.models.Categorical(FREQ)
words = ansflow.encode(message * 4, model, lanes=1)
assert words.tolist() == by_hand
assert np.array_equal(ansflow.decode(words, model, 32, lanes=1), message * 4)
print(f"by hand  {by_hand}")
print(f"ansflow  {words.tolist()}")
