"""
Bits back, by hand
==================

A model with a latent variable codes data at H(X) = H(X, Z) - H(Z | X) bits: push both x and z, and
get back the bits that chose z. Here with a table of 20 squares instead of a network, where
every step of the stack can be watched, and the cost is exact.

Bits-back coding with ANS is by Townsend, Bird & Barber (2019, arXiv:1901.04866); the identity and
the masses are those of Townsend's talk "Latent Variables and Lossless Compression" (2022).
"""

# %%

# region Imports
import math

import numpy as np

from ansflow.bitsback import (
    BitsBack,
    Stack,
    Uniform,
    categorical_by_alias,
    categorical_by_cdf,
)

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    plt = None
    print('Figures need matplotlib: pip install "ansflow[plot]"')
# endregion

# sphinx_gallery_thumbnail_number = 2

# %%
# A table in 20ths
# ----------------
# The joint distribution of data x, a letter from a to d, and a latent variable z, which is 0, 1 or
# 2. All probabilities are multiples of 1/20, so let each 20th be a square.
#
# A latent variable is one that is never seen. Only x is to be compressed, and each x has several z
# that may be behind it. If z were known, x would be easy to code: p(x | z) is a row of the table.
# But p(x), the sum of a column, is what a symbol should cost. With four letters anyone can add up
# the columns. With images and a neural network nobody can.

X, Z = "abcd", "012"
JOINT = np.array(
    [
        [2, 2, 1, 0],  # z = 0
        [1, 2, 5, 2],  # z = 1
        [0, 1, 2, 2],  # z = 2
    ]
)
assert JOINT.sum() == 20
PRIOR = JOINT.sum(axis=1)  # of z: 5, 10, 5 of 20
MARGINAL = JOINT.sum(axis=0)  # of x: 3, 5, 8, 4 of 20


def entropy(masses):
    p = masses[masses > 0] / 20
    return float(-(p * np.log2(p)).sum())


h_xz, h_x = entropy(JOINT), entropy(MARGINAL)
h_z_given_x = h_xz - h_x
print(f"H(X, Z)                     {h_xz:.4f} bits")
print(f"        - H(Z | X)        - {h_z_given_x:.4f}")
print(f"                   = H(X) = {h_x:.4f}")

# %%
# The squares by rows, the latent variable, and by columns, the letters. The posterior p(z | x) is a
# column: behind a b there is 0 twice, 1 twice and 2 once.

# region Drawing
COLOURS = ["#56B4E9", "#E69F00", "#009E73", "#CC79A7"]  # of a to d
HATCHES = ["", "///", "..", "\\\\\\"]
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"


def draw_joint(axes):
    """A block of squares for each pair of x and z, with the sums of rows and columns."""
    for z in range(3):
        for x in range(4):
            for square in range(JOINT[z, x]):
                left = x + 0.5 + 0.17 * (square - JOINT[z, x] / 2)
                look = {"color": COLOURS[x], "hatch": HATCHES[x], "edgecolor": "white"}
                axes.barh(z - 0.1, 0.16, 0.5, left, **look)
            if JOINT[z, x]:
                axes.text(x + 0.5, z + 0.36, f"{JOINT[z, x]}/20", ha="center", va="center", size=9)
        axes.text(4.35, z, f"{PRIOR[z]}/20", ha="center", va="center", size=10, weight="bold")
    for x in range(4):
        axes.text(x + 0.5, 3, f"{MARGINAL[x]}/20", ha="center", va="center", weight="bold")
    axes.text(4.35, -0.62, "p(z)", ha="center", va="center", weight="bold")
    axes.text(-0.1, 3, "p(x)", ha="right", va="center", weight="bold")
    axes.set(xlim=(0, 4.6), ylim=(3.2, -0.75), yticks=range(3))
    axes.set_xticks(np.arange(4) + 0.5, [f"x = {x}" for x in X])
    axes.set_yticklabels([f"z = {z}" for z in Z])
    axes.hlines([0.55, 1.55, 2.55], 0, 4.7, color="#BBBBBB", lw=0.8)
    axes.vlines([1, 2, 3, 4], -0.75, 3.2, color="#BBBBBB", lw=0.8)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labeltop=True, labelbottom=False)


if plt:
    figure, axes = plt.subplots(figsize=(8, 3.6), layout="constrained")
    draw_joint(axes)
