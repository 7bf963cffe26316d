"""
A state-space model of text
===========================

A hidden Markov model says of a text that its writer has a state, which changes from character to
character and cannot be seen. Bits back codes the text *with* these states and gets their bits back,
so that one pays for the text alone. What the states mean, nobody has told the model.
"""

# %%
# Townsend and Murray 2021 (arXiv:2103.10150) code with state-space models in this way. From
# H(X) = H(X, Z) - H(Z | X), where X is the text and Z are the states: pushing both takes H(X, Z),
# and the states have been popped before, given the text, which gives H(Z | X) back. Since the
# distribution of states given the text is known exactly, by the forward algorithm, the rate is
# -log2 p(x), and nothing is lost as with models whose posterior is approximate.

# region Imports and options
import argparse
import json
import sys
import textwrap
import time
from pathlib import Path

import numpy as np

from ansflow.bitsback import HiddenMarkov, Stack
from ansflow.models import Categorical, Conditional

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    plt = None
    print('The figures need matplotlib: pip install "ansflow[plot]"')

HERE = Path(__file__).parent if "__file__" in globals() else Path()  # of a notebook, or none

parser = argparse.ArgumentParser(description="A hidden Markov model of text, by bits back.")
parser.add_argument(
    "text", type=Path, nargs="?", default=HERE / "war_and_peace.txt", help="a text in UTF-8"
)
parser.add_argument("--states", type=int, default=64)
parser.add_argument("--steps", type=int, default=120, help="of expectation-maximisation")
parser.add_argument("--length", type=int, default=1 << 14, help="symbols of the random model")
parser.add_argument("--figure", type=Path, help="where to save the figure of rates")
parser.add_argument("--json", action="store_true", help="end with a line of JSON")
options = parser.parse_args(sys.argv[1:] if "__file__" in globals() else [])
# endregion

PRECISION = 16

# %%
# Exactly at the bound
# --------------------
# First a model is made up, of 64 states and 256 symbols, and symbols that it has written itself are
# coded: a sample is what is popped from a stack where nobody has pushed it. What they add to the
# stack is compared with -log2 p(x). All that is coded here is decoded, and the bits that were on
# the stack before come back with it.


class Coded:
    """Symbols on a stack, decoded again."""

    def __init__(self, codec: HiddenMarkov, symbols: np.ndarray) -> None:
        stack = Stack(seed=0)
        start = stack.mark()
        codec.push(stack, symbols)
        rates = stack.rates(start)
        self.ideal, self.net, self.used = codec.bits(symbols), rates.net, rates.used
        assert np.array_equal(codec.pop(stack), symbols), "a symbol was not restored"
        assert stack == Stack(seed=0), "the initial stack was not restored"


def random_model(length: int, states: int = 64, alphabet: int = 256) -> HiddenMarkov:
    rng = np.random.default_rng(0)

    def rows(*shape: int) -> np.ndarray:
        return rng.dirichlet(np.full(shape[-1], 0.1), shape[:-1]) + 1e-6

    return model_of(rows(states), rows(states, states), rows(states, alphabet), length)


def model_of(
    prior: np.ndarray, transitions: np.ndarray, emissions: np.ndarray, length: int
) -> HiddenMarkov:
    """The codec for probabilities, which become frequencies here."""
    return HiddenMarkov(
        Categorical.from_counts(prior, precision=PRECISION),
        Conditional.from_counts(transitions, precision=PRECISION),
        Conditional.from_counts(emissions, precision=PRECISION),
        length,
    )


# region Measuring
def microseconds(codec: HiddenMarkov, symbols: np.ndarray) -> float:
    """Time for each symbol, the best of five: of pushing or popping, whichever is slower."""
    times = []
    for _ in range(5):
        stack = Stack(seed=0)
        begun = time.process_time()
        codec.push(stack, symbols)
        pushed = time.process_time()
        codec.pop(stack)
        times.append((pushed - begun, time.process_time() - pushed))
    return max(np.min(times, axis=0)) / len(symbols) * 1e6


