"""`describe` tells what was put in, and a bound that is right."""

import io
import json
import math
from collections import Counter

import naive
import naive_body
import naive_frame
import naive_model
import naive_payload as payloads
import numpy as np
import pytest
import small_vaes

import ansflow
from ansflow.inspect.description import describe
from ansflow.models import Categorical

DATA = np.random.default_rng(0).geometric(0.2, 50_000).clip(1, 200).astype(np.uint8)


def described(data, **options):
    blob = ansflow.compress(data, **options)
    found = describe(io.BytesIO(blob))
    json.dumps(found, allow_nan=False)
    assert found["size"] == len(blob)
    (frame,) = found["frames"]
    assert sum(frame["bytes"].values()) == frame["size"] == len(blob)
    return found, frame


def shannon(data, chunk):
    """Bits, chunk by chunk."""
    bits = 0.0
    for begin in range(0, len(data), chunk):
        part = data[begin : begin + chunk]
        for count in np.unique(part, return_counts=True)[1].tolist():
            bits -= count * math.log2(count / len(part))
    return bits


@pytest.mark.parametrize("chunk_size", [1000, 7777, 1 << 20])
def test_the_bound(chunk_size):
    found, frame = described(DATA.tobytes(), chunk_size=chunk_size)
    bits = shannon(DATA, chunk_size)
    assert found["ideal"]["bits_per_byte"] == pytest.approx(bits / DATA.size)
    overhead = 100 * (8 * found["size"] / bits - 1)
    assert found["ideal"]["overhead_percent"] == pytest.approx(overhead)
    assert overhead > 0
    assert frame["ideal"] == found["ideal"]
    assert found["bits_per_byte"] == 8 * found["size"] / DATA.size


def test_the_bound_of_planes():
    array = DATA[:49_998].view("V3")
    _, frame = described(array, chunk_size=15_000)
    planes = [shannon(DATA[plane:49_998:3], 5000) for plane in range(3)]
    assert frame["ideal"]["bits_per_byte"] == pytest.approx(sum(planes) / 49_998)
    assert frame["ideal"]["bits_per_item"] == pytest.approx(3 * sum(planes) / 49_998)
    assert frame["bits_per_item"] == pytest.approx(3 * frame["bits_per_byte"])


def test_contexts_may_be_below_the_bound():
    found, frame = described(b"abracadabra" * 1000, order=1)
    assert frame["streams"]["contexts"] == 1
    assert found["ideal"]["overhead_percent"] < 0


def test_streams_and_options():
    model = Categorical.fit(DATA, precision=13)
    noise = np.random.default_rng(0).bytes(1000)
    data = bytes(1000) + noise + DATA[:1000].tobytes()
    _, frame = described(
        data, chunk_size=1000, precision=9, lanes=4, tables=[model], metadata={"a": [1, None]}
    )
    used = {name: count for name, count in frame["streams"].items() if count}
    assert used == {"stored": 1, "constant": 1, "shared": 1}
    unused = {"coded", "contexts", "modelled", "classes", "neighbours", "adaptive"}
    assert frame["streams"].keys() - used.keys() == unused
    assert frame["shared_tables"] == [13]
    assert frame["precisions"] == [13]
    assert frame["lanes"] == [1]
    assert frame["metadata"] == {"a": [1, None]}
    assert (frame["chunks"], frame["chunk_shape"], frame["recipes"]) == (3, [1000], {"stream": 3})
    assert frame["index"]
    assert frame["sized"]
    assert frame["bytes"]["bodies"] < 2100


def test_arrays():
    array = np.asfortranarray(DATA[:48_000].view(">i4").reshape(30, 400))
    found, frame = described(array)
    assert (frame["kind"], frame["dtype"], frame["shape"], frame["order"]) == (
        *("array", ">i4"),
        *([30, 400], "F"),
    )
    assert found["content_size"] == frame["content_size"] == array.nbytes
    _, frame = described(np.ones(3, [("a", "<i2"), ("b", "<f8", (2,))]))
    assert frame["dtype"] == [("a", "<i2"), ("b", "<f8", (2,))]


def test_nothing():
    for data in (b"", np.zeros((3, 0)), bytes(10)):
        found, frame = described(data)
        assert found["ideal"]["overhead_percent"] is None
        assert sum(frame["streams"].values()) == (1 if len(data) == 10 else 0)
    assert found["bits_per_byte"] == 8 * found["size"] / 10
    assert found["ideal"]["bits_per_byte"] == 0


