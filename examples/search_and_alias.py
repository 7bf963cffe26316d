"""
CDF search and alias tables
===========================

A decoder of rANS has a slot and needs the symbol that owns it. It can search for it in the
cumulative distribution, or look it up in an alias table, which needs no search. That
doesn't remove the search: it moves it from the decoder to the encoder.

Both are codecs of a model with latent variables, as in Townsend's talk "Latent Variables and
Lossless Compression" (2022): the slot in one case, a column and a switch in the other. The alias
method is by Walker (1977, doi:10.1145/355744.355749), and for rANS by Giesen (2014,
arXiv:1402.3392, section 4).
"""

# %%

# region Imports and options
import argparse
import sys
import time

import numba
import numpy as np

import ansflow
from ansflow.bitsback import Stack, categorical_by_alias, categorical_by_cdf
from ansflow.bitsback.models.latent_categorical import columns

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    plt = None
    print('Figures need matplotlib: pip install "ansflow[plot]"')

parser = argparse.ArgumentParser(description="Two ways from slots to symbols, and their price.")
parser.add_argument("--symbols", type=int, default=1 << 19, help="how many are timed")
options = parser.parse_args(sys.argv[1:] if "__file__" in globals() else [])  # in a notebook: none
# endregion

# %%
# Two ways to sample
# ------------------
# Take the distribution of the talk: a to d with masses 3, 5, 8 and 4 of 20.
#
# **CDF search.** Throw a die with 20 faces, and let the slot u be its result. Go up to u on the
# axis of the cumulative distribution, then right until you meet the curve. That is a search: by
# halves, it takes log2 n steps for n symbols. A table of all slots makes it one step, but there may
# be 2^16 slots where there are 4 symbols.
#
# **The alias method.** Cut the masses into pieces, and fill as many columns as there are symbols,
# all of the same height, with two symbols each at most: the column's own, and its *alias*. That is
# always possible: fill up the lowest column from the highest one, and there is one column less to
# fill. A slot is now a place in these columns. To find its symbol, divide: the quotient is the
# column, and the remainder says whether the place is below or above the line between the two
# symbols. That is two look-ups, for any number of symbols, in a table that is as long as the
# alphabet.

SYMBOLS = "abcd"
MASSES = [3, 5, 8, 4]
CDF = [0, 3, 8, 16, 20]
DIVIDERS, ALIASES, HEIGHT = columns(MASSES)


def by_search(slot):
    return next(s for s in range(4) if slot < CDF[s + 1])


def by_alias(slot):
    column, place = divmod(slot, HEIGHT)
    return column if place < DIVIDERS[column] else ALIASES[column]


for owner in (by_search, by_alias):
    slots = [owner(slot) for slot in range(20)]
    assert [slots.count(s) for s in range(4)] == MASSES
    print(f"{owner.__name__:10}", "".join(SYMBOLS[s] for s in slots))

# %%
# Each symbol owns as many slots as before, but other ones: slot 13 is c's in both pictures, slot 4
# is b's by CDF and c's by alias. The arrows in the middle say where the surplus of c goes.

# region Drawing
COLOURS = ["#56B4E9", "#E69F00", "#009E73", "#CC79A7"]
HATCHES = ["", "///", "...", "\\\\\\"]
BLUE, ORANGE = "#0072B2", "#D55E00"
LOOKS = [{"color": COLOURS[s], "hatch": HATCHES[s], "edgecolor": "white"} for s in range(4)]
BOXED = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"}
ARROW = {"arrowstyle": "->", "lw": 2, "shrinkA": 0, "shrinkB": 0}