def measured(codec: HiddenMarkov) -> dict[str, float]:
    """What a sample costs, beside its code length."""
    symbols = codec.pop(Stack(seed=1))  # nobody has pushed it
    coded = Coded(codec, symbols)
    return {
        "length": codec.length,
        "ideal_bits": coded.ideal,
        "bits": coded.net,
        "us_per_symbol": round(microseconds(codec, symbols), 3),
    }


# endregion


hmm = measured(random_model(options.length))
print(f"{options.length:,} symbols of a random model with 64 states:")
print(f"  {'-log2 p(x)':34} {hmm['ideal_bits']:12,.2f} bits")
excess = hmm["bits"] / hmm["ideal_bits"] - 1
print(f"  {'bits back, net':34} {hmm['bits']:12,.2f} bits ({excess:+.0e} of it)")
print(f"  {'a symbol, coded or decoded':34} {hmm['us_per_symbol']:12.2f} us")

# %%
# A model of a text
# -----------------
# The text is the opening of "War and Peace" (translated by Louise and Aylmer Maude, in the public
# domain). A model is fitted to its first three quarters by expectation-maximisation, from random
# numbers on: given the model, what states was it probably in? Given these, which model would be the
# best?

# region Expectation-maximisation
# The text is cut into so many pieces, all of which are fitted to at a time. The products of 60 x 64
# and 64 x 64 matrices are small enough for BLAS to take one thread, which is much quicker than to
# wake others.
PIECES = 60


class Chain:
    """A hidden Markov model in floating point, improved step by step.

    Rabiner 1989, doi:10.1109/5.18626, section III: Baum and Welch's algorithm, with scaled beliefs.
    """

    def __init__(self, symbols: np.ndarray, shares: np.ndarray, states: int) -> None:
        rng = np.random.default_rng(0)
        self.shares = shares
        length = len(symbols) // PIECES
        self.pieces = symbols[: PIECES * length].reshape(PIECES, length).T  # time, piece
        self.prior = rng.dirichlet(np.ones(states))
        self.transitions = rng.dirichlet(np.ones(states), states)
        self.emissions = normalised(shares * rng.gamma(1, 1, (states, len(shares))))

    def improve(self) -> float:
        """One step of expectation and maximisation; return the bits a character before it."""
        likelihoods = self.emissions.T[self.pieces]  # time, piece, state
        beliefs, scales = np.empty_like(likelihoods), np.empty((*self.pieces.shape, 1))
        predicted = self.prior
        for t, likelihood in enumerate(likelihoods):
            joint = predicted * likelihood
            scales[t] = joint.sum(axis=1, keepdims=True)
            beliefs[t] = joint / scales[t]
            predicted = beliefs[t] @ self.transitions

        moves = np.zeros_like(self.transitions)
        later = np.ones_like(beliefs[0])  # what the rest of a piece says of the state
        for t in reversed(range(len(self.pieces))):
            now = likelihoods[t] * later / scales[t]
            if t:
                moves += beliefs[t - 1].T @ now
            beliefs[t] *= later
            later = now @ self.transitions.T

        # A little of the average is mixed in, so that nothing becomes impossible.
        self.prior = normalised(beliefs[0].mean(axis=0) + 1e-4)
        self.transitions = normalised(self.transitions * moves + 1e-3)
        characters = self.pieces.reshape(-1)
        order = np.argsort(characters, kind="stable")
        present, firsts = np.unique(characters[order], return_index=True)
        counts = np.zeros_like(self.emissions)
        sums = np.add.reduceat(beliefs.reshape(-1, len(self.prior))[order], firsts)
        counts[:, present] = sums.T
        self.emissions = normalised(counts + 0.3 * self.shares)
        return float(-np.log2(scales).mean())


def normalised(rows: np.ndarray) -> np.ndarray:
    return rows / rows.sum(axis=-1, keepdims=True)


# endregion


characters, symbols = np.unique(list(options.text.read_text("utf-8")), return_inverse=True)
if len(symbols) < 1000:
    parser.error(f"the text has {len(symbols)} characters; it takes at least 1000")
