"""VAEs: messages as MODEL.md says, by a coder that was written from it alone; files; and rates."""

import copy
import io
import json
import pickle
import zipfile

import naive_model
import numpy as np
import pytest
import small_vaes
from hypothesis import example, given, settings, strategies as st

from ansflow import bitsback
from ansflow.bitsback.models.pixels import BinaryPixels, GreyPixels
from ansflow.bitsback.nets import Convolution, Dense, Network, Reshape, Residual, Upsample
from ansflow.errors import CorruptDataError, ModelError, TruncatedError

GREY = small_vaes.build(components=2, net="convolution")
BINARY = small_vaes.build(net="mixed")


@st.composite
def models(draw):
    """Parameters of small models: also such that activations and logarithms are cut off."""
    net = draw(st.sampled_from(small_vaes.NETS))
    even = net == "convolution"
    components = draw(st.integers(0, 4))
    return {
        "net": net,
        "components": components,
        "height": draw(st.sampled_from([2, 4] if even else [1, 3, 4])),
        "width": draw(st.sampled_from([2, 6] if even else [1, 5, 6])),
        "latents": draw(st.integers(1, 3)),
        "bucket_bits": draw(st.sampled_from([1, 2, 6, 11, 12, 16])),
        "precision": draw(st.integers(8 if components else 1, 31)),
        "shift": draw(st.sampled_from([0, 1, 10, 14])),
        "gain": draw(st.sampled_from([1, 1, 4, 64])),
        "seed": draw(st.integers(0, 9)),
    }