# endregion

# %%
# Push, and what comes back
# -------------------------
# A stack of rANS works both ways. To push a symbol of probability p makes it -log2 p bits longer,
# and to *pop* under a distribution that was not pushed draws a sample, and makes it shorter by as
# much: bits on top of the stack, which look random, are turned into a choice. So to code x:
#
# 1. **pop z** from the posterior p(z | x): the stack gets shorter by -log2 p(z | x);
# 2. **push x** given z: longer by -log2 p(x | z);
# 3. **push z**: longer by -log2 p(z).
#
# As p(z) p(x | z) = p(x) p(z | x), what remains is -log2 p(x), whichever z was drawn. The decoder
# does the opposite in reverse order: it pops z, pops x given z, and now that it knows x, it
# *pushes* z back under the posterior. So it has the bits again that had been on the stack before.


def push(stack, x, note):
    """Push x, and note the length of the stack after each of the steps."""
    z = categorical_by_cdf(JOINT[:, x]).pop(stack)
    note(stack)
    categorical_by_cdf(JOINT[z]).push(stack, x)
    note(stack)
    categorical_by_cdf(PRIOR).push(stack, z)
    note(stack)
    return z


def pop(stack, note):
    z = categorical_by_cdf(PRIOR).pop(stack)
    note(stack)
    x = categorical_by_cdf(JOINT[z]).pop(stack)
    note(stack)
    categorical_by_cdf(JOINT[:, x]).push(stack, z)
    note(stack)
    return x


word = "cabdc"
stack = Stack(seed=3)  # the seed says which bits there are below
start = stack.mark()
lengths = [0.0]  # in bits, from now on


def note(stack):
    lengths.append(stack.rates(start).net)


latents = [push(stack, X.index(x), note) for x in word]
popped = [pop(stack, note) for _ in word]
assert popped == [X.index(x) for x in reversed(word)]
assert stack == Stack(seed=3)  # the bits that chose the latents are back, too
assert np.allclose(lengths, lengths[::-1])

print("   z   pop z  push x  push z      sum  -log2 p(x)")
for i, (x, z) in enumerate(zip(word, latents, strict=True)):
    steps = np.diff(lengths[3 * i : 3 * i + 4])
    worth = math.log2(20 / MARGINAL[X.index(x)])
    print(f"{x}  {z}" + "".join(f"{bits:+8.3f}" for bits in steps), end="")
    print(f"{steps.sum():9.3f}{worth:12.3f}")
    assert math.isclose(steps.sum(), worth, abs_tol=1e-6)

# %%
# The stack while "cabdc" is pushed, and popped again. Each letter begins with a step down, where a
# latent variable is drawn, and ends at the line of what the letters are worth so far. On the way
# back, the same heights are passed in reverse.

# region Drawing
if plt:
    figure, axes = plt.subplots(figsize=(9, 4.6), layout="constrained")
    kinds = ["pop z", "push x", "push z"] * len(word) + ["pop z", "pop x", "push z"] * len(word)
    marks = [mark for x, z in zip(word, latents, strict=True) for mark in (z, x, z)]
    marks += marks[::-1]
    looks = {
        "z taken": {"color": ORANGE, "hatch": "//"},
        "x": {"color": BLUE},
        "z": {"color": GREEN, "hatch": ".."},
    }
    for step, (kind, mark) in enumerate(zip(kinds, marks, strict=True)):
        posterior = step % 3 == (0 if step < len(kinds) / 2 else 2)
        look = looks["x" if kind[-1] == "x" else "z taken" if posterior else "z"]
        start, end = lengths[step], lengths[step + 1]
        axes.bar(step, end - start, 0.8, start, edgecolor="white", **look)
        axes.plot([step - 0.4, step + 1.4], [end, end], color="black", lw=0.8)
        axes.text(step, max(start, end) + 0.15, mark, ha="center", size=9)
    worths = np.cumsum([0] + [math.log2(20 / MARGINAL[X.index(x)]) for x in word])
    axes.plot(np.arange(0, 16, 3) - 0.5, worths, "kD", ms=6, label="-log2 p(x), summed")
    names = "z of the posterior: bits back", "x given z", "z of the prior"
    for (_, look), name in zip(looks.items(), names, strict=True):
        axes.bar(0, 0, label=name, edgecolor="white", **look)
    axes.axvline(14.5, color="black")
    axes.text(7, -3.0, "push", ha="center", weight="bold")
    axes.text(22, -3.0, "pop", ha="center", weight="bold")
    axes.axhline(0, color="black", lw=0.8)
    axes.set(ylabel="bits on the stack, from where it was", ylim=(-3.4, 15), xticks=[])
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left")
# endregion

