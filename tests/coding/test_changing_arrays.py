"""Arrays that another thread writes to meanwhile: the result may be anything, but kernels stay
within their arrays."""

import threading
from contextlib import contextmanager, suppress

import numpy as np
import pytest

import ansflow
from ansflow import models
from ansflow.coding import codec, many
from ansflow.errors import AnsflowError

SIZE = 5000


@contextmanager
def flipped(*arrays):
    """Each array jumps between what it was and the largest values there are."""
    stop = threading.Event()
    others = [np.full_like(array, np.iinfo(array.dtype).max) for array in arrays]
    originals = [array.copy() for array in arrays]

    def work():
        while not stop.is_set():
            for source in (others, originals):
                for array, values in zip(arrays, source, strict=True):
                    array[:] = values

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class Own:
    def __init__(self, freq, precision, **others):
        self.freq, self.precision = freq, precision
        self.__dict__.update(others)


def cases():
    """Names, arrays that change, and what to do with them."""
    narrow, wide = np.full(7, 1, np.uint32), np.full(300, 1, np.uint32)
    narrow[0], wide[0] = 2**12 - 6, 2**14 - 299
    bytes7 = np.arange(SIZE, dtype=np.uint8) % 7
    words300 = np.arange(SIZE, dtype=np.uint16) % 300
    matrix = np.full((5, 8), 2**9, np.int64)
    index = np.arange(SIZE, dtype=np.uint32) % 5
    row = Own(matrix.copy(), 12, index=index)
    row.freq.setflags(write=False)
    contexts = Own(np.full((8, 8), 2**9), 12, contexts="previous")
    changing = Own(matrix, 12, index=np.zeros(SIZE, np.int64))
    deep = Own(np.full(8, 2**17, np.uint32), 20)
    yield "bytes", [bytes7], lambda: ansflow.encode(bytes7, Own(narrow, 12))
    yield "messages", [bytes7], lambda: ansflow.encode_many(bytes7, Own(narrow, 12), 50)
    escaped = Own(matrix // 8, 9, index=index, low=np.zeros(5, np.int32), escape=True)
    yield (
        "messages with escapes",
        [bytes7, index, escaped.low],
        lambda: ansflow.encode_many(bytes7, escaped, np.full(100, 50)),
    )
    yield "uint16", [words300], lambda: ansflow.encode(words300, Own(wide, 14))
    yield "alias", [bytes7], lambda: ansflow.encode(bytes7, Own(narrow, 12), method="alias")
    yield "contexts", [bytes7], lambda: ansflow.encode(bytes7, contexts)
    yield "rows", [bytes7, index], lambda: ansflow.encode(bytes7, row)
    yield "freq", [matrix], lambda: ansflow.encode(bytes7, changing)
    yield "wide", [bytes7], lambda: ansflow.encode(bytes7, deep)
    yield "shifted", [index], lambda: ansflow.encode(index, models.Uniform(8, low=-1))
    for name, model in {"one": Own(narrow, 12), "rows": row, "wide": deep}.items():
        words = ansflow.encode(bytes7, model)
        yield f"decode {name}", [words], lambda m=model, w=words: ansflow.decode(w, m, SIZE)
    words = ansflow.encode(bytes7, row)
    yield "decode index", [index], lambda: ansflow.decode(words, row, SIZE)


CASES = {name: (arrays, run) for name, arrays, run in cases()}


@pytest.mark.parametrize("name", CASES)
def test_any_symbols_leave_kernels_inside_their_arrays(name):
    arrays, run = CASES[name]
    with flipped(*arrays):
        for _ in range(60):
            with suppress(AnsflowError, ValueError):
                run()


def test_what_kernels_get_is_a_copy(monkeypatch):
    """Except for a single distribution, whose coder takes any symbol."""
    seen = []
    coder_of = codec.coder_of

    def spy(*arguments):
        coder = coder_of(*arguments)

        class Spy:
            def __getattr__(self, name):
                return getattr(coder, name)

            def encode(self, symbols, lanes):
                seen.append((symbols, getattr(coder, "index", None)))
                return coder.encode(symbols, lanes)

        return Spy()

    monkeypatch.setattr(codec, "coder_of", spy)
    for name, (arrays, run) in CASES.items():
        if "decode" in name or "messages" in name:
            continue
        seen.clear()
        run()
        ((symbols, index),) = seen
        shared = [np.may_share_memory(array, symbols) for array in arrays]
        assert any(shared) == (name in ("bytes", "uint16")), name
        assert index is None or not any(np.may_share_memory(array, index) for array in arrays)


def test_messages_are_copied():
    symbols = np.zeros(20, np.uint8)
    for messages, lengths in ((symbols, [20]), (symbols, 5), (symbols.reshape(4, 5), None)):
        assert not np.shares_memory(many._as_messages(messages, lengths)[0], symbols)
    assert not np.shares_memory(many._as_messages([symbols], None)[0], symbols)