def random_images(vae, count, seed):
    """Of all values there are."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, vae.pixels.highest + 1, (count, *vae.image_shape)).astype(np.uint8)


# Against the oracle


@given(models(), st.integers(0, 4), st.booleans())
@example({"net": "dense", "components": 1, "precision": 8, "bucket_bits": 16}, 3, True)
@example({"net": "mixed", "components": 0, "precision": 31, "shift": 0, "gain": 64}, 3, True)
@settings(max_examples=60)
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
@settings(max_examples=25)
def test_samples_of_the_oracle(parameters, count, seed):
    """Images that were popped from random bits: the likeliest ones."""
    vae, model = small_vaes.build(**parameters)
    images = naive_model.sample(model, count, seed)
    message = vae.encode(np.frombuffer(images, np.uint8).reshape(count, *vae.image_shape))
    assert message == naive_model.encode(model, images)
    assert vae.decode(message, count).tobytes() == images


@given(models(), st.data())
@settings(max_examples=25)
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
    """And a pop and a push leave it as it was, too."""
    stack = bitsback.Stack(seed=4)
    bitsback.Uniform(1 << 16, 400).push(stack, np.arange(400))
    before = stack.copy()
    for codec in (vae.codec(3), vae.chain(3)):
        images = codec.pop(stack)
        assert images.shape == (3, 4, 6)
        assert images.dtype == np.uint8
        codec.push(stack, images)
        assert stack == before


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


# Messages that aren't right


@pytest.mark.parametrize(("vae", "model"), [GREY, BINARY], ids=["grey", "binary"])
def test_damaged_messages(vae, model):
    """Every cut, every flipped bit, the wrong number of images."""
    images = vae.sample(3, rng=5)
    message = vae.encode(images)
    for end in range(len(message)):
        with pytest.raises(CorruptDataError):
            vae.decode(message[:end], 3)
    for bit in range(8 * len(message)):
        damaged = bytearray(message)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CorruptDataError):
            vae.decode(bytes(damaged), 3)
        if bit % 7 == 0:
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
            buckets = stack.pop_all(naive_model.posteriors(model, pixels))
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
        buckets = stack.pop_all(naive_model.posteriors(model, pixels))
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


# Files


def saved(vae):
    file = io.BytesIO()
    vae.save(file)
    return file.getvalue()


@given(models())
@settings(max_examples=20)
def test_files(parameters):
    """What is loaded is what was saved, and what the oracle reads."""
    vae, model = small_vaes.build(**parameters)
    file = saved(vae)
    again, oracle = small_vaes.both(file)
    assert again.fingerprint == oracle.fingerprint == vae.fingerprint == model.fingerprint
    assert oracle.description == model.description
    images = random_images(vae, 2, 0)
    assert again.encode(images) == vae.encode(images)


def test_files_by_path(tmp_path):
    vae, _ = GREY
    vae.save(tmp_path / "model.npz")
    for path in (tmp_path / "model.npz", str(tmp_path / "model.npz")):
        assert bitsback.VAE.load(path).fingerprint == vae.fingerprint
    with pytest.raises(FileNotFoundError):
        bitsback.VAE.load(tmp_path / "other.npz")


def made(name="made", scale=1.0, pixels=None, **more):
    """A model from Python, with all kinds of layers."""
    grid = np.arange(24.0).reshape(24, 1)
    encoder = [
        Convolution.quantized(np.full((3, 3, 1, 1), 0.25), [0.0], True, stride=1),
        Residual((Convolution.quantized(np.full((1, 1, 1, 1), -0.5), [0.25], False),), True),
        Reshape((24,)),
        Dense.quantized(np.cos(grid * np.arange(1, 5)) / 8, [0, 0, -1.5, -1.5], False),
    ]
    decoder = [
        Dense.quantized(
            np.array([[1.0, -1, 0.5, 0, 2, -2], [0, 1, 1, -1, 0.5, 0.25]]), [0.0] * 6, False
        ),
        Reshape((2, 3, 1)),
        Upsample(2),
        Convolution.quantized(np.full((1, 1, 1, 1), scale), [0.25], False),
    ]
    return bitsback.VAE(
        name,
        Network(encoder, (4, 6, 1)),
        Network(decoder, (2,)),
        BinaryPixels(20) if pixels is None else pixels,
        **more,
    )


def test_models_made_from_layers():
    """They are what their files say."""
    vae = made()
    again, model = small_vaes.both(saved(vae))
    assert vae.fingerprint == again.fingerprint == model.fingerprint
    images = random_images(vae, 5, 0)
    assert vae.encode(images) == again.encode(images)
    assert vae.encode(images) == naive_model.encode(model, images.tobytes())


FINGERPRINT = "5f83d6ffee85457ae988c89886484ac3"


def test_a_fingerprint_is_pinned():
    """By the formula of `small_vaes`; on every machine, in every release."""
    vae, model = small_vaes.build("pinned", components=2, net="convolution", seed=5)
    assert vae.fingerprint == model.fingerprint == FINGERPRINT


def changed_layers(description):
    """Descriptions with one field of one layer changed."""
    for name in ("encoder", "decoder"):
        for layer, fields in enumerate(description[name]):
            for key, change in {"shift": lambda x: x + 1, "relu": lambda x: not x}.items():
                if key in fields:
                    changed = copy.deepcopy(description)
                    changed[name][layer][key] = change(fields[key])
                    yield changed


def test_fingerprints_tell_models_apart():
    """By any array, and any part of the description."""
    description, arrays = small_vaes.draft_model(components=1, net="mixed")
    models = [(description, arrays)]
    for name, array in arrays.items():
        changed = array.copy()
        changed.flat[-1] += 1
        models.append((description, arrays | {name: changed}))
    pixels = description["pixels"] | {"precision": 17}
    for change in ({"name": "another"}, {"bucket_bits": 7}, {"pixels": pixels}):
        models += [(description | change, arrays)]
    models += [(changed, arrays) for changed in changed_layers(description)]
    assert len(models) > 25
    assert len({load(*model).fingerprint for model in models}) == len(models)


def load(description, arrays):
    """A model of such a file, with the fingerprint that the document says."""
    vae, model = small_vaes.both(naive_model.write_model(description, arrays))
    assert vae.fingerprint == model.fingerprint
    return vae


# Files that aren't right


def load_bytes(data):
    return bitsback.VAE.load(io.BytesIO(data))


SMALL_FILE = saved(made())


def test_every_cut_of_a_file_is_refused():
    for end in range(len(SMALL_FILE)):
        with pytest.raises(ModelError):
            load_bytes(SMALL_FILE[:end])


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_flipped_bit_is_noticed_or_means_nothing(compression):
    """There is more in an archive than what is read of it, such as dates."""
    fingerprint = made().fingerprint
    file = rewritten(SMALL_FILE, {}, compression)
    for bit in range(0, 8 * len(file), 13):
        damaged = bytearray(file)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            vae = load_bytes(bytes(damaged))
        except ModelError:
            continue
        assert vae.fingerprint == fingerprint


def members(file):
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(file, changes, compression=zipfile.ZIP_STORED):
    """A model's file with other members; None takes one away."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in (members(file) | changes).items():
            if data is not None:
                archive.writestr(name, data)
    return out.getvalue()


def npy(array, **options):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asanyarray(array), **options)
    return file.getvalue()