def test_frames_and_files(tmp_path):
    """From a path or a position; of several frames, each and all."""
    blob = b"".join(ansflow.iter_compress([DATA.tobytes()], chunk_size=9000))
    path = tmp_path / "x"
    path.write_bytes(blob + ansflow.compress(b"more"))
    found = describe(path)
    assert [frame["begin"] for frame in found["frames"]] == [0, len(blob)]
    assert found["content_size"] == DATA.size + 4
    assert [frame["sized"] for frame in found["frames"]] == [False, True]
    bits = [8 * shannon(DATA, 9000) / 8, 2 * 4]
    assert found["ideal"]["bits_per_byte"] == pytest.approx(sum(bits) / (DATA.size + 4))
    file = io.BytesIO(b"before" + path.read_bytes())
    file.seek(6)
    assert describe(file)["ideal"] == found["ideal"]


def test_progress_and_quick():
    blob = ansflow.compress(bytes(20 << 20))
    seen = []
    describe(io.BytesIO(blob), on_progress=seen.append)
    assert seen == sorted(seen)
    assert (len(seen), seen[-1]) == (80, 20 << 20)
    quick = describe(io.BytesIO(blob), ideal=False, on_progress=seen.append)
    assert len(seen) == 80
    assert "ideal" not in quick


def test_damage_and_limits():
    blob = bytearray(ansflow.compress(DATA))
    with pytest.raises(ansflow.errors.LimitError):
        describe(io.BytesIO(blob), limits=ansflow.Limits(max_output=100))
    with pytest.raises(ansflow.errors.TruncatedError):
        describe(io.BytesIO(blob[:-1]))
    with pytest.raises(ansflow.errors.CorruptDataError):
        describe(io.BytesIO(b""))
    blob[1000] ^= 1
    describe(io.BytesIO(blob), ideal=False)
    with pytest.raises(ansflow.errors.CorruptDataError):
        describe(io.BytesIO(blob))


def test_models():
    vae, model = small_vaes.make_known("described", components=2, seed=1)
    content = naive_model.sample(model, 40)
    _, frame = described(content + bytes(500) + b"more", model=vae, chunk_size=480)
    assert frame["model"] == {"name": "described", "fingerprint": vae.fingerprint}
    assert frame["chunk_shape"] == [480]
    assert frame["streams"]["modelled"] == 2
    assert frame["streams"]["constant"] == 1
    assert frame["streams"]["stored"] == 1
    assert sum(frame["streams"].values()) == 4
    assert (frame["precisions"], frame["lanes"]) == ([], [])
    _, frame = described(content)
    assert "model" not in frame


def test_models_may_be_below_the_bound():
    """It is that of bytes that don't know of each other."""
    vae, model = small_vaes.make_known("described-binary", seed=1)
    found, frame = described(naive_model.sample(model, 200), model=vae)
    assert frame["streams"]["modelled"] == 1
    assert found["ideal"]["overhead_percent"] < 0


WALK = np.round(np.cumsum(np.random.default_rng(1).normal(0, 1, 200_000)), 2)
WALK[::17] = np.nan


def test_the_streams_of_numbers():
    _, frame = described(WALK, chunk_size=400_000)
    (plan,) = frame["plans"]
    assert {plan["recipe"]: plan["chunks"]} == frame["recipes"]
    assert (plan["items"], plan["size"]) == (WALK.size, frame["bytes"]["bodies"])
    assert plan["bits_per_item"] == 8 * plan["size"] / WALK.size
    streams = {stream["name"]: stream for stream in plan["streams"]}
    # As the recipe says, and most of it in these.
    assert streams.keys() >= {"kept, integers, tokens", "kept, integers, raw bits", "mask"}
    kinds = sum((Counter(stream["kinds"]) for stream in plan["streams"]), Counter())
    assert kinds == {name: count for name, count in frame["streams"].items() if count}
    sizes = sum(stream["size"] for stream in plan["streams"])
    assert plan["size"] - 100 * plan["chunks"] < sizes < plan["size"]
    tokens = streams["kept, integers, tokens"]
    assert tokens["symbol_bits"] == 8
    assert tokens["symbols"] == WALK.size - np.isnan(WALK).sum()
    for stream in plan["streams"]:
        assert stream["bits_per_item"] == 8 * stream["size"] / WALK.size
        assert stream["entropy_per_item"] <= stream["ideal_bits_per_item"] + 1e-9
        assert stream["ideal_bits_per_item"] <= stream["bits_per_item"] + 1e-9
    assert tokens["bits_per_item"] < 1.01 * tokens["ideal_bits_per_item"]
    entropy = sum(stream["entropy_per_item"] for stream in plan["streams"])
    assert entropy == pytest.approx(frame["ideal"]["bits_per_item"])
    quick = describe(io.BytesIO(ansflow.compress(WALK)), ideal=False)
    assert "plans" not in quick["frames"][0]


