"""What codecs write is written for ever: these heads and words never change."""

import naive_stack as oracle
import numpy as np
import pytest

from ansflow import models
from ansflow.bitsback import (
    Bernoulli,
    BetaBinomial,
    BitsBack,
    Buckets,
    Categorical,
    ConditionalBuckets,
    Gaussian,
    HiddenMarkov,
    IntegerMultiset,
    IntegerSet,
    Intervals,
    LinearGaussian,
    Logistic,
    Multiset,
    Parallel,
    Scan,
    Stack,
    StateSpace,
    SymbolMultiset,
    Symbols,
    Unfolded,
    Uniform,
)

BUCKETS = Buckets(12)
WORDS = [i * 123456789 for i in range(9)]
SIX = np.arange(6)
LN_2 = np.log(2)  # logits were binary ones first
HIDDEN = (
    models.Categorical([9, 4, 3]),
    models.Conditional([[60, 3, 1], [1, 60, 3], [3, 1, 60]]),
    models.Conditional([[13, 1, 1, 1], [1, 13, 1, 1], [1, 1, 7, 7]], low=-1),
    9,
)

# Codecs, and data that they give some probability.
CODECS = {
    "uniform": (Uniform(1000, 6), [999, 0, 1, 500, 17, 3]),
    "uniform, each its own": (
        Uniform([2, 2**16, 2**16 + 1, 2**32 - 1, 2**63, 2**64]),
        np.array([1, 65535, 65536, 5, 2**62 + 3, 2**64 - 1], np.uint64),
    ),
    "symbols": (Symbols(models.Categorical([3, 5, 8, 4, 4, 40]), 6), [5, 0, 1, 2, 3, 4]),
    "bernoulli": (Bernoulli([0.0, 0.1, 0.5, 0.9, 1.0, 0.3]), [0, 1, 0, 0, 1, 1]),
    "bernoulli of logits": (Bernoulli.from_logits([-40.0, -2.0, 0.0, 2.0, 5.5, 1e9]), SIX % 2),
    "categorical": (Categorical(np.arange(18).reshape(6, 3) ** 2 % 7 / 3 * LN_2), SIX % 3),
    "categorical of weights": (
        Categorical.from_weights(np.arange(18).reshape(6, 3) ** 3 % 7 / 3),
        SIX % 3,
    ),
    "rows of a table": (
        Symbols(models.Conditional([[1, 7], [6, 2]], low=-3)).at([1, 1, 0, 0, 1, 0]),
        [-3, -3, -2, -2, -3, -3],
    ),
    "beta-binomial": (BetaBinomial(SIX + 0.5, 2.5, 255), SIX * 50),
    "gaussian": (Gaussian(SIX * 7.5 - 20, 2.0 ** (SIX - 2), -100, 100), SIX * 10 - 30),
    "logistic": (Logistic(SIX * 7.5 - 20, 2.0 ** (SIX - 2), -100, 100), SIX * 10 - 30),
    "mixture": (
        Logistic.mixture(
            SIX.reshape(3, 2) ** 2 / 9.0 * LN_2, SIX.reshape(3, 2) * 40.0, [[3.0, 9.0]], 0, 255
        ),
        [30, 100, 200],
    ),
    "latents given others": (BUCKETS.likelihood(SIX / 3 - 1, 2.0**-SIX), SIX * 800),
    "latents given others, logistic": (
        Buckets(6, "logistic").likelihood(SIX / 3 - 1, 0.25, "logistic", 16),
        SIX * 10,
    ),
    "posterior": (BUCKETS.posterior(SIX / 3 - 1, 2.0**-SIX), 650 + SIX * 510),
    "posterior, logistic": (
        Buckets(6, "logistic").posterior(SIX / 3 - 1, 0.25, "logistic", 16),
        17 + SIX * 5,
    ),
    "posterior, buckets of its own": (
        ConditionalBuckets(Buckets(8), SIX * 9.0 - 7, 2.0 ** (SIX - 3)).posterior(
            SIX * 9.0 - 6, 2.0**-SIX
        ),
        np.array([255, 200, 245, 220, 176, 150]),
    ),
    "intervals": (
        Intervals(
            lambda x: (16 - (16 >> x), np.maximum(8 >> x, 1)),
            lambda slots: np.searchsorted([8, 12, 14, 15], slots, side="right"),
            4,
        ),
        np.array([0, 4]),
    ),
    "intervals of any total": (
        Intervals(
            lambda x: (x * 333, [333, 333]),
            lambda slots: slots // 333,
            total=[999, 10 * 333 + 1],
        ),
        np.array([2, 9]),
    ),
    "scan": (
        Scan(
            lambda counts: Categorical.from_weights(counts),
            lambda counts, symbol: counts + (np.arange(3) == symbol),
            np.ones(3),
            9,
        ),
        [2, 2, 0, 2, 1, 2, 2, 2, 0],
    ),
    "bits back": (
        BitsBack(
            BUCKETS.prior(6),
            lambda z: Gaussian(20 * BUCKETS.centres[z], np.full(6, 5.0), -100, 100),
            lambda x: BUCKETS.posterior(x / 20, np.full(6, 0.25)),
        ),
        SIX * 10 - 30,
    ),
    "hidden markov": (HiddenMarkov(*HIDDEN), [-1, -1, 0, -1, 1, 2, 2, 0, 0]),
    "state space, finite": (
        StateSpace(HiddenMarkov(*HIDDEN).model, 9),
        [-1, -1, 0, -1, 1, 2, 2, 0, 0],
    ),
    "state space, linear": (
        StateSpace(
            LinearGaussian(
                *([[0.8, 0.1], [-0.3, 0.9]], [1.0, 0.7], [[3.0, 1.0]], [2.0], [2.0, 1.5]),
                **{"low": -99, "high": 99, "cell": 0.2},
            ),
            4,
        ),
        [[5], [-3], [0], [17]],
    ),
    "parallel": (
        Parallel([Uniform(1000, 3), Bernoulli(0.1, 9)], [1, 1]),
        ([5, 6, 7], [0, 1, 0, 1, 0, 1, 0, 1, 0]),
    ),
    "unfolded": (Unfolded(Uniform(1000, 6), 3), [999, 0, 1, 500, 17, 3]),
    "multiset of integers": (IntegerMultiset(2**40, 6), [3, 3, 3, 999, 70_000, 2**39]),
    "set of integers": (IntegerSet(1000, 6), [0, 1, 5, 500, 998, 999]),
    "multiset of symbols": (
        SymbolMultiset(models.Categorical([9, 4, 3]), 7),
        [0, 0, 0, 1, 1, 1, 2],
    ),
    "multiset of any codec": (
        Multiset(lambda size: Uniform(1000, size), 9),
        [0, 1, 1, 1, 1, 7, 500, 998, 999],
    ),
}