def with_npy_header(text):
    text = text.encode() + b"\n"
    return np.lib.format.magic(1, 0) + len(text).to_bytes(2, "little") + text


WEIGHTS = "encoder.0.weights.npy"
NPY_HEADERS = [
    "{'descr': '<i2', 'fortran_order': False, 'shape': (99999999999999,)}",
    "{'descr': '<i2', 'fortran_order': False, 'shape': (-1,)}",
    "{'descr': '<i2', 'fortran_order': False, 'shape': (3, 3, 1, 1)}",
    "{'descr': '<i2'",
    "(" * 3000,
    "__import__('os')",
    "{'descr': 'O', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': 'zz', 'fortran_order': False, 'shape': (1,)}",
    "\0" * 10,
]


class Trap:
    """Whoever unpickles it, fails the test."""

    def __reduce__(self):
        return pytest.fail, ("it was unpickled",)


GARBAGE = {
    "nothing": b"",
    "garbage": b"garbage" * 50,
    "zeros": bytes(1000),
    "an array": npy(np.zeros(3)),
    "an array of objects": npy(np.array([Trap()], object)),
    "a pickle": pickle.dumps({"description": Trap()}),
    "an empty archive": rewritten(SMALL_FILE, dict.fromkeys(members(SMALL_FILE))),
    "no description": rewritten(SMALL_FILE, {"description.npy": None}),
    "a description of objects": rewritten(
        SMALL_FILE, {"description.npy": npy(np.array([Trap()], object))}
    ),
    "a description that is no array": rewritten(
        SMALL_FILE, {"description.npy": None, "description": b"{}"}
    ),
    "weights of objects": rewritten(SMALL_FILE, {WEIGHTS: npy(np.array([Trap()], object))}),
    "weights that are missing": rewritten(SMALL_FILE, {WEIGHTS: None}),
    "weights that are no array": rewritten(SMALL_FILE, {WEIGHTS: b"garbage"}),
    "weights that are empty": rewritten(SMALL_FILE, {WEIGHTS: b""}),
    "weights that are cut off": rewritten(SMALL_FILE, {WEIGHTS: members(SMALL_FILE)[WEIGHTS][:-1]}),
} | {
    f"header {text[:70]!r}": rewritten(SMALL_FILE, {WEIGHTS: with_npy_header(text)})
    for text in NPY_HEADERS
}


@pytest.mark.parametrize("name", GARBAGE)
def test_what_is_no_file_of_a_model_is_refused(name):
    with pytest.raises(ModelError):
        load_bytes(GARBAGE[name])


DESCRIPTION, ARRAYS = small_vaes.draft_model(components=2, net="convolution")
DENSE = {"kind": "dense", "shift": 10, "relu": False}


def as_grey(**fields):
    return {"kind": "grey", "components": 2, "precision": 16, **fields}


FORGED = {
    "name": [1, None, []],
    "image_shape": [
        *([4, 6], [4, 6, 1, 1], [-4, -6, 1], [4, 6, 2], [6, 4, 1], [4.0, 6.0, 1], [True]),
        *("461", None, {}),
    ],
    "latents": ["x", None, -2, 0, 3, [2], 10**30, float("inf"), float("nan"), 2.7],
    "bucket_bits": [None, [], 0, 17, -1, 10**30, float("inf"), float("nan"), 6.5],
    "posterior_precision": [27, 30, None, "x"],
    "version": [0, 2, None, "1", 1.0],
    "log2_stds": [[0, 1], [-24576], None],
    "pixels": [
        *(None, [], "grey", {}, {"kind": "grey"}, {"kind": ["grey"]}, {"kind": "binary"}),
        {"kind": "binary", "precision": 16},
        *(as_grey(components=3), as_grey(components="2"), as_grey(components=0), as_grey(more=1)),
        *(as_grey(precision=99), as_grey(precision=7), as_grey(precision=-1)),
        *(as_grey(precision="16"), as_grey(precision=None), as_grey(precision=16.5)),
    ],
    "encoder": [
        *(None, 5, "x", {}, [], [None], [[]], [{}], [{"kind": "other"}], [{"kind": ["dense"]}]),
        *([{"kind": "dense"}], [DENSE], [DENSE | {"kind": "convolution"}], [{"kind": "residual"}]),
        [{"kind": "reshape", "shape": [24]}],
    ],
    "decoder": [
        *([], [{"kind": "reshape", "shape": [-2]}], [{"kind": "reshape", "shape": 2}]),
        *([{"kind": "reshape"}], [{"kind": "reshape", "shape": [2.5]}]),
        *([{"kind": "upsample", "factor": 2}], [{"kind": "upsample", "factor": 0}]),
    ],
}


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key, values in FORGED.items() for value in values], ids=str
)
def test_forged_descriptions(key, value):
    """Whatever a description says that can't be, or that this code doesn't do, is refused."""
    with pytest.raises(ModelError):
        load_bytes(naive_model.write_model(DESCRIPTION | {key: value}, ARRAYS))


