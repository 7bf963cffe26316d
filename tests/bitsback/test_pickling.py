"""What has been pickled or copied is as it was, and no kernel is compiled for it again."""

import copy
import pickle

import numpy as np
import pytest
import small_vaes

from ansflow import models
from ansflow.bitsback import (
    ArrayCodec,
    Bernoulli,
    BetaBinomial,
    Buckets,
    Categorical,
    Gaussian,
    HiddenMarkov,
    LocationScale,
    Logistic,
    Stack,
    Symbols,
    Uniform,
)
from ansflow.bitsback.distributions.families import Family
from ansflow.kernels.distributions import cdf_rows as weights, checked
from ansflow.kernels.nets import affine as fixed_point
from ansflow.kernels.nets.activations import activate
from ansflow.kernels.stack import coins, hidden_markov, location_scale, tables, uniform

WAYS = {
    "pickled": lambda x: pickle.loads(pickle.dumps(x)),
    "pickled, oldest protocol": lambda x: pickle.loads(pickle.dumps(x, 0)),
    "deep copy": copy.deepcopy,
    "copy": copy.copy,
    "pickled twice": lambda x: pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(x)))),
}

KERNELS = [
    kernel
    for module in (uniform, coins, tables, location_scale, hidden_markov)
    for kernel in (module.push, module.pop)
]
KERNELS += [fixed_point.spread, fixed_point.convolve, activate]
KERNELS += [getattr(weights, name) for name in weights.__all__ if name.islower()]
KERNELS += [getattr(checked, name) for name in checked.__all__]


def compiled():
    return [len(kernel.signatures) for kernel in KERNELS]


def arrays_of(thing, seen=None):
    """All arrays that something consists of, but those of codecs, which are passed to kernels."""
    seen = set() if seen is None else seen
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, np.ndarray):
        yield thing
    elif isinstance(thing, tuple | list):
        for part in thing:
            yield from arrays_of(part, seen)
    elif type(thing).__module__.startswith("ansflow.bitsback") and not isinstance(
        thing, ArrayCodec | Family
    ):
        yield from arrays_of(list(vars(thing).values()), seen)


def shown_by(codec):
    """All arrays that are public attributes of a codec."""
    shown = [getattr(codec, name) for name in dir(codec) if not name.startswith("_")]
    return [value for value in shown if isinstance(value, np.ndarray)]


CODECS = {
    "uniform": Uniform([5, 6, 2**40]),
    "symbols": Symbols(models.Categorical([4, 0, 4, 4, 4]), 3),
    "conditional": Symbols(models.Conditional([[2, 2], [3, 1]], [0, 1, 1])),
    "bernoulli": Bernoulli([0.1, 0.5, 0.9]),
    "categorical": Categorical(np.eye(3)),
    "rows": Categorical.from_weights(np.eye(3)).at([0, 2, 2]),
    "beta-binomial": BetaBinomial([1.0, 2.0, 3.0], 2.0, 9),
    "gaussian": Gaussian([1.0, 2.0, 3.0], 2.0, -5, 9),
    "mixture": Logistic.mixture(np.eye(3), np.eye(3), 2.0, -5, 9),
    "posterior": Buckets(4).posterior([1.0, 2.0, 3.0], 2.0),
    "hidden markov": HiddenMarkov(
        *(models.Categorical([3, 1]), models.Conditional([[2, 2], [3, 1]])),
        *(models.Conditional([[1, 3], [3, 1]]), 5),
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CODECS)
def test_codecs(name, way):
    codec = CODECS[name]
    stack = Stack(seed=1)
    data = codec.pop(stack)
    codec.push(stack, data)
    before = compiled()
    again = WAYS[way](codec)
    other = Stack(seed=1)
    popped = again.pop(other)
    assert np.array_equal(popped, data)
    assert popped.dtype is np.dtype(np.int64)  # what codecs take as it is
    again.push(other, data)
    assert other == stack
    assert compiled() == before


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("vae", [small_vaes.GOLDEN, small_vaes.GOLDEN_BINARY])
def test_models_of_images(vae, way):
    images = vae.sample(5, rng=1)
    message = vae.encode(images)
    before = compiled()
    again = WAYS[way](vae)
    assert again.fingerprint == vae.fingerprint
    assert all(not array.flags.writeable for array in arrays_of(again))
    assert again.encode(images) == message
    assert np.array_equal(again.decode(message, 5), images)
    assert compiled() == before


def test_parameters_of_any_kind_are_compiled_once():
    n, p = np.array([[5, 3], [2, 9]]), np.array([[0.1, 0.5], [0.9, 0.25]])

    def build(n, p):
        Uniform(n), Bernoulli(p), Bernoulli.from_logits(p), Categorical(p), Gaussian(p, p, 0, 9)
        Categorical.from_weights(p).at(n[:1] % 2), BetaBinomial(p, p, 9)
        Logistic.mixture(p, p, p, 0, 9)

    build(n, p)
    before = compiled()
    fixed = [array.copy() for array in (n, p)]
    for array in fixed:
        array.setflags(write=False)
    build(*fixed)
    build(n.T, p.T)
    build(n.astype(">u4"), p.astype(np.float32))
    build(n[:0], p[:0])
    build(*(np.broadcast_to(array[0], (2, 2)) for array in (n, p)))
    build(*(pickle.loads(pickle.dumps(array)) for array in (n, p)))
    assert compiled() == before


def test_what_is_pushed_may_be_read_only_or_apart():
    codec = Uniform(1000, 6)
    stack = Stack()
    codec.push(stack, np.arange(6))
    before = compiled()
    fixed = np.arange(6)
    fixed.setflags(write=False)
    for data in (fixed, np.arange(12)[::2], pickle.loads(pickle.dumps(fixed)), fixed[::-1]):
        codec.push(stack, data)
        assert np.array_equal(codec.pop(stack), data)
    assert compiled() == before


def test_nobody_writes_to_what_kernels_rely_on():
    """Neither to what codecs show, nor to what they were made of."""
    means, probability, index = np.zeros(3), np.full(3, 0.5), np.zeros(3, int)
    edges, weights = np.arange(9.0), np.full((1, 2), 1 << 15, np.uint32)
    made = [
        Gaussian(means, 1.0, 0, 9),
        Bernoulli(probability),
        Symbols(models.Conditional([[2, 2], [3, 1]], index)),
        LocationScale("logistic", np.zeros((3, 2)), np.ones((3, 2)), edges, shares=weights),
        *CODECS.values(),
    ]
    stacks = [Stack(seed=1) for _ in made]
    for codec, stack in zip(made, stacks, strict=True):
        codec.pop(stack)
    for original in (means, probability, edges):
        original[:] = np.nan
    weights[:], index[:] = 0, 1
    for codec, stack in zip(made, stacks, strict=True):
        other = Stack(seed=1)
        codec.pop(other)
        assert other == stack
        for array in shown_by(codec):
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0
