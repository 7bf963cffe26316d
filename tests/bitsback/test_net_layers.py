"""Layers without weights are what MODEL.md says, for images of any size."""

import naive_nets as oracle
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from ansflow.bitsback import VAE
from ansflow.bitsback.models.pixels import BinaryPixels
from ansflow.bitsback.nets import (
    Activation,
    Add,
    Channels,
    Concatenate,
    Convolution,
    Crop,
    Dense,
    DepthToSpace,
    Network,
    Reshape,
    Residual,
    SpaceToDepth,
    Upsample,
)
from ansflow.errors import ModelError

LIMIT = 1 << 23
RNGS = st.integers(0, 2**32).map(np.random.default_rng)
SIZES = st.tuples(st.integers(1, 7), st.integers(1, 7))


def activations(rng, *shape):
    return rng.integers(-LIMIT, LIMIT + 1, shape).astype(np.int32)


def check(layer, expected, *inputs):
    """The layer's results, their shape and dtype, for the batch of `inputs`."""
    y = layer(*inputs)
    assert y.dtype == np.int32
    assert y.flags.c_contiguous
    assert y.shape == (len(inputs[0]), *layer.output_shape(*(x.shape[1:] for x in inputs)))
    batch = zip(*(x.tolist() for x in inputs), strict=True)
    assert y.tolist() == [expected(*items) for items in batch]
    return y


@given(RNGS, SIZES, st.integers(1, 4), st.integers(1, 3))
@settings(max_examples=25)
def test_space_to_depth_and_back(rng, size, factor, channels):
    x = activations(rng, 2, *size, channels)
    down, up = SpaceToDepth(factor), DepthToSpace(factor)
    y = check(down, lambda image: oracle.space_to_depth(image, factor), x)
    z = check(up, lambda image: oracle.depth_to_space(image, factor), y)
    assert np.array_equal(Crop()(z, x), x)
    free = (None, None, channels)
    assert down.output_shape(free) == (None, None, channels * factor**2)
    assert up.output_shape(down.output_shape(free)) == free


@given(RNGS, st.integers(2, 9), st.data())
@settings(max_examples=20)
def test_channels_are_split_and_joined(rng, count, data):
    cut = data.draw(st.integers(1, count - 1))
    for shape in ((2, 3, 4, count), (3, count)):
        x = activations(rng, *shape)
        parts = [
            check(Channels(a, b), lambda item, a=a, b=b: oracle.channels(item, a, b), x)
            for a, b in ((0, cut), (cut, count))
        ]
        assert np.array_equal(
            check(Concatenate(), lambda *items: oracle.concatenate(items), *parts), x
        )


@given(RNGS, SIZES, st.integers(2, 4), st.booleans(), st.booleans())
@settings(max_examples=25)
def test_sums(rng, size, count, relu, with_vector):
    inputs = [activations(rng, 2, *size, 3) for _ in range(count)]
    inputs[0][...] = rng.choice([-LIMIT, LIMIT])
    if with_vector:
        inputs.insert(int(rng.integers(0, count)), activations(rng, 2, 3))
    check(Add(relu), lambda *items: oracle.add(items, relu), *inputs)
    vectors = [activations(rng, 2, 3) for _ in range(count)]
    check(Add(relu), lambda *items: oracle.add(items, relu), *vectors)


def test_as_many_inputs_as_a_sum_may_have():
    x = np.full((1, 2), LIMIT, np.int32)
    assert Add()(*[x] * 64).tolist() == [[LIMIT, LIMIT]]
    assert Add()(*[-x] * 64).tolist() == [[-LIMIT, -LIMIT]]


def test_free_sizes_of_merges():
    free, fixed = (None, None, 3), (4, None, 3)
    assert Add().output_shape(free, fixed, (3,)) == fixed
    assert Concatenate().output_shape(free, fixed, (None, 7, 1)) == (4, 7, 7)
    assert Crop().output_shape((9, None, 2), free) == (None, None, 2)


DENSE = Dense.quantized([[1.0]], [0.0], True)
CONVOLUTION = Convolution.quantized(np.ones((3, 3, 2, 2)) / 9, [0, 0], False)