@pytest.mark.parametrize("key", DESCRIPTION)
def test_keys_that_are_missing(key):
    description = {name: value for name, value in DESCRIPTION.items() if name != key}
    with pytest.raises(ModelError):
        load_bytes(naive_model.write_model(description, ARRAYS))


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"null", b"\xff\xfe{}", b"[" * 200_000, b'{"name": NaN}', b'"text"'],
    ids=lambda text: repr(text[:10]),
)
def test_descriptions_that_are_no_object(text):
    with pytest.raises(ModelError):
        load_bytes(naive_model.write_model(text, ARRAYS))


def nested(depth):
    layer = {"kind": "reshape", "shape": [24]}
    for _ in range(depth):
        layer = {"kind": "residual", "relu": False, "layers": [layer]}
    return [layer]


@pytest.mark.parametrize("depth", [20, 300])
def test_layers_that_are_nested_too_deep(depth):
    with pytest.raises(ModelError):
        load_bytes(naive_model.write_model(DESCRIPTION | {"encoder": nested(depth)}, ARRAYS))


CHANGES = {
    "floats": lambda x: x.astype("f4"),
    "unsigned": lambda x: x.astype(x.dtype.str.replace("i", "u")),
    "the other's type": lambda x: x.astype("<i8" if x.dtype == np.int16 else "<i2"),
    "fewer outputs": lambda x: x[..., :-1],
    "an axis more": lambda x: x[np.newaxis],
    "a number": lambda x: x.reshape(-1)[0],
    "nothing": lambda x: x[:0],
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", ["encoder.0.weights", "encoder.0.bias", "decoder.0.weights"])
def test_arrays_that_do_not_fit(name, change):
    changed = CHANGES[change](ARRAYS[name])
    with pytest.raises(ModelError):
        load_bytes(naive_model.write_model(DESCRIPTION, ARRAYS | {name: changed}))


def test_what_a_file_says_beside_is_refused():
    """Or else it would be another model than the file's, by its fingerprint."""
    layer = DESCRIPTION["encoder"][0] | {"more": 1}
    for description in (
        DESCRIPTION | {"more": 1},
        DESCRIPTION | {"encoder": [layer, *DESCRIPTION["encoder"][1:]]},
    ):
        with pytest.raises(ModelError):
            load_bytes(naive_model.write_model(description, ARRAYS))
    for name in ("more", "encoder.9.weights", "table.powers"):
        with pytest.raises(ModelError):
            load_bytes(naive_model.write_model(DESCRIPTION, ARRAYS | {name: np.zeros(3)}))
    assert load_bytes(naive_model.write_model(DESCRIPTION, ARRAYS)).name == "small"


def test_a_bias_that_could_overflow():
    for value in (2**62, -(2**62), -(2**63)):
        bias = np.full(ARRAYS["encoder.0.bias"].shape, value, np.int64)
        with pytest.raises(ModelError):
            load_bytes(naive_model.write_model(DESCRIPTION, ARRAYS | {"encoder.0.bias": bias}))


def test_arrays_in_fortran_order_are_the_same_model():
    arrays = {name: np.asfortranarray(array) for name, array in ARRAYS.items()}
    vae, model = small_vaes.both(naive_model.write_model(DESCRIPTION, arrays))
    assert vae.fingerprint == model.fingerprint == load(DESCRIPTION, ARRAYS).fingerprint


# Networks that don't fit


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


def test_descriptions_are_json():
    """What a file says can be read without ansflow."""
    text = npy_content(members(SMALL_FILE)["description.npy"])
    description = json.loads(text)
    assert description["name"] == "made"
    assert description["pixels"] == {"kind": "binary", "precision": 20}
    assert (description["latents"], description["bucket_bits"]) == (2, 12)
    kinds = [layer["kind"] for layer in description["encoder"]]
    assert kinds == ["convolution", "residual", "reshape", "dense"]


def npy_content(data):
    return bytes(np.lib.format.read_array(io.BytesIO(data)))
