"""Files of VAEs come back, are what MODEL.md says, and anything else is refused."""

import copy
import io
import json
import pickle
import zipfile

import naive_model
import numpy as np
import pytest
import small_vaes
from hypothesis import given, settings
from random_vaes import made, models, random_images

from ansflow import bitsback
from ansflow.errors import ModelError


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
    vae, _ = small_vaes.build(components=2, net="convolution")
    vae.save(tmp_path / "model.npz")
    for path in (tmp_path / "model.npz", str(tmp_path / "model.npz")):
        assert bitsback.VAE.load(path).fingerprint == vae.fingerprint
    with pytest.raises(FileNotFoundError):
        bitsback.VAE.load(tmp_path / "other.npz")


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


# Files that are refused


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
