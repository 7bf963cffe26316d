"""VAEs: messages as MODEL.md says, by a coder that was written from it alone; and rates."""

import naive_model
import numpy as np
import pytest
import small_vaes
from hypothesis import example, given, settings, strategies as st
from random_vaes import made, models, random_images

from ansflow import bitsback
from ansflow.bitsback.models.pixels import BinaryPixels, GreyPixels
from ansflow.bitsback.nets import Dense, Network, Reshape
from ansflow.errors import CorruptDataError, ModelError, TruncatedError

GREY = small_vaes.build(components=2, net="convolution")
BINARY = small_vaes.build(net="mixed")


# Against the oracle


@given(models(), st.integers(0, 4), st.booleans())
@example({"net": "dense", "components": 1, "precision": 8, "bucket_bits": 16}, 3, True)
@example({"net": "mixed", "components": 0, "precision": 31, "shift": 0, "gain": 64}, 3, True)
@settings(max_examples=30)
def test_messages_are_what_the_document_says(parameters, count, noise):
    """Byte for byte, and both decoders understand them."""
    vae, model = small_vaes.build(**parameters)
    assert vae.fingerprint == model.fingerprint
    images = random_images(vae, count, 0) if noise else vae.sample(count, rng=0)
    message = vae.encode(images)
    assert message == naive_model.encode(model, images.tobytes())
    assert naive_model.decode(model, message, count) == images.tobytes()
    back = vae.decode(message, count)
    assert back.dtype == np.uint8
    assert np.array_equal(back, images)


@pytest.mark.parametrize(("vae", "model"), [GREY, BINARY], ids=["grey", "binary"])
@pytest.mark.parametrize("count", [5, 9, 60])  # groups of one, of several, and of the most
def test_groups_are_what_the_document_says(vae, model, count):
    images = vae.sample(count, rng=1)
    message = vae.encode(images)
    assert message == naive_model.encode(model, images.tobytes())
    assert np.array_equal(vae.decode(message, count), images)


def test_groups_of_large_images_are_small():
    shape = (100, 100, 1)
    encoder = Network(
        [Reshape((10**4,)), Dense.quantized(np.zeros((10**4, 2)), [0, 0], False)], shape
    )
    decoder = Network(
        [Dense.quantized(np.zeros((1, 10**4)), [0] * 10**4, False), Reshape(shape)], (1,)
    )
    vae = bitsback.VAE("large", encoder, decoder, BinaryPixels(8))
    assert set(vae.chain(20)._group_sizes()) == {1}
    assert max(GREY[0].chain(100)._group_sizes()) == 16


@given(models(), st.integers(1, 3), st.integers(0, 9))
@settings(max_examples=12)
def test_samples_of_the_oracle(parameters, count, seed):
    """Images that were popped from random bits: the likeliest ones."""
    vae, model = small_vaes.build(**parameters)
    images = naive_model.sample(model, count, seed)
    message = vae.encode(np.frombuffer(images, np.uint8).reshape(count, *vae.image_shape))
    assert message == naive_model.encode(model, images)
    assert vae.decode(message, count).tobytes() == images


@given(models(), st.data())
@settings(max_examples=12)
def test_networks_are_what_the_document_says(parameters, data):
    """Also for inputs that no message would lead to; each result, bit for bit."""
    vae, model = small_vaes.build(**parameters)
    buckets = data.draw(
        st.lists(st.integers(0, 2**vae.bucket_bits - 1), min_size=vae.latents, max_size=vae.latents)
    )
    activations = vae.decoder(vae.buckets.centres[np.array([buckets])])
    expected = naive_model.run_decoder(model, buckets)
    assert activations.reshape(vae.unit, -1).tolist() == expected
    (image,) = random_images(vae, 1, data.draw(st.integers(0, 99)))
    means, log2_stds = naive_model.run_encoder(model, image.tobytes())
    result = vae.encoder(vae.pixels.inputs(image[np.newaxis]))
    assert result.tolist() == [means + log2_stds]


@pytest.mark.parametrize(("vae", "model"), [GREY, BINARY], ids=["grey", "binary"])
def test_no_images(vae, model):
    message = vae.encode(np.empty((0, 4, 6), np.uint8))
    assert message == naive_model.encode(model, b"")
    assert len(message) == 8
    assert vae.decode(message, 0).shape == (0, 4, 6)