# Heads and words, but for the six lowest, which nobody touches.
GOLDEN = {
    "uniform": (
        "0043d11c52bcb40f 3b9aca012a3b59e0",
        "2c26ce7e 33829b93 3ade68a8 89abcdef",
    ),
    "uniform, each its own": (
        "00000091a3d74567 000100000000ffff",
        "2c26ce7e 33829b93 3ade68a8 0005ffff ffffffff 89abcdef 80030000 ffff0005 00008000",
    ),
    "symbols": (
        "0000000174d3b7bc 00000aaaaaaae101",
        "2c26ce7e 33829b93 3ade68a8 89718a84",
    ),
    "bernoulli": (
        "02468b17e4b4e81b 0000014d575ecaa1",
        "2c26ce7e 33829b93 3ade68a8",
    ),
    "bernoulli of logits": (
        "000000022f002bb7 00000009864f7d77",
        "2c26ce7e 33829b93 3ade68a8 89abcdef",
    ),
    "categorical": (
        "39a300527bb019f0 0000001b69a54317",
        "2c26ce7e 33829b93 3ade68a8",
    ),
    "beta-binomial": (
        "000003e37290c899 015c4865b793ed4d",
        "2c26ce7e 33829b93 3ade68a8 37fc4161",
    ),
    "gaussian": (
        "000000335e000046 e5641327f8000050",
        "2c26ce7e 33829b93 3ade68a8 337c5468 a500008f",
    ),
    "logistic": (
        "0a4b01b07f000046 1d29a1cecc00005c",
        "2c26ce7e 33829b93 3ade68a8 3e8525aa",
    ),
    "mixture": (
        "00000016519bcfa3 000000a67976b4c3",
        "2c26ce7e 33829b93 3ade68a8 6fa8df0a",
    ),
    "latents given others": (
        "0000002b900d629d 00034cc3359e67b6",
        "2c26ce7e 33829b93 3ade68a8 89abcdef 5fffffa0 896bbae9",
    ),
    "latents given others, logistic": (
        "000210c925040000 00011ff4275b04e4",
        "2c26ce7e 33829b93 3ade68a8 42f1b365",
    ),
    "posterior": (
        "005194ca48006a5e 0000000c49300234",
        "2c26ce7e 33829b93 3ade68a8 89abcdef 3bdfd79e",
    ),
    "posterior, logistic": (
        "0000000dff877cd6 00000d4a05ce8e58",
        "2c26ce7e 33829b93 3ade68a8 6f1782d7",
    ),
    "posterior, buckets of its own": (
        "000000015daaa603 0114e68c70dbbfa8",
        "2c26ce7e 33829b93 3ade68a8 b7da0101",
    ),
    "categorical of weights": (
        "0000fedc1b400000 0000008aab287136",
        "2c26ce7e 33829b93 3ade68a8 ee7def7e",
    ),
    "rows of a table": (
        "024fc9f6ef13eb8b 0000000c30c30c6d",
        "2c26ce7e 33829b93 3ade68a8",
    ),
    "intervals of any total": (
        "0369d0369d036ae1 0000000a00c4d1b4",
        "2c26ce7e 33829b93 3ade68a8",
    ),
    "scan": (
        "0000003d9a5b2dcc 0000000100000005",
        "2c26ce7e 33829b93 3ade68a8 8a7d8d00",
    ),
    "intervals": (
        "02468acf13579bd7 000000100000005f",
        "2c26ce7e 33829b93 3ade68a8",
    ),
    "bits back": (
        "00000675e6270142 00051fd6b98c6266",
        "2c26ce7e 4bbfc317 61f13cf8 29a10689",
    ),
    "hidden markov": (
        "00001131de5bea8d 0000000100000005",
        "2c26ce7e 33829b93 3ade68a8 b9b638ca",
    ),
    "state space, finite": (
        "00001131de5bea8d 0000000100000005",
        "2c26ce7e 33829b93 3ade68a8 b9b638ca",
    ),
    "state space, linear": (
        "00000007e934a894 0008e9dacf176a80",
        "2c26ce7e 33829b93 3ade68a8 04c7232d",
    ),
    "parallel": (
        "0043d11c52242d35 00004226e0268ca3",
        "2c26ce7e 33829b93 3ade68a8 89abcdef",
    ),
    "unfolded": (
        "0000000115c71c43 000f4240004c8da8",
        "2c26ce7e 33829b93 c7fcd043 301c6039 4cbd4e33",
    ),
    "multiset of integers": (
        "00003a4110080000 000aaaa800000000",
        "2c26ce7e 33829b93 3ade68a8 aab7003e f6715293 00030000 00000000 4b030000 00001117 00000000",
    ),
    "set of integers": (
        "00047e78e38f99ed 013b09a8362a07d5",
        "2c26ce7e 33829b93 3ade68a8 b9af712c",
    ),
    "multiset of symbols": (
        "01f2c23c3451af24 0000000800000039",
        "2c26ce7e 33829b93 3ade68a8",
    ),
    "multiset of any codec": (
        "0000000fef4d643f 0000000100000005",
        "2c26ce7e 33829b93 3ade68a8 1948b06f b87d6c00 a3d2fa46",
    ),
}


