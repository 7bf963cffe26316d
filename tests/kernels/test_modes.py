"""Uncompiled, the kernels write the same words."""

import os
import subprocess
import sys

import numpy as np

# Runs most kernels on a few symbols and prints a digest of all words.
ROUND_TRIPS = """
import hashlib
import numpy as np
np.seterr(over="ignore")  # uncompiled, a difference that wraps around on purpose would warn
import ansflow
from ansflow.models import Categorical, Conditional, Escaped, Probabilities

rng = np.random.default_rng(0)
digest = hashlib.sha256()
for precision in (5, 12, 14, 20):
    model = Categorical.from_counts([70, 20, 5, 5], precision=precision)
    counts = [[1, 2, 3, 4], [9, 1, 1, 1]]
    rows = Conditional.from_counts(counts, np.arange(70) % 2, precision=precision)
    symbols = np.arange(70, dtype=np.uint8) ** 2 % 4
    for coder, method in ((model, "cdf"), (model, "alias"), (rows, "cdf")):
        if method == "alias" and precision > 16:
            continue
        words = ansflow.encode(symbols, coder, lanes=4, method=method)
        assert np.array_equal(ansflow.decode(words, coder, 70, lanes=4, method=method), symbols)
        digest.update(words.tobytes())
    floats = Probabilities(np.full((70, 9), 1 / 9, np.float32), precision=precision)
    words = ansflow.encode(symbols, floats, lanes=4)
    assert np.array_equal(ansflow.decode(words, floats, 70, lanes=4), symbols)
    digest.update(words.tobytes())
    if precision > 16:
        continue
    escaped = Escaped([[0, 9, 14, 16], [0, 15, 16, 16]], [4, 3], [0, 1], np.arange(70) % 2)
    far = symbols.astype(np.int32) * 999 - 5
    for numbers, coder in (
        (symbols, model),
        (symbols, rows),
        (symbols, floats),
        (far, escaped),
    ):
        words, offsets = ansflow.encode_many(numbers, coder, [0, 1, 2, 67])
        assert np.array_equal(ansflow.decode_many(words, offsets, coder, [0, 1, 2, 67]), numbers)
        digest.update(words.tobytes())
encoder, counts = ansflow.RangeEncoder(), np.arange(1, 8)
pairs = ansflow.models.Markov([[3, 1], [1, 3]])
probs = ansflow.models.Probabilities(np.tile([0.6, 0.25, 0.15, 0], (70, 1)))
parts = (symbols, model), (symbols, rows), (symbols % 2, pairs), (far, escaped), (symbols, probs)
message = b""
for numbers, coder in parts:
    encoder.encode(numbers, coder)
    for number in symbols[:9]:
        encoder.encode(number, model)
        encoder.encode(number, counts)
        encoder.encode(number, counts / 28)
    encoder.encode_interval(3, 2, 7)
    message += encoder.take()
message += encoder.finish()
digest.update(message)
decoder = ansflow.RangeDecoder(message)
for numbers, coder in parts:
    assert np.array_equal(decoder.decode(coder, 70), numbers)
    for number in symbols[:9]:
        assert decoder.decode(model) == decoder.decode(counts) == number
        assert decoder.decode(counts / 28) == number
    assert 3 <= decoder.slot(7) < 5
    decoder.decode_interval(3, 2, 7)
assert decoder.finish() == 0
data = bytes(range(4)) * 9000 + bytes(600)
blob = ansflow.compress(data)
assert ansflow.decompress(blob) == data
digest.update(blob)
table = np.cumsum(rng.integers(-90, 90, (200, 3)) * 12, axis=0, dtype=np.int16)
for recipe in ("ordered[signed](delta[0, 1](bytes))", "columns[2](bytes, affine(delta[0]), bytes)"):
    blob = ansflow.compress(table, recipe=recipe)
    assert np.array_equal(ansflow.decompress(blob), table)
    digest.update(blob)
codec = ansflow.train([b"a trained codec has contexts, and escapes " * 9])
message = codec.compress(b"contexts and escapes! have codecs")
assert codec.decompress(message) == b"contexts and escapes! have codecs"
digest.update(codec.to_bytes() + message)
print(digest.hexdigest())
"""


def test_plain_python(capsys):
    result = subprocess.run(
        [sys.executable, "-c", ROUND_TRIPS],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    with np.errstate():
        exec(ROUND_TRIPS, {})
    assert capsys.readouterr().out == result.stdout