def draw_search(axes, slots):
    """The cumulative distribution, and the way from slots to their symbols."""
    for s, mass in enumerate(MASSES):
        axes.bar(s, mass, 0.96, CDF[s], **LOOKS[s])
        axes.plot([s - 0.5, s - 0.5, s + 0.5], [CDF[s], CDF[s + 1], CDF[s + 1]], "k", lw=1.5)
    for slot, colour in zip(slots, (ORANGE, BLUE), strict=True):
        s, height = by_search(slot), slot + 0.5
        axes.annotate("", (s, height), (-0.8, height), arrowprops=ARROW | {"color": colour})
        axes.annotate("", (s, 0), (s, height), arrowprops=ARROW | {"color": colour})
        axes.text(-0.95, height, slot, ha="right", va="center", color=colour, weight="bold")
    axes.set(xlim=(-0.8, 3.6), ylim=(0, 20), xticks=range(4), yticks=[])
    axes.set_xticklabels(SYMBOLS)
    axes.set_ylabel("slot", labelpad=20)
    axes.set_title("CDF search", loc="left")


def draw_alias(axes, slots):
    """The columns, with the number of each slot."""
    for slot in range(20):
        column, place = divmod(slot, HEIGHT)
        axes.bar(column, 1, 0.9, place, **LOOKS[by_alias(slot)])
        colour = dict(zip(slots, (ORANGE, BLUE), strict=True)).get(slot, "black")
        weight = "bold" if slot in slots else "normal"
        place += 0.5
        axes.text(
            column, place, slot, ha="center", va="center", bbox=BOXED, c=colour, weight=weight
        )
    for column, divider in enumerate(DIVIDERS):
        axes.plot([column - 0.45, column + 0.45], [divider] * 2, color="black", lw=3)
        text = SYMBOLS[column]
        if divider < HEIGHT:
            text += f", alias {SYMBOLS[ALIASES[column]]}"
        axes.text(column, 5.15, text, ha="center")
    axes.set(ylim=(0, 5.5), xticks=range(4), yticks=[], xlabel="column = slot div 5")
    axes.set_ylabel("place = slot mod 5")
    axes.set_title("Alias table", loc="left")


def draw_masses(axes):
    """The masses, of which what exceeds a column is moved to others."""
    for s, mass in enumerate(MASSES):
        axes.bar(s, mass, 0.9, **LOOKS[s])
        axes.text(s, mass + 0.15, mass, ha="center")
    axes.axhline(HEIGHT, color="black", ls="--")
    for start, end in (((1.75, 6.5), (0, 4)), ((2.25, 6.5), (3, 4.5))):
        arrow = ARROW | {"connectionstyle": "arc3,rad=0.25" if end[0] == 0 else "arc3,rad=-0.3"}
        axes.annotate("", end, start, arrowprops=arrow)
    axes.set(ylim=(0, 9), xticks=range(4), yticks=[], xlabel="symbol")
    axes.set_xticklabels(SYMBOLS)
    axes.set_title("Masses, levelled", loc="left")


if plt:
    figure, axes = plt.subplots(1, 3, figsize=(10, 4), layout="constrained")
    draw_search(axes[0], (4, 13))
    draw_masses(axes[1])
    draw_alias(axes[2], (4, 13))
    for panel in axes:
        panel.spines[["top", "right", "left"]].set_visible(False)
# endregion

# %%
# And back: which slot of the symbol?
# -----------------------------------
# A symbol owns several slots. In rANS an encoder doesn't waste the choice: the state is x = f * q +
# r, and the remainder r, which is one of f numbers, chooses the slot. The decoder finds r again as
# the *rank* of its slot among those of the symbol. So an encoder needs the way from symbol and rank
# to the slot.
#
# With CDF search this is an addition, as the symbol's slots are neighbours, from the first one, c,
# on: slot = c + r. With an alias table, they are scattered over columns. The encoder has to search
# for the half column in which rank r is, or look it up in a table of all slots. So this is what the
# alias method moves: *CDF: the decoder searches and the encoder adds. Alias: the decoder looks up,
# and the encoder searches.*


def slots_of(symbol, owner):
    return [slot for slot in range(20) if owner(slot) == symbol]


for s, letter in enumerate(SYMBOLS):
    print(f"slots of {letter}:  {slots_of(s, by_search)!s:32}  {slots_of(s, by_alias)}")

