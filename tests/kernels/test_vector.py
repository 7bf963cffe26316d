"""Vector kernels write and read the words of the scalar ones, on every instruction set."""

import os
import subprocess
import sys

import llvmlite.binding
import numpy as np
import pytest
from hypothesis import given, strategies as st

from ansflow.coding.coders import vectors
from ansflow.coding.coders.contexts import ContextCoder
from ansflow.coding.coders.neighbours import NeighbourCoder
from ansflow.coding.coders.row_classes import RowClassCoder
from ansflow.coding.coders.single import SingleCoder
from ansflow.errors import CorruptDataError, TruncatedError
from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.vector import isa as isas
from ansflow.kernels.vector.memory import load, pull, put, store
from ansflow.kernels.vector.values import high, less, low, multiply, where
from ansflow.models import Categorical, Markov, quantize

ISAS = isas.available()
CHOSEN = isas.chosen_isa() if isas.chosen_isa() in ISAS else ISAS[0]


def some_slow(rows):
    """Each begins with an instruction set: that of this machine and the last are always tested.

    To compile the kernels for one takes seconds.
    """
    return [
        pytest.param(*row, marks=() if row[0] in (CHOSEN, ISAS[-1]) else pytest.mark.slow)
        for row in rows
    ]


each_isa = pytest.mark.parametrize("isa", some_slow([isa] for isa in ISAS))
# The number of lanes is the number of registers, whatever the instruction set.
each_isa_and_lanes = pytest.mark.parametrize(
    ("isa", "lanes"), [*some_slow((isa, 64) for isa in ISAS), (CHOSEN, 16)]
)


@pytest.fixture
def use(monkeypatch):
    """Makes the coder use an instruction set, however few the symbols."""
    monkeypatch.setattr(vectors, "MIN_VECTOR_SYMBOLS", 0)
    return lambda name: monkeypatch.setattr(vectors, "chosen_isa", lambda: name)


def check_words(use, isa, symbols, coder, lanes):
    """Those of the scalar kernel, and they decode, also from an odd address."""
    symbols.setflags(write=False)  # as most of what is coded: kernels are compiled for either
    use(isas.SCALAR)
    expected = coder.encode(symbols, lanes)
    use(isa)
    words = coder.encode(symbols, lanes)
    assert np.array_equal(words, expected)
    shifted = np.frombuffer(b"x" + words.tobytes(), np.uint16, offset=1)
    for stream in (words, shifted):
        out = np.empty_like(symbols)
        coder.decode(stream, out, lanes)
        assert np.array_equal(out, symbols)


@st.composite
def cases(draw):
    precision = draw(st.integers(1, 16))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    alphabet = draw(st.sampled_from([n for n in (1, 2, 7, 256, 300, 4000) if n <= 2**precision]))
    weights = rng.random(alphabet) ** draw(st.sampled_from([0.0, 1.0, 30.0]))
    coder = SingleCoder(quantize(np.maximum(weights, 1e-300), precision), precision)
    size = draw(st.sampled_from([0, 1, 31, 32, 33, 63, 64, 65, 128, 500, 4099]))
    by_model = draw(st.booleans())
    probs = coder.freq / 2**precision if by_model else None
    return coder, rng.choice(alphabet, size, p=probs).astype(coder.symbol_dtype)


@each_isa_and_lanes
def test_one_distribution(isa, lanes, use):
    @given(cases())
    def check(case):
        coder, symbols = case
        check_words(use, isa, symbols, coder, lanes)

    check()


@st.composite
def walks(draw, lanes):
    """A Markov model, and symbols that it can code with so many lanes."""
    precision = draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    alphabet = draw(st.sampled_from([n for n in (1, 2, 7, 256) if n <= 2**precision]))
    weights = rng.random((alphabet, alphabet)) ** draw(st.sampled_from([0.0, 1.0, 8.0]))
    weights[rng.random(weights.shape) < draw(st.sampled_from([0.0, 0.9]))] = 0
    model = Markov.from_counts(weights + np.eye(alphabet), precision=precision)
    size = draw(st.sampled_from([0, 1, 64, 255, 256, 257, 4099, 64 * 133 + 50, 64 * 192]))
    return model, model.sample(size, rng, lanes)


@each_isa_and_lanes
def test_contexts(isa, lanes, use):
    @given(walks(lanes))
    def check(case):
        model, symbols = case
        check_words(use, isa, symbols, ContextCoder(model.freq, model.precision), lanes)

    check()