def test_many_components():
    vae, model = small_vaes.build(components=20, latents=5)
    images = random_images(vae, 3, 0)
    assert vae.encode(images) == naive_model.encode(model, images.tobytes())


# Codecs


@pytest.mark.parametrize(("vae", "_"), [GREY, BINARY], ids=["grey", "binary"])
@pytest.mark.parametrize("count", [1, 5])
def test_codecs_undo_what_they_did(vae, _, count):
    """A push and a pop leave the stack as it was, whatever lies on it."""
    images = random_images(vae, count, 1)
    for codec in (vae.codec(count), vae.chain(count)):
        stack = bitsback.Stack(seed=3)
        bitsback.Uniform(1 << 16, 40).push(stack, np.arange(40))
        before = stack.copy()
        codec.push(stack, images)
        assert stack != before
        assert np.array_equal(codec.pop(stack), images)
        assert stack == before


@pytest.mark.parametrize(("vae", "_"), [GREY, BINARY], ids=["grey", "binary"])
def test_codecs_pop_samples(vae, _):
    """And a pop and a push leave it as it was, too, unless the posterior excludes the latents."""
    codec, popped = vae.codec(2), 0
    for seed in range(40):
        stack = bitsback.Stack(seed=seed)
        before = stack.copy()
        try:
            with stack.atomic():
                images = codec.pop(stack)
        except CorruptDataError:
            pass
        else:
            assert images.shape == (2, 4, 6)
            assert images.dtype == np.uint8
            popped += 1
            codec.push(stack, images)
        assert stack == before
    assert 0 < popped < 40


@pytest.mark.parametrize(("vae", "_"), [GREY, BINARY], ids=["grey", "binary"])
def test_a_chain_is_one_image_after_the_other(vae, _):
    images = random_images(vae, 4, 2)
    stack, other = bitsback.Stack(seed=0), bitsback.Stack(seed=0)
    vae.chain(4).push(stack, images)
    for image in images[::-1]:
        vae.codec().push(other, image[np.newaxis])
    assert stack == other


@pytest.mark.parametrize(("vae", "_"), [GREY, BINARY], ids=["grey", "binary"])
def test_batches_give_the_same_integers(vae, _):
    """A network's result for an input doesn't depend on what is evaluated with it."""
    images = random_images(vae, 7, 3)
    inputs = vae.pixels.inputs(images)
    together = vae.encoder(inputs)
    assert together.tolist() == [vae.encoder(x[np.newaxis])[0].tolist() for x in inputs]
    z = np.random.default_rng(4).standard_normal((7, vae.latents))
    assert vae.decoder(z).tolist() == [vae.decoder(x[np.newaxis])[0].tolist() for x in z]
    assert vae.elbo(images, rng=1).shape == (7,)


def test_images_of_another_shape_are_refused():
    vae, _ = GREY
    for shape in [(2, 6, 4), (2, 24), (4, 6), (2, 4, 6, 1)]:
        with pytest.raises(ValueError, match="shape"):
            vae.encode(np.zeros(shape, np.uint8))
    with pytest.raises(ValueError, match="shape"):
        vae.chain(3).push(bitsback.Stack(), np.zeros((2, 4, 6), np.uint8))


def test_pixels_that_a_model_does_not_know_are_refused():
    vae, _ = BINARY
    images = np.ones((3, 4, 6), np.uint8)
    assert np.array_equal(vae.decode(vae.encode(images), 3), images)
    images[1, 2, 3] = 2
    for function in (vae.encode, vae.elbo):
        with pytest.raises(ModelError, match="a pixel is 2"):
            function(images)


@pytest.mark.parametrize(("vae", "_"), [GREY, BINARY], ids=["grey", "binary"])
def test_images_are_bytes_or_truths(vae, _):
    """By the coder and the bound alike."""
    images = vae.sample(2, rng=4)
    assert vae.encode(images > 0) == vae.encode((images > 0).astype(np.uint8))
    assert np.array_equal(
        vae.elbo(images > 0, rng=1), vae.elbo((images > 0).astype(np.uint8), rng=1)
    )
    for dtype in ("i1", "i8", ">u2", "f8", "c16", "U1", "O"):
        for function in (vae.encode, vae.elbo):
            with pytest.raises(ModelError, match="uint8"):
                function(images.astype(dtype))
    for samples in (0, -1):
        with pytest.raises(ValueError, match="samples"):
            vae.elbo(images, samples=samples)