fitted, rest = np.split(symbols, [len(symbols) * 3 // 4])
shares = normalised(np.bincount(fitted, minlength=len(characters)) + 1 / len(characters))
chain = Chain(fitted, shares, options.states)
begun = time.perf_counter()
curve = [chain.improve() for _ in range(options.steps)]
print(f"{options.text.name}: {len(fitted):,} characters to fit to, and {len(rest):,} to code")
seconds = time.perf_counter() - begun
print(f"{options.states} states, {options.steps} steps of EM in {seconds:.0f} s")

# %%
# The last quarter, which the model has not seen, is coded with it. Two models without hidden states
# are measured on the same characters: *order 0* knows how frequent each one is, *order 1* how
# frequent it is behind the character before. The hidden states may remember something from further
# back.


# region Models without hidden states
def orders(fitted: np.ndarray, coded: np.ndarray, alphabet: int) -> tuple[float, float]:
    """Bits a character of `coded` under distributions of `fitted`, by the character before or not.

    Pairs have a share of what characters have alone, so that none is impossible; ten times that
    share is best for the default text.
    """
    counts = np.bincount(fitted, minlength=alphabet) + 1 / alphabet
    alone = Categorical.from_counts(counts, precision=PRECISION)
    pairs = np.zeros((alphabet, alphabet))
    np.add.at(pairs, (fitted[:-1], fitted[1:]), 1)
    before = np.append(fitted[-1], coded[:-1])
    after = Conditional.from_counts(pairs + 10 * normalised(counts), before, precision=PRECISION)
    return tuple(model.code_length(coded) / len(coded) for model in (alone, after))


# endregion


tables = chain.prior, chain.transitions, chain.emissions
order0, order1 = orders(fitted, rest, len(characters))
lengths = {
    n: Coded(model_of(*tables, n), rest[:n])
    for n in (10, 30, 100, 300, 1000, 3000, 10_000, len(rest))
    if n <= len(rest)
}
coded = lengths[len(rest)]
text = {
    "order0": order0,
    "order1": order1,
    "ideal": coded.ideal / len(rest),
    "rate": coded.net / len(rest),
}
print(f"  {'order 0':34} {order0:12.4f} bits / character")
print(f"  {'order 1':34} {order1:12.4f}")
print(f"  {'-log2 p(x) of the model':34} {text['ideal']:12.4f}")
print(f"  {'bits back, net':34} {text['rate']:12.4f}")
print(f"  {'bits back, with all initial bits':34} {coded.used / len(rest):12.4f}")
print("All symbols and characters were restored.")

# %%
# On the left, how the model got better at the text that it was fitted to. On the right, what the
# beginnings of the rest cost. The first states are popped from bits that have to come from
# somewhere: a short text pays for these, a long one doesn't notice.

# region Drawing
BLUE, ORANGE, GREEN = "#0072B2", "#E69F00", "#009E73"

if plt:
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    left.plot(range(len(curve)), curve, color=BLUE, label="the model, fitted part")
    for order, style, colour in (
        ("order0", ":", GREEN),
        ("order1", "-.", ORANGE),
        ("ideal", "--", BLUE),
    ):
        label = "the model, the rest" if order == "ideal" else f"order {order[-1]}, the rest"
        left.axhline(text[order], color=colour, linestyle=style, label=label)
    left.set(xlabel="steps of EM", ylabel="bits / character", title="fitting")
    sizes = np.array(list(lengths))
    for rate, style, colour, label in (
        ("used", "o-", ORANGE, "with all initial bits"),
        ("net", "s", BLUE, "net"),
        ("ideal", "--", "black", "-log2 p(x)"),
    ):
        bits = [getattr(coded, rate) for coded in lengths.values()]
        right.semilogx(sizes, bits / sizes, style, color=colour, label=label)
    right.set(xlabel="characters", ylabel="bits / character", title="coding the rest")
    for axes in (left, right):
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    if options.figure:
        figure.savefig(options.figure, dpi=120)
# endregion

# %%
# What the states mean
# --------------------
# Each row is one of the states that are visited most, each column a character, and the darker the
# cell, the more often the state writes it. Nobody has said what a vowel is.

# region Drawing
SHOWN, MARKS, VOWELS = 40, " \n.,;:!?-—\"'“”\u2018\u2019()", "aeiouyéèà"
VISIBLE = {" ": "␣", "\n": "¶"}


def kind(character: str) -> tuple[int, str]:
    """Where a character stands: spaces and marks, vowels, consonants, capitals."""
    capital = character != character.lower()
    order = 0 if character in MARKS else 3 if capital else 1 if character in VOWELS else 2
    return order, character


visits = np.full(options.states, 1 / options.states)
for _ in range(200):
    visits = visits @ chain.transitions
most = chain.emissions.argmax(axis=1)
every = sorted(range(options.states), key=lambda i: (*kind(characters[most[i]]), -visits[i]))
often = sorted(np.argsort(-visits)[:SHOWN], key=every.index)
columns = sorted(np.argsort(-shares)[:SHOWN], key=lambda symbol: kind(characters[symbol]))
names = [VISIBLE.get(character, character) for character in characters]
look = {"cmap": "Blues", "vmin": 0, "vmax": 1, "interpolation": "nearest"}

if plt:
    figure, axes = plt.subplots(figsize=(9, 8), layout="constrained")
    picture = axes.imshow(chain.emissions[np.ix_(often, columns)], **look)
    axes.set_xticks(range(len(columns)), [names[symbol] for symbol in columns])
    best = [np.argsort(-chain.emissions[state])[:4] for state in often]
    labels = ["  ".join(names[symbol] for symbol in four) for four in best]
    axes.set_yticks(range(len(often)), labels, fontsize=8)
    axes.set(xlabel="characters", ylabel="states, by the characters that each writes most")
    figure.colorbar(picture, ax=axes, shrink=0.5, label="probability")
# endregion

# %%
# And the states at work: a piece of the text that the model has not seen, and above each character
# how probable each of all states is there, given the whole piece. The writer goes to and fro
# between states of vowels and of consonants, and there are several for each letter, which know what
# has been or what will come: the "t" that an "h" follows is not the one that ends a word.


def beliefs(symbols: np.ndarray) -> np.ndarray:
    """Probabilities of states at each symbol, given all: forward and backward."""
    forward, backward = np.empty((2, len(symbols), options.states))
    predicted = chain.prior
    for t, symbol in enumerate(symbols):
        forward[t] = normalised(predicted * chain.emissions[:, symbol])
        predicted = forward[t] @ chain.transitions
    backward[-1] = 1
    for t in reversed(range(len(symbols) - 1)):
        after = chain.emissions[:, symbols[t + 1]] * backward[t + 1]
        backward[t] = normalised(chain.transitions @ after)
    return normalised(forward * backward)


# region Drawing
if plt:
    figure, axes = plt.subplots(figsize=(11, 6), layout="constrained")
    piece = slice(150, 220)
    axes.imshow(beliefs(rest[:400])[piece][:, every].T, aspect="auto", **look)
    axes.set_xticks(range(piece.stop - piece.start), [names[symbol] for symbol in rest[piece]])
    axes.tick_params(length=0)
    kinds = [kind(characters[most[state]])[0] for state in every]
    middles = {number: np.mean(np.flatnonzero(np.equal(kinds, number))) for number in {*kinds}}
    groups = "spaces\nand marks", "vowels", "consonants", "capitals"
    axes.set_yticks([*middles.values()], [groups[number] for number in middles])
    for edge in np.flatnonzero(np.diff(kinds)):
        axes.axhline(edge + 0.5, color="black", lw=0.8)
    axes.set_ylabel("states, by what each writes most")
# endregion

# sphinx_gallery_thumbnail_number = 2

# %%
# A sample: characters that are popped from bits of a seed, and so what a decoder would make of
# noise. A model of whole words it is not.

sample = "".join(characters[model_of(*tables, 280).pop(Stack(seed=2))])
for line in sample.split("\n"):
    print(textwrap.fill(line, 74, initial_indent="  ", subsequent_indent="  "))

# region For programs
if options.json:
    print(json.dumps({"hmm": hmm, "text": text}))
# endregion