@st.composite
def rows(draw):
    """A coder of rows with classes, and symbols that it can code."""
    precision = draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    number, alphabet = draw(st.integers(1, 8)), min(256, 1 << precision)
    freq = np.zeros((number, 256), np.uint32)
    weights = rng.random((number, alphabet)) ** draw(st.sampled_from([0.0, 1.0, 30.0]))
    freq[:, :alphabet] = quantize(np.maximum(weights, 1e-300), precision)
    size = draw(st.sampled_from([0, 1, 63, 64, 65, 127, 500, 4099]))
    classes = rng.integers(0, number, -(-size // 64)).astype(np.uint8)
    return RowClassCoder(freq, classes, precision), rng.integers(0, alphabet, size).astype(np.uint8)


@each_isa_and_lanes
def test_rows_with_classes(isa, lanes, use):
    @given(rows())
    def check(case):
        coder, symbols = case
        check_words(use, isa, symbols, coder, lanes)

    check()


@st.composite
def rows_below_rows(draw):
    """A coder with contexts from neighbours, and symbols that it can code."""
    precision = draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    ends = sorted(draw(st.sets(st.integers(0, 254), min_size=1, max_size=15)))
    alphabet = min(256, 1 << precision)
    freq = np.zeros((len(ends) + 1, 256), np.uint32)
    weights = rng.random((len(ends) + 1, alphabet)) ** draw(st.sampled_from([0.0, 1.0, 30.0]))
    freq[:, :alphabet] = quantize(np.maximum(weights, 1e-300), precision)
    row = draw(st.integers(65, 130) | st.integers(65, 5000))
    plane = draw(st.just(0) | st.integers(row + 1, row + 2000))
    limits = np.append(ends, [255] * (15 - len(ends))).astype(np.uint8)
    symbols = rng.integers(0, alphabet, draw(st.sampled_from([0, 63, 64, 127, 500, 4160, 9000])))
    coder = NeighbourCoder(freq, row, plane, limits, precision)
    return coder, (symbols >> rng.integers(0, 8, symbols.size)).astype(np.uint8)


@each_isa_and_lanes
def test_neighbours(isa, lanes, use):
    @given(rows_below_rows())
    def check(case):
        coder, symbols = case
        check_words(use, isa, symbols, coder, lanes)

    check()


def independent():
    freq = quantize(np.random.default_rng(0).random(256) ** 4, 12)
    return SingleCoder(freq, 12), Categorical(freq).sample(5000, 1)


def walk():
    weights = np.random.default_rng(0).random((256, 256)) ** 8
    model = Markov.from_counts(weights, precision=12)
    return ContextCoder(model.freq, 12), model.sample(5000, 1, 64)


def loud_and_quiet():
    rng = np.random.default_rng(0)
    freq = quantize(rng.random((8, 256)) ** 4, 12)
    classes = rng.integers(0, 8, 79).astype(np.uint8)
    return RowClassCoder(freq, classes, 12), rng.integers(0, 256, 5000).astype(np.uint8)


def below_others():
    rng = np.random.default_rng(0)
    freq = quantize(rng.random((3, 256)) ** 4, 12)
    limits = np.append([60, 150], [255] * 13).astype(np.uint8)
    return NeighbourCoder(freq, 100, 2000, limits, 12), rng.integers(0, 256, 5000).astype(np.uint8)


@pytest.mark.parametrize("case", [independent, walk, loud_and_quiet, below_others])
@each_isa
def test_streams_that_end_early_or_late(isa, case, use):
    use(isa)
    coder, symbols = case()
    symbols.setflags(write=False)
    words = coder.encode(symbols, 64)
    out = np.empty_like(symbols)
    for end in (*range(0, 200), *range(200, words.size, 97), words.size - 1):
        with pytest.raises(TruncatedError):
            coder.decode(words[:end], out, 64)
    with pytest.raises(CorruptDataError):
        coder.decode(np.append(words, words[:1]), out, 64)


@each_isa
def test_pull_deals_words_to_the_lanes_of_the_mask_and_put_takes_them_back(isa):
    @kernel
    def deal(words, cursor, flags, out):
        due = load(flags, ZERO, 32, isa) >= ONE
        dealt, cursor = pull(words, cursor, due)
        store(out, ZERO, dealt)
        return cursor

    @kernel
    def collect(words, cursor, flags, values):
        due = load(flags, ZERO, 32, isa) >= ONE
        return put(words, cursor, load(values, ZERO, 32, isa), due)

    rng = np.random.default_rng(0)
    words = rng.integers(1, 1 << 16, 32).astype(np.uint16)
    # Every mask of eight lanes in every place, beside lanes at random.
    for place in range(0, 32, 8):
        for mask in range(256):
            flags = rng.integers(0, 2, 32).astype(np.uint8)
            flags[place : place + 8] = [mask >> lane & 1 for lane in range(8)]
            due = flags.astype(bool)
            dealt = np.zeros(32, np.uint32)
            ones = deal(words, ZERO, flags, dealt)
            assert ones == due.sum()
            assert np.array_equal(dealt[due], words[:ones])
            assert not dealt[~due].any()
            collected = np.full(48, 7, np.uint16)
            at = collect(collected, np.uint64(40), flags, dealt)
            assert at == 40 - ones
            assert np.array_equal(collected[at:40], words[:ones])
            assert (collected[40:] == 7).all()
            assert (collected[:8] == 7).all()


@each_isa
def test_operators_are_those_of_unsigned_integers(isa):
    @kernel
    def compute(a, b, table, wide_table, out):
        x, y = load(a, ZERO, 32, isa), load(b, ZERO, 32, isa)
        five, three = np.uint64(5), np.uint64(3)
        store(out[0], ZERO, x + y)
        store(out[1], ZERO, x - y)
        store(out[2], ZERO, x * y)
        store(out[3], ZERO, (x & y) | (y << five))
        store(out[4], ZERO, x >> three)
        store(out[5], ZERO, where(x < y, x, y))
        store(out[6], ZERO, where(x >= y, x, y))
        store(out[7], ZERO, table[x & np.uint64(63)])
        numbers = wide_table[y & np.uint64(63)]
        store(out[8], ZERO, low(numbers))
        store(out[9], ZERO, high(numbers))
        store(out[10], ZERO, low(multiply(x, y) >> np.uint64(40)))
        store(out[11], ZERO, high(multiply(x, y)))
        store(out[12], ZERO, np.uint64(7) - x)
        store(out[13], ZERO, where(less(x >> ONE, np.uint64(1 << 30)), x, y))

    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 1 << 32, (2, 32), np.uint64)
    a[:4], b[:4] = [0, 2**32 - 1, 0, 2**31], [0, 2**32 - 1, 2**31, 2**31 - 1]
    table = rng.integers(0, 1 << 32, 64, np.uint32)
    wide_table = rng.integers(0, 1 << 64, 64, np.uint64)
    out = np.zeros((14, 32), np.uint32)
    compute(a.astype(np.uint32), b.astype(np.uint32), table, wide_table, out)
    numbers = wide_table[b & np.uint64(63)]
    half = np.uint64(32)
    expected = [
        a + b,
        a - b,
        a * b,
        (a & b) | (b << np.uint64(5)),
        a >> np.uint64(3),
        np.minimum(a, b),
        np.maximum(a, b),
        table[a & np.uint64(63)],
        numbers,
        numbers >> half,
        (a * b) >> np.uint64(40),
        (a * b) >> half,
        np.uint64(7) - a,
        np.where(a >> ONE < 1 << 30, a, b),
    ]
    for got, wanted in zip(out, expected, strict=True):
        assert np.array_equal(got, wanted.astype(np.uint32))


def test_choosing(monkeypatch):
    chosen_anew = isas.chosen_isa.__wrapped__
    monkeypatch.delenv(isas.VARIABLE, raising=False)
    monkeypatch.setattr(isas, "gathers_are_slow", lambda: False)
    assert chosen_anew() in (ISAS[0], isas.SCALAR)
    for name in (*ISAS, isas.SCALAR):
        monkeypatch.setenv(isas.VARIABLE, name)
        assert chosen_anew() == name
    monkeypatch.setenv(isas.VARIABLE, "altivec")
    with pytest.raises(ValueError, match="altivec"):
        chosen_anew()
    monkeypatch.delenv(isas.VARIABLE)
    if "avx2" in ISAS:
        monkeypatch.setattr(isas, "gathers_are_slow", lambda: True)
        assert chosen_anew() == "avx2-loads"
    monkeypatch.setattr(isas, "compiled_features", frozenset)
    assert isas.available() == ["generic"]
    assert chosen_anew() == isas.SCALAR


def test_where_gathers_are_slow(monkeypatch, tmp_path):
    slow = isas.gathers_are_slow.__wrapped__
    told = tmp_path / "gather_data_sampling"
    monkeypatch.setattr(isas, "SLOW_GATHERS", told)
    for processor, microcode, expected in (
        ("znver3", None, True),
        ("znver4", None, False),
        ("skylake", "Not affected", False),
        ("skylake", "Mitigation: Microcode", True),
    ):
        monkeypatch.setattr(llvmlite.binding, "get_host_cpu_name", lambda name=processor: name)
        told.unlink(missing_ok=True)
        if microcode is not None:
            told.write_text(microcode + "\n")
        assert slow() == expected


# Compiles some kernels for a machine that need not be this one, and prints what came out.
COMPILE = """
import sys
import llvmlite.binding as llvm
from numba import types
from ansflow.kernels.transforms import bins, lin, log
from ansflow.kernels.vector import neighbours, order1, row_classes
from ansflow.kernels.vector import single as lanes
from ansflow.kernels.vector.raw_bits import ROW_ISAS, SPLIT_ISAS

isa, triple, number = sys.argv[1:]
u32, u64 = types.uint32[::1], types.uint64[::1]
words, size = types.uint16[::1], types.uint64
symbols, tile = types.uint8[::1], types.uint8[:, ::1]
made = (
    (lanes.decoder(64, isa, True), (words, size, u32, u32, size, size, symbols)),
    (lanes.encoder(64, isa, True), (symbols, size, u32, u64, size, words, size)),
    (order1.decoder(64, isa), (words, size, u32, u32, u32, size, tile, symbols)),
    (order1.encoder(64, isa), (symbols, size, u32, u64, size, tile, words, size)),
    (row_classes.decoder(64, isa), (words, size, u32, symbols, u32, size, symbols)),
    (row_classes.encoder(64, isa), (symbols, size, symbols, u32, u64, size, words, size)),
    (
        neighbours.decoder(64, isa),
        (words, size, u32, size, size, symbols, u32, size, symbols, size),
    ),
    (
        neighbours.encoder(64, isa),
        (symbols, size, symbols, u32, u64, size, words, size),
    ),
)
if isa in ROW_ISAS:
    made += (
        (log.decoder(isa), (symbols, symbols, u32, u64)),
        (lin.decoder(isa), (symbols, symbols, size, size, u32, u64)),
        (bins.decoder(isa), (symbols, symbols, u64, u64, u64, u64)),
    )
if isa in SPLIT_ISAS:
    made += ((lin.encoder(isa), (u32, size, size, size, size, symbols, u64)),)
for function, signature in made[: int(number)]:
    function.compile(signature)
    if not triple:
        print(function.inspect_asm(function.signatures[0]))
        continue
    text = function.inspect_llvm(function.signatures[0])
    assert "llvm.x86" not in text
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    module = llvm.parse_assembly(text)
    module.triple = triple
    machine = llvm.Target.from_triple(triple).create_target_machine(opt=3)
    module.data_layout = str(machine.target_data)
    module.verify()
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(3))
    builder.getModulePassManager().run(module, builder)
    print(machine.emit_assembly(module))
"""


def assembly(cache, isa, number, triple="", **environment):
    environment["NUMBA_CACHE_DIR"] = str(cache)  # empty: code from a cache has no IR to show
    result = subprocess.run(
        [sys.executable, "-c", COMPILE, isa, triple, str(number)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.slow
@pytest.mark.skipif("avx2" not in ISAS, reason="needs Numba on x86-64")
@pytest.mark.parametrize(
    ("isa", "cpu", "instructions"),
    [
        (
            "avx512",
            "icelake-server",
            [
                *("vpgatherdd", "vpgatherqq", "vpexpandd", "vpcompressw", "vpscatterdd"),
                *("vpermb", "vpshrdvd", "vpermi2d"),
            ],
        ),
        ("avx2", "haswell", ["vpgatherdd", "vpgatherqq", "vpshufb", "vpmuludq", "vpsrlvd"]),
    ],
)
def test_compiles_for_other_machines(isa, cpu, instructions, tmp_path):
    features = ",".join(f"+{feature}" for feature in sorted(isas.ISAS[isa].features))
    number = 4 if isa in ISAS else 12  # what this machine has runs in other tests
    text = assembly(tmp_path, isa, number, NUMBA_CPU_NAME=cpu, NUMBA_CPU_FEATURES=features)
    for instruction in instructions:
        assert instruction in text
    assert ("zmm" in text) == (isa == "avx512")


@pytest.mark.parametrize("number", [1, pytest.param(8, marks=pytest.mark.slow)])
def test_compiles_for_aarch64(number, tmp_path):
    text = assembly(tmp_path, "generic", number, "aarch64-unknown-linux-gnu", NUMBA_OPT="0")
    assert "mla\tv" in text  # four lanes at a time, in a register of Neon
