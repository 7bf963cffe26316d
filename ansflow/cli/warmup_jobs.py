"""What compiles every kernel: small jobs that together call all of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any, cast

import numpy as np
import numpy.typing as npt

import ansflow
from ansflow.bitsback.models.image_model import ImageModel
from ansflow.bitsback.models.pretrained import PRETRAINED, load
from ansflow.cli.usual_jobs import (
    FEW,
    MANY,
    Job,
    skewed,
    through_frame,
    through_pieces,
    usual_jobs,
)
from ansflow.models import Categorical, Conditional, Escaped, Markov, Probabilities

__all__ = ["jobs"]

LONG = 70_000
LANES = (8, 16, 32, 64)

# Tables have one form up to 12 bits and another above; 17 bits need the wide coder.
FAST_PRECISIONS = (12, 14)
WIDE_PRECISION = 17

LEVEL_OF_ALL = 6
DTYPES = ("i1", "i2", "i4", "i8", "f2", "f4", "f8")

# Recipes of numbers, where what stands for their order is filled in.
OF_ALL = (
    "ordered(delta[0, 1](log))",
    "ordered(delta[1, rising](lin[4096]))",
    "ordered(lin[256])",
    "ordered(bins)",
    "ordered(columns[1](" + ", ".join(["log"] * 16) + "))",
    "groups[0, 1, 0, 1](" + ", ".join(["ordered(log)"] * 2) + ")",
    "ordered(dict(log, log))",
    "mask(ordered(log), stream)",
    "sparse(ordered(log), stream)",
    "ordered(stencil(log))",
    "runs(ordered(log), log)",
    "ordered(lookback(log, stream, log))",
)
NOT_FOR = {
    "i1": ("dict", "70000"),
    "i2": ("70000",),
    "i8": ("stencil",),
    "f2": ("lpc",),
    "f8": ("stencil",),
}
OF_INTEGERS = (
    "ordered(affine(log))",
    "ordered(digits[2, 2, 3](log, log, log, log))",
    "ordered(digits[300, 70000](log, log, log))",
    "ordered(ramp(log, log, log))",
    "ordered(lpc[integer, 4, 1, 16](log, log))",
)
OF_FLOATS = ("decimal[8.0](log, log, bytes)", "ordered(lpc[float, 4, 1, 16](log, log))")


def jobs() -> list[Job]:
    """Small jobs that together call every kernel."""
    return [
        *usual_jobs(),
        partial(through_pieces, 1),
        *_frames(),
        *_in_haste(),
        *_recipes(),
        *_singles(),
        *_rows(),
        *_contexts(),
        *_probabilities(),
        *_messages(),
        *_ranges(),
        *_trained(),
        *_models(),
    ]


def _frames() -> Iterator[Job]:
    """Bytes and arrays to frames and back."""
    sizes, orders = (FEW, MANY), (0, 1)
    for size, lanes, precision, order in product(sizes, LANES, FAST_PRECISIONS, orders):
        numbers = skewed(size, 200, np.uint8)
        model = Categorical.fit(numbers, precision=precision)
        for data, tables in product(
            (numbers, numbers.tobytes(), numbers.view("u2")), ((), [model])
        ):
            options = {"lanes": lanes, "precision": precision, "order": order, "tables": tables}
            yield partial(through_frame, data, options)


def _in_haste() -> Iterator[Job]:
    """Symbols of both widths, so many that not all are counted at the lowest level."""
    for alphabet, dtype in ((200, np.uint8), (300, np.uint16)):
        recipe = "stream" if alphabet <= 256 else "lin[512]"
        data = skewed(LONG, alphabet, dtype)
        yield partial(through_frame, data, {"level": 1, "recipe": recipe})


def _numbers(dtype: str) -> npt.NDArray[Any]:
    """Rows of a walk, in smaller and in larger steps, with a hole."""
    rng = np.random.default_rng(0)
    steps = rng.normal(0, 3, (100, 200)) * np.repeat([1, 20], 50)[:, np.newaxis]
    field: npt.NDArray[Any] = np.rint(steps.cumsum(axis=1)).clip(-120, 120)
    field[40:60, 100:150] = 0
    return (field / 8).astype(dtype)


def _table() -> npt.NDArray[Any]:
    """Columns of numbers that are large, and of such that are small."""
    rng = np.random.default_rng(0)
    sizes = 10.0 ** (np.arange(20) % 4)
    return np.rint(rng.normal(9, 2, (600, 20)) * sizes)


def _recipes() -> Iterator[Job]:
    """Arrays of each width through each transform, and through those of the higher levels."""
    yield partial(through_frame, _table(), {})
    for dtype in DTYPES:
        array = _numbers(dtype)
        yield partial(through_frame, array, {})
        yield partial(through_frame, array, {"level": LEVEL_OF_ALL})
        is_real = array.dtype.kind == "f"
        ordered = "ordered[float]" if is_real else "ordered[signed]"
        for recipe in (*OF_ALL, *(OF_FLOATS if is_real else OF_INTEGERS)):
            suited = array
            if "columns" in recipe:
                suited = array[:, :16]
            if "groups" in recipe:
                suited = array[:, :4]
            if "runs" in recipe:
                suited = np.repeat(array, 4, axis=1)
            if not any(name in recipe for name in NOT_FOR.get(dtype, ())):
                yield partial(through_frame, suited, {"recipe": recipe.replace("ordered", ordered)})


def _singles() -> Iterator[Job]:
    """One distribution over a small or a large alphabet, with or without unused symbols."""
    precisions = (*FAST_PRECISIONS, WIDE_PRECISION)
    alphabets = ((200, np.uint8), (3000, np.uint16))
    for size, lanes, precision, (alphabet, dtype), whole in product(
        (FEW, MANY), LANES, precisions, alphabets, (True, False)
    ):
        symbols = skewed(size, alphabet, dtype)
        if not whole:
            symbols[symbols == 1] = 0
        model = Categorical.fit(symbols, precision=precision)
        yield partial(_through_words, symbols, model, lanes=lanes)
        if precision < WIDE_PRECISION:
            yield partial(_through_words, symbols, model, lanes=lanes, method="alias")


def _rows() -> Iterator[Job]:
    """A distribution for each symbol, decoded by tables, or by search if there are many rows."""
    for rows, precision, (alphabet, dtype) in product(
        (2, 500), (*FAST_PRECISIONS, WIDE_PRECISION), ((200, np.uint8), (3000, np.uint16))
    ):
        symbols = skewed(MANY, alphabet, dtype)
        counts = np.ones((rows, alphabet))
        index = np.arange(symbols.size) % rows
        model = Conditional.from_counts(counts, index, precision=precision)
        yield partial(_through_words, symbols, model, lanes=16)


def _contexts() -> Iterator[Job]:
    for size, lanes in product((FEW, MANY), LANES):
        symbols = skewed(size, 200, np.uint8)
        model = Markov.fit(symbols, lanes=lanes)
        yield partial(_through_words, symbols, model, lanes=lanes)


def _probabilities() -> Iterator[Job]:
    """A row of floats for each symbol, of as many bits as are fast, and of more."""
    for dtype, (alphabet, symbol_dtype), precision in product(
        (np.float32, np.float64), ((200, np.uint8), (300, np.uint16)), (14, WIDE_PRECISION)
    ):
        symbols = skewed(FEW, alphabet, symbol_dtype)
        probs = np.full((FEW, alphabet), 1 / alphabet, dtype)
        model = Probabilities(probs, precision=precision)
        yield partial(_through_words, symbols, model, lanes=16)
        if precision < WIDE_PRECISION:
            yield partial(_through_messages, symbols, model)


def _messages() -> Iterator[Job]:
    """Many short messages, of one distribution and of rows with escapes."""
    for precision, (alphabet, dtype) in product(
        FAST_PRECISIONS, ((200, np.uint8), (3000, np.uint16))
    ):
        symbols = skewed(FEW, alphabet, dtype)
        yield partial(_through_messages, symbols, Categorical.fit(symbols, precision=precision))
    yield partial(_through_messages, skewed(FEW, 200, np.int64), _escaped())


def _escaped() -> Escaped:
    return Escaped([[0, 9, 14, 16], [0, 15, 16, 16]], [4, 3], [0, 1], np.arange(FEW) % 2)


def _through_messages(symbols: npt.NDArray[Any], model: Any) -> None:
    lengths = [50] * (FEW // 50)
    words, offsets = ansflow.encode_many(symbols, model, lengths)
    ansflow.decode_many(words, offsets, model, lengths)


def _ranges() -> Iterator[Job]:
    """Symbols that are coded as they come, in arrays and one by one."""
    for alphabet, dtype in ((200, np.uint8), (3000, np.uint16)):
        symbols = skewed(FEW, alphabet, dtype)
        yield partial(_through_ranges, symbols, Categorical.fit(symbols))
    yield partial(_through_ranges, skewed(FEW, 200, np.int64), _escaped())
    for floats in (np.float32, np.float64):
        probs = np.full((FEW, 2), 0.5, floats)
        yield partial(_through_ranges, np.zeros(FEW, np.uint8), Probabilities(probs))
    yield _one_by_one


def _through_ranges(symbols: npt.NDArray[Any], model: Any) -> None:
    encoder = ansflow.RangeEncoder()
    encoder.encode(symbols, model)
    decoder = ansflow.RangeDecoder(encoder.take() + encoder.finish())
    decoder.decode(model, symbols.size)
    decoder.finish()


def _one_by_one() -> None:
    model = Categorical([1, 1])
    encoder = ansflow.RangeEncoder()
    encoder.encode(0, model)
    encoder.encode(0, model.freq)
    encoder.encode(0, np.array([0.5, 0.5]))
    encoder.encode_interval(0, 1, 2)
    decoder = ansflow.RangeDecoder(encoder.finish())
    decoder.decode(model)
    decoder.decode(model.freq)
    decoder.decode(np.array([0.5, 0.5]))
    decoder.slot(2)
    decoder.decode_interval(0, 1, 2)


def _trained() -> Iterator[Job]:
    """Small messages by contexts of all lengths, and small arrays with a dictionary."""
    samples = [skewed(FEW, 20, np.uint8).tobytes()]
    for order in (0, 1, 2):
        yield partial(_through_codec, samples, order)
    keys = np.array([0, 1 << 40, 5, 1 << 20, 77 << 30])
    yield partial(_through_codec, [keys[skewed(64, 5, np.uint8)]], 1)


def _through_codec(samples: list[Any], order: int) -> None:
    codec = ansflow.train(samples, order=order)
    codec.decompress(codec.compress(samples[0]))


def _models() -> Iterator[Job]:
    """Images under the models that come with ansflow."""
    for name in PRETRAINED:
        yield partial(_through_model, name)


def _through_model(name: str) -> None:
    model = cast(Any, load(name))
    digits = isinstance(model, ImageModel)
    noise = np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8)
    through_frame(model.sample(3, rng=0) if digits else noise, {"model": name})


def _through_words(symbols: npt.NDArray[Any], model: Any, **options: Any) -> None:
    words = ansflow.encode(symbols, model, **options)
    ansflow.decode(words, model, symbols.shape, **options)
