"""A hidden Markov model of text, coded by bits back at the rate of its forward algorithm.

Townsend & Murray 2021 (arXiv:2103.10150) code with state-space models at the cost of the data
alone, -log2 p(x), though states are coded, too: their bits come back. First that is measured with a
random model of 64 states and symbols sampled from it. Then a model of the characters of a text is
fitted to its first three quarters by expectation-maximisation, and codes the rest, compared with
models of the same characters that look at none (order 0) or one (order 1) before. All that is coded
is decoded and compared.

The text is by default the opening of "War and Peace" (translated by Louise and Aylmer Maude, in the
public domain), which is beside this file. Plots the rates if matplotlib is installed
(``pip install "ansflow[plot]"``).
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from ansflow.bitsback import HiddenMarkov, Stack
from ansflow.models import Categorical, Conditional

TEXT = Path(__file__).with_name("war_and_peace.txt")
PRECISION = 16

# The text is fitted to in so many pieces, all at a time. The products of 60 x 64 and 64 x 64
# matrices are small enough for BLAS to take one thread, which is much quicker than to wake others.
PIECES = 60


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


def draw(file: Path, text: dict[str, float], curve: list[float], lengths: dict[int, Coded]) -> None:
    """Plot how the model was fitted, and what the beginnings of the rest cost."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ModuleNotFoundError:
        print("(no figure: it needs matplotlib)")
        return
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4))
    left.plot(range(len(curve)), curve, label="fitted part")
    for order, style in (("order0", ":"), ("order1", "-."), ("ideal", "--")):
        label = "the rest" if order == "ideal" else f"order {order[-1]}, the rest"
        left.axhline(text[order], color="black", linestyle=style, label=label)
    left.set(xlabel="steps of EM", ylabel="bits / character", title="fitting")
    sizes = np.array(list(lengths))
    for rate, style, label in (
        ("used", "o-", "with all initial bits"),
        ("net", "s", "net"),
        ("ideal", "k--", "-log2 p(x)"),
    ):
        bits = [getattr(coded, rate) for coded in lengths.values()]
        right.semilogx(sizes, bits / sizes, style, label=label)
    right.set(xlabel="characters", ylabel="bits / character", title="coding the rest")
    for axes in (left, right):
        axes.legend()
    figure.tight_layout()
    figure.savefig(file, dpi=120)
    print(f"The figure is in {file}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text", type=Path, nargs="?", default=TEXT, help="a text in UTF-8")
    parser.add_argument("--states", type=int, default=64)
    parser.add_argument("--steps", type=int, default=120, help="of expectation-maximisation")
    parser.add_argument("--length", type=int, default=1 << 14, help="symbols of the random model")
    parser.add_argument("--figure", type=Path, default=Path("state_space_text.png"))
    parser.add_argument("--json", action="store_true", help="end with a line of JSON")
    options = parser.parse_args()

    hmm = measured(random_model(options.length))
    characters, symbols = np.unique(list(options.text.read_text("utf-8")), return_inverse=True)
    if len(symbols) < 1000:
        parser.error(f"the text has {len(symbols)} characters; it takes at least 1000")
    fitted, rest = np.split(symbols, [len(symbols) * 3 // 4])
    shares = normalised(np.bincount(fitted, minlength=len(characters)) + 1 / len(characters))
    chain = Chain(fitted, shares, options.states)
    begun = time.perf_counter()
    curve = [chain.improve() for _ in range(options.steps)]
    seconds = time.perf_counter() - begun

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
    print(f"{options.length:,} symbols of a random model with 64 states:")
    print(f"  {'-log2 p(x)':34} {hmm['ideal_bits']:12,.2f} bits")
    excess = hmm["bits"] / hmm["ideal_bits"] - 1
    print(f"  {'bits back, net':34} {hmm['bits']:12,.2f} bits ({excess:+.0e} of it)")
    print(f"  {'a symbol, coded or decoded':34} {hmm['us_per_symbol']:12.2f} us")
    print(f"\n{options.text.name}: {len(fitted):,} characters to fit to, and {len(rest):,} to code")
    print(f"{options.states} states, {options.steps} steps of EM in {seconds:.0f} s")
    print(f"  {'order 0':34} {order0:12.4f} bits / character")
    print(f"  {'order 1':34} {order1:12.4f}")
    print(f"  {'-log2 p(x) of the model':34} {text['ideal']:12.4f}")
    print(f"  {'bits back, net':34} {text['rate']:12.4f}")
    print(f"  {'bits back, with all initial bits':34} {coded.used / len(rest):12.4f}")
    print("All symbols and characters were restored. A sample, popped from bits of a seed:\n")
    sample = "".join(characters[model_of(*tables, 280).pop(Stack(seed=2))])
    print("\n".join(f"  {line}" for line in sample.split("\n")), "\n")
    draw(options.figure, text, curve, lengths)
    if options.json:
        print(json.dumps({"hmm": hmm, "text": text}))


if __name__ == "__main__":
    main()