# %%
# The first letters go below zero: these bits must have been there before. They are the *initial
# bits*, three of them here: something else that is to be sent, or noise, which is then part of the
# message once. All other latent variables are drawn with bits of the letters before.
#
# Many letters, and other latent variables
# ----------------------------------------
# ``BitsBack`` is the codec of these three steps. What a letter costs does not depend on the latent
# variable. Take the finest one, a z for each square of the table: then x is certain given z, and z
# is any of f squares given x. That is rANS, whose latent variable is the slot: pop a rank among the
# f slots, which takes log2 f bits, and push the slot, which gives log2 20. The two lines of
# ``BySlots`` do it with nothing but ``Uniform(n)``: a push of u makes n * state + u of the state,
# and a pop is a divmod. The alias method has two latent variables, a column and a switch:
# :doc:`search_and_alias` draws them.

by_table = BitsBack(
    prior=categorical_by_cdf(PRIOR),
    likelihood=lambda z: categorical_by_cdf(JOINT[z]),
    posterior=lambda x: categorical_by_cdf(JOINT[:, x]),
    stir=False,  # the posterior is exact
)
first_slot = np.cumsum(MARGINAL) - MARGINAL


class BySlots:
    """rANS, from nothing but uniform numbers: the slot of a symbol is a latent variable."""

    def push(self, stack, x):
        rank = int(Uniform(int(MARGINAL[x]), ()).pop(stack))  # pop z given x
        Uniform(20, ()).push(stack, int(first_slot[x]) + rank)  # x is certain given z; push z

    def pop(self, stack):
        slot = int(Uniform(20, ()).pop(stack))
        x = int(np.searchsorted(first_slot, slot, side="right")) - 1
        Uniform(int(MARGINAL[x]), ()).push(stack, slot - int(first_slot[x]))
        return x


letters = np.random.default_rng(1).choice(4, 2000, p=MARGINAL / 20).tolist()
ideal = sum(math.log2(20 / MARGINAL[x]) for x in letters)
codecs = {
    "latent z of the table": by_table,
    "latent slot, by hand": BySlots(),
    "latent slot": categorical_by_cdf(MARGINAL),
    "latent column and switch": categorical_by_alias(MARGINAL),
}
print(f"{'-log2 p(x), summed':26} {ideal:10.3f} bits")
for name, codec in codecs.items():
    stack = Stack(seed=0)
    start = stack.mark()
    for x in letters:
        codec.push(stack, x)
    net = stack.rates(start).net
    assert [codec.pop(stack) for _ in letters] == letters[::-1]
    assert stack == Stack(seed=0)
    print(f"{name:26} {net:10.3f} bits")

# %%
# Where bits back gains
# ---------------------
# Without the first step, an encoder would have to choose z somehow. If it draws z from the
# posterior by dice, a letter costs H(X, Z) on average. If it takes the most likely z, it costs
# less, but still more than H(X), since other z that would have explained x as well are paid for.
# What bits back saves is the difference: the more a latent variable leaves open given x, the more.

best = np.array([max(JOINT[:, x]) for x in range(4)])
costs = {
    "z drawn by dice": h_xz,
    "the most likely z": float((MARGINAL / 20 * np.log2(20 / best)).sum()),
    "bits back": h_x,
}
for name, bits in costs.items():
    print(f"{name:18} {bits:.4f} bits a letter")

# region Drawing
if plt:
    figure, axes = plt.subplots(figsize=(8, 2.2), layout="constrained")
    bars = axes.barh(list(costs), list(costs.values()), color=[COLOURS[0], COLOURS[1], COLOURS[2]])
    axes.bar_label(bars, fmt="%.2f", padding=4)
    axes.axvline(h_x, color="black", ls="--")
    axes.text(h_x, -0.75, "H(X)", ha="center")
    axes.set(xlabel="bits a letter", xlim=(0, 3.5), ylim=(2.6, -0.6))
    axes.spines[["top", "right"]].set_visible(False)
# endregion