def pushed(name):
    codec, data = CODECS[name]
    stack = Stack.from_parts([0x123456789ABCDEF, 2**32 + 5], WORDS)
    codec.push(stack, data)
    return stack


@pytest.mark.parametrize("name", CODECS)
def test_codecs_write_what_they_always_wrote(name):
    heads, words = ([int(x, 16) for x in text.split()] for text in GOLDEN[name])
    stack = pushed(name)
    assert stack.heads.tolist() == heads
    assert stack.words.tolist() == WORDS[:6] + words
    codec, data = CODECS[name]
    for x, y in zip(codec.pop(stack), data, strict=True):
        assert np.array_equal(x, y)


def stacks():
    """With and without a seed, and several lanes."""
    unseeded, seeded = Stack(3), Stack(2, seed=0x0123_4567_89AB_CDEF)
    Uniform(1000, 5).push(unseeded, [999, 0, 5, 17, 301])
    Uniform(2**40, 4).pop(seeded)
    Uniform(7, 3).push(seeded, [6, 0, 3])
    return unseeded, seeded


HEADS = [5955405579, 7343544658, 7414339839]
BYTES = [
    (
        "010003000000000000000000000000000000000000003321a1030090d003059e8c0000a007000000"
        "f992ded9ca542ab7ac79"
    ),
    (
        "010102000000efcdab89674523010600000000000000937d13fc313300003975ea293289cc24649b"
        "9bbe464a1caa"
    ),
]


@pytest.mark.parametrize("which", [0, 1])
def test_bytes_are_what_they_always_were(which):
    stack = stacks()[which]
    assert stack.to_bytes().hex() == BYTES[which]
    assert Stack.from_bytes(bytes.fromhex(BYTES[which])) == stack


def test_seeds_give_the_heads_and_words_that_they_always_gave():
    stack = Stack(3, seed=2019)
    first = 1 << 48  # the heads' words are far from those that the tail will need
    heads = [2**32 + oracle.source_word(2019, first + i) for i in range(3)]
    assert stack.heads.tolist() == heads
    sample = Uniform(2**64).pop(stack)
    words = [oracle.source_word(2019, i) for i in reversed(range(6))]
    expected = oracle.Stack(heads, words)
    assert sample.tolist() == expected.pop([oracle.Uniform(2**64)] * 3)
    assert stack.heads.tolist() == expected.heads
    assert stack.heads.tolist() == HEADS