@given(RNGS, SIZES, st.integers(1, 3))
@settings(max_examples=20)
def test_networks_of_convolutions_take_images_of_any_size(rng, size, stride):
    strided = Convolution(CONVOLUTION.weights, CONVOLUTION.bias, CONVOLUTION.shift, True, stride)
    layers = [
        Residual((CONVOLUTION, Activation("elu")), False),
        strided,
        Upsample(3),
        SpaceToDepth(2),
    ]
    free = Network(layers, (None, None, 2))
    assert free.output_shape == (None, None, 8)
    x = activations(rng, 2, *size, 2)
    fixed = Network(layers, x.shape[1:])
    assert free(x).shape[1:] == fixed.output_shape
    assert np.array_equal(free(x), fixed(x))
    assert np.array_equal(np.concatenate([free(x[:1]), free(x[1:])]), free(x))


ILLEGAL = {
    "channels of depth-to-space": lambda: DepthToSpace(2).output_shape((3, 3, 6)),
    "depth-to-space of vectors": lambda: DepthToSpace(2).output_shape((4,)),
    "space-to-depth of vectors": lambda: SpaceToDepth(2).output_shape((4,)),
    "free channels": lambda: SpaceToDepth(2).output_shape((4, 4, None)),
    "no factor": lambda: SpaceToDepth(0),
    "large factor": lambda: DepthToSpace(17),
    "no channels": lambda: Channels(2, 2),
    "negative channels": lambda: Channels(-1, 2),
    "fractional channels": lambda: Channels(0, 1.5),
    "channels that are not there": lambda: Channels(1, 4).output_shape((2, 2, 3)),
    "channels of free number": lambda: Channels(1, 4).output_shape((2, 2, None)),
    "relu of another type": lambda: Add(relu=1),
    "one input": lambda: Add().output_shape((3,)),
    "many inputs": lambda: Add().output_shape(*[(3,)] * 65),
    "sums of other sizes": lambda: Add().output_shape((2, 3, 4), (None, 2, 4)),
    "sums of other channels": lambda: Add().output_shape((2, 3, 4), (3,)),
    "sums of other axes": lambda: Add().output_shape((2, 3, 4), (3, 4)),
    "sums of no axes": lambda: Add().output_shape((), ()),
    "joined sizes": lambda: Concatenate().output_shape((2, 3, 4), (2, 2, 4)),
    "joined axes": lambda: Concatenate().output_shape((2, 3, 4), (4,)),
    "joined free channels": lambda: Concatenate().output_shape((2, 3, 4), (2, 3, None)),
    "three images of a crop": lambda: Crop().output_shape(*[(2, 2, 2)] * 3),
    "a crop of vectors": lambda: Crop().output_shape((2,), (2,)),
    "a crop that is larger": lambda: Crop().output_shape((2, 2, 2), (None, 3, 2)),
    "free sizes of a dense layer": lambda: Dense.quantized([[1.0]], [0], True).output_shape(
        (None,)
    ),
    "free sizes to reshape": lambda: Reshape((4,)).output_shape((None, 2)),
    "no size": lambda: Network([], (0, None)),
    "size of another type": lambda: Network([], (2.0, None)),
    "images of any size of a VAE": lambda: VAE(
        "free", Network([], (None, None, 1)), Network([], (2,)), BinaryPixels(8)
    ),
    "pixels without bound": lambda: Network([Upsample(16)] * 100, (1, 1, 1)),
    "free shape": lambda: Reshape((None, 3)),
}


@pytest.mark.parametrize("name", ILLEGAL)
def test_illegal_layers_and_shapes(name):
    with pytest.raises(ModelError):
        ILLEGAL[name]()


def test_images_that_turn_out_not_to_fit():
    """Shapes that are legal for some sizes, and not for those of the batch."""
    halved = Residual(
        (Convolution(CONVOLUTION.weights, CONVOLUTION.bias, 4, True, 2), Upsample(2)), False
    )
    with pytest.raises(ModelError, match="residual"):
        halved(np.zeros((1, 3, 4, 2), np.int32))
    assert halved(np.zeros((1, 2, 4, 2), np.int32)).shape == (1, 2, 4, 2)
    with pytest.raises(ModelError, match="sum"):
        Add()(np.zeros((1, 3, 4, 2), np.int32), np.zeros((1, 3, 5, 2), np.int32))
    with pytest.raises(ModelError, match="crop"):
        Crop()(np.zeros((1, 3, 4, 2), np.int32), np.zeros((1, 3, 5, 2), np.int32))
