"""Images under layers of latents: messages as MODEL.md says, and rates."""

import copy
import io

import naive_hierarchy
import naive_model
import numpy as np
import pytest
import small_hierarchies
import small_vaes
from hypothesis import example, given, settings, strategies as st
from random_vaes import random_images

import ansflow
from ansflow import bitsback
from ansflow.errors import CorruptDataError, ModelError

MODELS = st.fixed_dictionaries(
    {
        "net": st.sampled_from(sorted(small_hierarchies.SHAPES)),
        "depth": st.integers(1, 3),
        "components": st.integers(0, 2),
        "bucket_bits": st.sampled_from([1, 8, 12]),
        "seed": st.integers(0, 9),
    }
)
GREY = small_hierarchies.build(net="maps", depth=3, components=2)


@given(MODELS, st.integers(0, 3), st.booleans())
@example({"net": "maps", "depth": 3, "components": 1}, 5, True)
@settings(max_examples=15)
def test_messages_are_what_the_document_says(parameters, count, noise):
    """Byte for byte, and both decoders understand them."""
    vae, model = small_hierarchies.build(**parameters)
    assert vae.fingerprint == model.fingerprint
    images = random_images(vae, count, 0) if noise else vae.sample(count, rng=0)
    message = vae.encode(images)
    assert message == naive_hierarchy.encode(model, images.tobytes())
    assert naive_hierarchy.decode(model, message, count) == images.tobytes()
    back = vae.decode(message, count)
    assert back.dtype == np.uint8
    assert np.array_equal(back, images)


FINGERPRINT = "942417627fc9cc5119a755ba841b57f4"
MESSAGE = (
    "aeb13a903bfd6201547d543481a79c3b0553281a99e95499140019001e00230028002d00320037003e001b0001"
    "0132dc40ff4cd56dff72ffcabe41ec3684be900c4bb1b291ff96ff9bffa0ffa5ffaaffafffb4ffb9ffbeffc3ff"
    "000005000a000f00140019001e00230074a2"
)


def test_messages_never_change():
    vae, _ = small_hierarchies.build("pinned", net="maps", depth=3, components=1, seed=5)
    images = (np.arange(48, dtype=np.uint8) * 5 % 200).reshape(2, 4, 6)
    assert vae.fingerprint == FINGERPRINT
    assert vae.encode(images).hex() == MESSAGE
    assert np.array_equal(vae.decode(bytes.fromhex(MESSAGE), 2), images)


def test_one_layer_is_a_vae():
    """The same networks, the same messages, but for the names of their arrays."""
    description, arrays = small_hierarchies.draft_model(depth=1)
    (latents,), one = description.pop("layers")[0], copy.deepcopy(description)
    one |= {
        "latents": latents,
        "encoder": one.pop("encoders")[0],
        "decoder": one.pop("decoders")[0],
    }
    renamed = {name.replace("coders.0", "coder"): array for name, array in arrays.items()}
    vae, _ = small_vaes.both(naive_model.write_model(one, renamed))
    hierarchical, _ = small_hierarchies.build(depth=1)
    images = vae.sample(9, rng=0)
    assert hierarchical.encode(images) == vae.encode(images)
    errors = hierarchical.elbo(images, 400, rng=0) - vae.elbo(images, 400, rng=1)
    assert np.abs(errors).max() < 0.6


@pytest.mark.parametrize("count", [1, 5])
def test_both_orders_undo_what_they_did(count):
    vae, _ = GREY
    images = random_images(vae, count, 1)
    hierarchy = vae.hierarchy(count)
    for codec in (hierarchy.bit_swap(), hierarchy.bb_ans(), vae.codec(count), vae.chain(count)):
        stack = bitsback.Stack(3, seed=3)
        before = stack.copy()
        codec.push(stack, images)
        assert stack != before
        assert np.array_equal(codec.pop(stack), images)
        assert stack == before


def test_frames():
    vae, _ = small_hierarchies.build("hierarchy-in-frames", components=1)
    bitsback.register(vae)
    images = vae.sample(20, rng=2)
    blob = ansflow.compress(images, model="hierarchy-in-frames")
    assert np.array_equal(ansflow.decompress(blob), images)


def test_damaged_messages():
    vae, _ = GREY
    images = vae.sample(2, rng=5)
    message = vae.encode(images)
    for end in range(0, len(message), 3):
        with pytest.raises(CorruptDataError):
            vae.decode(message[:end], 2)
    for bit in range(0, 8 * len(message), 5):
        damaged = bytearray(message)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CorruptDataError):
            vae.decode(bytes(damaged), 2)


@pytest.mark.parametrize("components", [0, 1])
def test_chains_cost_the_evidence_lower_bound(components):
    """At most five standard errors of the difference apart, plus 1% for finite buckets."""
    vae, _ = small_hierarchies.build(depth=3, components=components, bucket_bits=12, seed=2)
    images = vae.sample(300, rng=8)
    stack, codec, costs = bitsback.Stack(seed=0), vae.codec(), []
    for image in images:
        before = stack.bits
        codec.push(stack, image[np.newaxis])
        costs.append(stack.bits - before)
    differences = np.array(costs) + vae.elbo(images, samples=20, rng=9)
    error = differences.std() / np.sqrt(len(images))
    assert abs(differences.mean()) <= 5 * error + 0.01 * np.mean(costs)
    assert error < 0.05 * np.mean(costs)


# Files and parts that do not fit


def test_files_come_back():
    for vae, model in (GREY, small_hierarchies.build(depth=3)):
        file = io.BytesIO()
        vae.save(file)
        again = bitsback.HierarchicalVAE.load(io.BytesIO(file.getvalue()))
        assert again.fingerprint == vae.fingerprint == model.fingerprint
        assert again.layers == vae.layers
        made = bitsback.HierarchicalVAE(
            vae.name, vae.encoders, vae.decoders, vae.pixels, vae.bucket_bits
        )
        assert made.fingerprint == vae.fingerprint


def changes():
    """Descriptions that are none."""
    description, _ = small_hierarchies.draft_model(depth=2)
    for field in description:
        yield {key: value for key, value in description.items() if key != field}
    for field, value in (
        *(("layers", [[5]]), ("layers", []), ("layers", [[5], []]), ("layers", [[5], [4]])),
        *(("layers", 3), ("encoders", []), ("decoders", description["decoders"][::-1])),
        *(("image_shape", [4, 6]), ("image_shape", [6, 4, 1]), ("image_shape", [4, 6, 2])),
        *(("bucket_bits", 17), ("version", 2), ("name", 3), ("more", 1)),
    ):
        yield description | {field: value}


@pytest.mark.parametrize("description", list(changes()))
def test_files_that_are_refused(description):
    _, arrays = small_hierarchies.draft_model(depth=2)
    with pytest.raises(ModelError):
        bitsback.HierarchicalVAE.load(io.BytesIO(naive_model.write_model(description, arrays)))