@pytest.mark.parametrize("kind", ["coded", "shared", "contexts", "classes", "modelled"])
def test_the_ideal_is_that_of_the_distributions_in_use(kind):
    """Whatever says which distribution a symbol has."""
    rng = np.random.default_rng(2)
    data, told = DATA[:20_000], {"recipe": "stream"}
    if kind == "shared":
        told["tables"] = [Categorical.fit(DATA.tolist(), precision=14)]
    elif kind == "contexts":
        data, told["order"] = np.cumsum(rng.integers(-1, 2, 20_000)).astype("u1"), 1
    elif kind == "classes":
        data = (rng.normal(0, 1, 20_000) * (np.arange(20_000) // 2500 % 2 * 20 + 1)).astype("i1")
    elif kind == "modelled":
        told["model"], model = small_vaes.make_known("measured", components=2, seed=1)
        data = np.frombuffer(naive_model.sample(model, 40), "u1").reshape(40, 24)
    _, frame = described(data, **told)
    (plan,) = frame["plans"]
    (stream,) = plan["streams"]
    assert stream["kinds"] == {kind: 1}
    assert stream["name"] == "symbols"
    if kind == "modelled":
        assert stream["ideal_bits_per_item"] is None
        return
    frame = naive_frame.read(ansflow.compress(data, **told))
    (read,) = frame.streams
    rows = rows_of(read, frame.shared)
    bits = sum(
        read.precision - math.log2(row[s]) for row, s in zip(rows, read.content, strict=True)
    )
    assert stream["ideal_bits_per_item"] * data.size == pytest.approx(bits)


def rows_of(stream, shared):
    """The frequencies of each symbol."""
    payload, p, n = stream.payload, stream.precision, len(stream.content)
    match stream.kind:
        case naive_frame.CODED:
            return [payloads.read_table(payload, p)[0]] * n
        case naive_frame.SHARED:
            return [shared[0][0]] * n
        case naive_frame.CONTEXTS:
            rows, _ = payloads.read_contexts(payload, p)
            return [rows[c] for c in naive.order1_contexts(list(stream.content), stream.lanes)]
        case naive_frame.CLASSES:
            tables, at = payloads.read_tables(payload, p)
            classes, _ = naive_body.read_classes(payload, at, -(-n // 64), len(tables), None)
            return [tables[classes[i // 64]] for i in range(n)]


def test_symbols_of_16_bits():
    symbols = np.random.default_rng(3).geometric(0.01, 30_000).clip(1, 900).astype("<u2")
    for data, alphabet in ((symbols, 901), (symbols % 200, 256)):
        _, frame = described(data, recipe="stream")
        ((stream,),) = [plan["streams"] for plan in frame["plans"]]
        assert (stream["symbol_bits"], stream["kinds"]) == (16, {"coded": 1})
        assert stream["entropy_per_item"] <= stream["ideal_bits_per_item"]
        assert stream["ideal_bits_per_item"] < stream["bits_per_item"]
        assert data.max() < alphabet


def test_recipes_whose_text_is_the_same():
    """At the edge, there are fewer columns."""
    pixels = np.random.default_rng(4).integers(0, 9, (500, 5), "u1")
    _, frame = described(pixels, chunks=(100, 3), recipe="columns")
    assert frame["recipes"] == {"columns": 10}
    assert [(plan["recipe"], plan["chunks"]) for plan in frame["plans"]] == [("columns", 5)] * 2
    names = [[stream["name"] for stream in plan["streams"]] for plan in frame["plans"]]
    assert names == [["column 0", "column 1", "column 2"], ["column 0", "column 1"]]


def test_neighbours():
    """What contexts save is in the ideal; tables and states are not."""
    waves = np.sin(np.arange(300) / 40)[:, None] + np.sin(np.arange(400) / 50)
    noise = np.abs(np.random.default_rng(0).normal(0, 1, waves.shape))
    _, frame = described((noise * (1 + 20 * waves**2)).clip(0, 255).astype("u1"), recipe="stream")
    [[stream]] = [plan["streams"] for plan in frame["plans"]]
    assert stream["kinds"] == {"neighbours": 1}
    assert stream["ideal_bits_per_item"] < 0.95 * stream["entropy_per_item"]
    assert 0.97 < stream["ideal_bits_per_item"] / stream["bits_per_item"] < 1
