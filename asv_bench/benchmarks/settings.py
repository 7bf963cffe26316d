"""What lanes, precision, the size of chunks and the level change, as tables in Markdown.

``python -m benchmarks.settings`` (in asv_bench) measures them on one thread, in CPU time, in some
ten seconds, and writes ``settings.md`` in ``examples/pages/figures``, which a page includes. Levels
are those of ``arrays.json`` there, the saved results of `benchmarks.arrays`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator

import numpy as np

import ansflow
from ansflow.models import Categorical

from .inputs import skewed
from .picture import FIGURES

SYMBOLS = 1_000_000
REPEATS = 9
LANES = [1, 4, 16, 32, 64]
PRECISIONS = [8, 10, 12, 14, 16, 20]
CHUNKS = [1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22]


def table(head: str, rows: Iterable[Iterable[object]]) -> str:
    lines = [head, "|---" * (head.count("|") - 1) + "|"]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def least_seconds(function: Callable[[], object]) -> float:
    """Of CPU time, on a machine that may be busy."""
    taken = []
    for _ in range(REPEATS):
        begin = time.process_time()
        function()
        taken.append(time.process_time() - begin)
    return min(taken)


def entropy(symbols: np.ndarray) -> float:
    """Bits of all of them, under their own frequencies."""
    counts = np.unique(symbols, return_counts=True)[1]
    return float(-(counts * np.log2(counts / symbols.size)).sum())


def speeds(symbols: np.ndarray, model: Categorical, **options: int) -> tuple[np.ndarray, list[str]]:
    """Words, and nanoseconds a symbol to encode and to decode."""
    words = ansflow.encode(symbols, model, **options)
    shape = symbols.shape
    assert np.array_equal(ansflow.decode(words, model, shape, **options), symbols)
    seconds = [
        least_seconds(lambda: ansflow.encode(symbols, model, **options)),
        least_seconds(lambda: ansflow.decode(words, model, shape, **options)),
    ]
    return words, [f"{1e9 * taken / symbols.size:.2f}" for taken in seconds]


def lanes() -> Iterator[list[str]]:
    symbols = skewed(SYMBOLS)
    model = Categorical.fit(symbols, precision=12)
    for count in LANES:
        words, taken = speeds(symbols, model, lanes=count)
        over = words.nbytes - model.code_length(symbols) / 8
        yield [str(count), *taken, f"{over:.0f}"]


def precisions() -> Iterator[list[str]]:
    symbols = skewed(SYMBOLS)
    for precision in PRECISIONS:
        model = Categorical.fit(symbols, precision=precision)
        _, taken = speeds(symbols, model)
        over = (model.code_length(symbols) / entropy(symbols) - 1) * 100
        yield [str(precision), *taken, f"{over:.4f}"]


def chunks() -> Iterator[list[str]]:
    steps = np.random.default_rng(0).normal(0, 0.02, SYMBOLS)
    prices = np.round(100 + np.cumsum(steps), 2)
    for size in CHUNKS:
        blob = ansflow.compress(prices, chunk_size=size, threads=1)
        seconds = least_seconds(lambda b=blob: ansflow.decompress(b, threads=1))
        yield [
            f"{size >> 10:,} KiB",
            f"{prices.nbytes / len(blob):.2f}",
            f"{prices.nbytes / 1e6 / seconds:,.0f}",
            f"{1e6 * seconds * size / prices.nbytes:,.0f}",
        ]


def levels() -> Iterator[list[str]]:
    means = json.loads((FIGURES / "arrays.json").read_text())["means"]
    for name, mean in means.items():
        if name.startswith("ansflow "):
            speeds = [f"{mean[f'{way} MB/s']:,.0f}" for way in ("encode", "decode")]
            yield [name.removeprefix("ansflow "), f"{mean['ratio']:.2f}", *speeds]


def main() -> None:
    text = "\n".join(
        [
            "### Which level?\n",
            "Means of the 14 real arrays in the picture of the README:\n",
            table("| level | ratio | encode, MB/s | decode, MB/s |", levels()),
            "### How many lanes?\n",
            f"`encode` and `decode` of {SYMBOLS:,} bytes with one distribution of 12 bits:\n",
            table("| lanes | encode, ns | decode, ns | bytes more than the ideal |", lanes()),
            "### Which precision?\n",
            "The same bytes, and the default number of lanes:\n",
            table(
                "| precision | encode, ns | decode, ns | % more than the entropy of the bytes |",
                precisions(),
            ),
            "### How large a chunk?\n",
            f"{SYMBOLS:,} prices in float64. A reader decodes one chunk at least:\n",
            table("| chunk | ratio | decode, MB/s | one chunk, µs |", chunks()),
        ]
    )
    (FIGURES / "settings.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