# Messages that are refused


@pytest.mark.parametrize(("vae", "model"), [GREY, BINARY], ids=["grey", "binary"])
def test_damaged_messages(vae, model):
    """Every cut, a flipped bit of every byte, the wrong number of images."""
    images = vae.sample(3, rng=5)
    message = vae.encode(images)
    for end in range(len(message)):
        with pytest.raises(CorruptDataError):
            vae.decode(message[:end], 3)
    for bit in range(0, 8 * len(message), 7):
        damaged = bytearray(message)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CorruptDataError):
            vae.decode(bytes(damaged), 3)
        assert naive_model_refuses(model, bytes(damaged), 3)
    for count in (0, 1, 2, 4, 5):
        with pytest.raises(CorruptDataError):
            vae.decode(message, count)
    for words in (b"\0" * 4, b"\xff" * 4, message):
        with pytest.raises(CorruptDataError):
            vae.decode(message + words, 3)


def naive_model_refuses(model, message, count):
    try:
        naive_model.decode(model, message, count)
    except (AssertionError, IndexError):
        return True
    return False


@pytest.mark.parametrize("head", [0, 1, 2**32 - 1])
def test_a_head_below_its_range_is_refused(head):
    vae, _ = GREY
    message = naive_model.message_of(head, [1, 2, 3] * 20)
    for count in (0, 1):
        with pytest.raises(CorruptDataError):
            vae.decode(message, count)


@pytest.mark.parametrize("shift", [-1, 1])
def test_a_message_that_ends_elsewhere_is_refused(shift):
    """It decodes to the very images, but the stack isn't the one that messages begin with."""
    vae, model = GREY
    images = vae.sample(2, rng=6)
    for head, tail, drawn in (
        (naive_model.FIRST_HEAD + shift, [], 0),
        (naive_model.FIRST_HEAD, [5], 0),  # a word that isn't a starting one
        (naive_model.FIRST_HEAD, [], 1),  # the first of them is left out
    ):
        stack = naive_model.Stack(head, list(tail), drawn)
        for image in images[::-1]:
            pixels = image.tobytes()
            buckets = stack.pop_latents(naive_model.posteriors(model, pixels))
            stack.push_all(pixels, naive_model.likelihoods(model, buckets))
            stack.push_all(buckets, naive_model.prior(model))
        message = naive_model.message_of(stack.x, stack.tail)
        with pytest.raises(CorruptDataError):
            vae.decode(message, 2)


def test_more_starting_words_than_were_needed_do_no_harm():
    """The document allows any number k of them."""
    vae, model = GREY
    images = vae.sample(2, rng=6)
    words = [naive_model.r(i) for i in reversed(range(9))]
    stack = naive_model.Stack(naive_model.FIRST_HEAD, words, 9)
    for image in images[::-1]:
        pixels = image.tobytes()
        buckets = stack.pop_latents(naive_model.posteriors(model, pixels))
        stack.push_all(pixels, naive_model.likelihoods(model, buckets))
        stack.push_all(buckets, naive_model.prior(model))
    message = naive_model.message_of(stack.x, stack.tail)
    assert naive_model.decode(model, message, 2) == images.tobytes()
    assert np.array_equal(vae.decode(message, 2), images)


def test_a_message_is_cut_off_where_there_is_no_whole_word():
    vae, _ = GREY
    message = vae.encode(vae.sample(2, rng=7))
    for size in (0, 7, 9, len(message) - 1, len(message) - 4):
        with pytest.raises(TruncatedError):
            vae.decode(message[:size], 2)


# Rates