# region Drawing
if plt:
    figure, axes = plt.subplots(figsize=(9, 3.2), layout="constrained")
    for height, owner in ((0, by_search), (2, by_alias)):
        for slot in range(20):
            axes.bar(slot, 0.7, 1, height, **LOOKS[owner(slot)])
            axes.text(slot, height + 0.35, slot, ha="center", va="center", size=8, bbox=BOXED)
    for rank in range(MASSES[2]):
        axes.text(rank + 6, 1.35, rank, ha="center", va="center", weight="bold")
        for owner, start, end in ((by_search, 1.2, 0.72), (by_alias, 1.5, 1.98)):
            axes.plot([rank + 6, slots_of(2, owner)[rank]], [start, end], color="black", lw=1)
    axes.set(xticks=[], yticks=[0.35, 1.35, 2.35], xlim=(-0.6, 19.6))
    axes.set_yticklabels(["slots by CDF", "rank among c's slots", "slots by alias"])
    axes.spines[:].set_visible(False)
    axes.tick_params(left=False)
# endregion

# %%
# The same as latent variables
# ----------------------------
# Call the slot a latent variable. Given the slot, the symbol is certain. Given the symbol, the slot
# is one of f, equally likely. To push a symbol is to *pop* a slot given the symbol, which is where
# the rank r comes from, and to push that slot as one of 20. Bits that the pop takes off the state
# are not lost, since the decoder pushes them back: log2 20 - log2 f bits remain, what the symbol is
# worth. With the alias method there are two latents, the column, one of 4, and the switch, "below"
# or "above". :doc:`latents_by_hand` does the same where the latent variable isn't made up.
#
# ``categorical_by_cdf`` and ``categorical_by_alias`` are written in this way, and cost the same.

stacks = {categorical_by_cdf: Stack(seed=0), categorical_by_alias: Stack(seed=0)}
message = np.random.default_rng(0).choice(4, 1000, p=np.divide(MASSES, 20)).tolist()
ideal = sum(np.log2(20 / MASSES[s]) for s in message)
print(f"{'ideal':22} {ideal:8.2f} bits")
for codec, stack in stacks.items():
    start = stack.mark()
    for s in message:
        codec(MASSES).push(stack, s)
    net = stack.rates(start).net
    assert [codec(MASSES).pop(stack) for _ in message] == message[::-1]
    assert stack == Stack(seed=0)
    print(f"{codec.__name__:22} {net:8.2f} bits")

# %%
# What it costs
# -------------
# Now for larger alphabets, with 2^20 slots: nanoseconds to find the symbol of a slot, and the slot
# of a symbol and rank.


@numba.njit
def search(cdf, slots, out):
    """The symbols of slots: the last s with cdf[s] <= slot."""
    for i, slot in enumerate(slots):
        low, high = 0, cdf.size - 1
        while high - low > 1:
            middle = (low + high) >> 1
            if cdf[middle] <= slot:
                low = middle
            else:
                high = middle
        out[i] = low


@numba.njit
def look_up(table, places, out):
    """What is in a table of all slots."""
    for i, place in enumerate(places):
        out[i] = table[place]


@numba.njit
def choose(dividers, aliases, shift, slots, out):
    """The symbols of slots in columns of 2^shift."""
    for i, slot in enumerate(slots):
        column = slot >> shift
        below = slot - (column << shift) < dividers[column]
        out[i] = column if below else aliases[column]


@numba.njit
def add(cdf, symbols, ranks, out):
    """The slots of symbols and ranks, if a symbol's slots are neighbours."""
    for i in range(symbols.size):
        out[i] = cdf[symbols[i]] + ranks[i]


# region Measuring
def best_ns(function, *arguments):
    """Nanoseconds an item, the best of five, and the result."""
    out, times = np.empty(options.symbols, np.int64), []
    for _ in range(5):
        begin = time.process_time()
        function(*arguments, out)
        times.append(time.process_time() - begin)
    return 1e9 * min(times) / out.size, out


SLOT_BITS = 20
DECODERS = "search in the CDF", "table of all slots", "alias table"
ENCODERS = "CDF: add", "alias: search", "alias: table of all slots"
alphabets = [1 << bits for bits in range(2, 17, 2)]
found = {name: [] for name in DECODERS + ENCODERS}
for n in alphabets:
    rng = np.random.default_rng(n)
    freq = ansflow.models.quantize(rng.gamma(0.5, size=n) + 1e-6, SLOT_BITS).astype(np.int64)
    cdf = np.concatenate([[0], np.cumsum(freq)])
    dividers, aliases, width = (np.array(part) for part in columns(freq.tolist()))
    shift = int(width).bit_length() - 1
    slots = rng.integers(0, 1 << SLOT_BITS, options.symbols)
    table = np.repeat(np.arange(n), freq)
    ns, symbols = best_ns(search, cdf, slots)
    found[DECODERS[0]].append(ns)
    ns, again = best_ns(look_up, table, slots)
    assert np.array_equal(again, symbols)
    found[DECODERS[1]].append(ns)
    ns, again = best_ns(choose, dividers, aliases, shift, slots)
    found[DECODERS[2]].append(ns)

    # Of the alias table: all slots, symbol by symbol, and where each half of a column begins.
    every = np.arange(1 << SLOT_BITS)
    owners = np.empty_like(every)
    choose(dividers, aliases, shift, every, owners)
    assert np.array_equal(np.bincount(owners, minlength=n), freq)
    inverse = np.argsort(owners, kind="stable")
    starts = np.append(np.flatnonzero(np.diff(inverse, prepend=-2) != 1), every.size)
    ranks = slots - cdf[symbols]  # uniform, given the symbol
    ns, by_cdf = best_ns(add, cdf, symbols, ranks)
    assert np.array_equal(by_cdf, slots)
    found[ENCODERS[0]].append(ns)
    ns, halves = best_ns(search, starts, by_cdf)
    found[ENCODERS[1]].append(ns)
    ns, scattered = best_ns(look_up, inverse, by_cdf)
    assert np.array_equal(inverse[starts[halves]] + by_cdf - starts[halves], scattered)
    found[ENCODERS[2]].append(ns)
    choose(dividers, aliases, shift, scattered, again)
    assert np.array_equal(again, symbols)

print(f"{'':8}{'decoder':^24}{'encoder':^24}")
print(f"{'':8}{'CDF':>8}{'table':>8}{'alias':>8}{'CDF':>8}{'alias':>8}{'alias':>8}")
print(f"{'symbols':8}{'search':>8}{'':8}{'':8}{'add':>8}{'search':>8}{'table':>8}")
for n, row in zip(alphabets, zip(*found.values(), strict=True), strict=True):
    print(f"{n:<8,}" + "".join(f"{ns:8.2f}" for ns in row))
# endregion

# %%
# The search takes as many steps as the alphabet has bits, whichever side has to do it. Tables of
# all slots are quick as long as they fit a cache: the one of ansflow's fast coder has 2^16 entries
# at most. So ``ansflow.encode`` has such a table for its decoder by default, and ``method="alias"``
# where a decoder should do with small ones: a search needs n + 1 numbers, an alias table 2 n, and a
# table of all slots 2^20 here.

# region Drawing
if plt:
    figure, panels = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained", sharey=True)
    titles = "Decoder: slot to symbol", "Encoder: symbol and rank to slot"
    for axes, names, title in zip(panels, (DECODERS, ENCODERS), titles, strict=True):
        for name in names:
            colour, marker = (ORANGE, "o") if "search" in name else (BLUE, "s")
            if name in ("alias table", "CDF: add"):
                colour, marker = "black", "^"
            axes.plot(alphabets, found[name], color=colour, marker=marker, label=name)
        axes.set_xscale("log", base=2)
        axes.set(xlabel="symbols in the alphabet", title=title, ylim=(0, None))
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, loc="upper left")
    panels[0].set_ylabel("nanoseconds a symbol")
# endregion