@pytest.mark.parametrize("components", [0, 1, 2])
def test_chains_cost_the_evidence_lower_bound(components):
    """Of images from the model, the net rate is minus the ELBO.

    For 400 images, at most five standard errors of the difference apart, plus 1% for finite buckets
    and precisions.
    """
    vae, _ = small_vaes.build(components=components, bucket_bits=12, latents=3, seed=2)
    images = vae.sample(400, rng=8)
    stack = bitsback.Stack(seed=0)
    codec = vae.codec()
    costs = []
    for image in images:
        before = stack.bits
        codec.push(stack, image[np.newaxis])
        costs.append(stack.bits - before)
    differences = np.array(costs) + vae.elbo(images, samples=20, rng=9)
    error = differences.std() / np.sqrt(len(images))
    assert abs(differences.mean()) <= 5 * error + 0.01 * np.mean(costs)
    assert error < 0.05 * np.mean(costs)


def test_a_message_is_as_long_as_the_bound():
    """The head and the initial bits come on top: 64 bits, and those of the first latents."""
    vae, _ = small_vaes.build(components=1, seed=2)
    images = vae.sample(300, rng=10)
    bits = -vae.elbo(images, samples=10, rng=11).sum()
    size = 8 * len(vae.encode(images))
    assert 0.97 * bits < size < 1.03 * bits + 64 + 2 * 32


def test_samples_are_reproducible():
    vae, _ = GREY
    assert np.array_equal(vae.sample(5, rng=1), vae.sample(5, rng=np.random.default_rng(1)))
    assert not np.array_equal(vae.sample(5, rng=1), vae.sample(5, rng=2))
    assert vae.sample(0, rng=1).shape == (0, 4, 6)
    assert vae.elbo(np.empty((0, 4, 6), np.uint8)).shape == (0,)


def test_the_bound_averages_over_draws():
    """More draws, less noise, the same mean."""
    vae, _ = GREY
    images = np.repeat(vae.sample(1, rng=12), 2000, axis=0)
    one, many = vae.elbo(images, rng=13), vae.elbo(images[:200], samples=25, rng=14)
    assert many.std() < 0.5 * one.std()
    assert abs(one.mean() - many.mean()) < 5 * (one.std() / 2000**0.5 + many.std() / 200**0.5)


# Networks that do not fit each other


def test_networks_that_do_not_fit_each_other():
    vae = made()
    encoder, decoder, pixels = vae.encoder, vae.decoder, vae.pixels
    dense = Dense.quantized(np.zeros((2, 24)), np.zeros(24), False)
    three = Network([Dense.quantized(np.zeros((3, 24)), np.zeros(24), False)], (3,))
    for parts in (
        (decoder, encoder, pixels),
        (encoder, encoder, pixels),
        (encoder, three, pixels),
        (encoder, Network([dense], (2,)), pixels),  # vectors, not images
        (encoder, Network([dense, Reshape((6, 4, 1))], (2,)), pixels),
        (encoder, Network([dense, Reshape((2, 3, 4))], (2,)), pixels),
        (encoder, Network([Reshape((2, 1))], (2,)), pixels),
        (Network([Reshape((24,)), *encoder.layers[3:]], (4, 3, 2)), decoder, pixels),
        (encoder, decoder, GreyPixels(1, 16)),
        (encoder, decoder, GreyPixels(2, 16)),
    ):
        with pytest.raises(ModelError):
            bitsback.VAE("x", *parts)
    bitsback.VAE("x", encoder, decoder, pixels)


@pytest.mark.parametrize("bits", [0, 17, -1])
def test_bits_of_buckets_that_are_refused(bits):
    with pytest.raises(ModelError):
        made(bucket_bits=bits)


@pytest.mark.parametrize("precision", [0, 32, -1])
def test_precisions_of_binary_pixels_that_are_refused(precision):
    with pytest.raises(ModelError):
        made(pixels=BinaryPixels(precision))


@pytest.mark.parametrize(
    ("components", "precision"), [(0, 16), (1, 7), (1, 32), (257, 16), (-1, 16)]
)
def test_grey_pixels_that_are_refused(components, precision):
    """At the latest with the networks."""
    channels = max(3 * components, 1)
    dense = Dense.quantized(np.zeros((2, 24 * channels)), np.zeros(24 * channels), False)
    decoder = Network([dense, Reshape((4, 6, channels))], (2,))
    with pytest.raises(ModelError):
        bitsback.VAE("x", made().encoder, decoder, GreyPixels(components, precision))
