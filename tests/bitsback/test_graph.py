"""Graphs apply their layers in order, to images of any size, also after they have been stored."""

import io
import json
import pickle

import naive_nets as oracle
import numpy as np
import pytest
from child_jobs import graph_digest, small_graph
from hypothesis import given, settings, strategies as st

from ansflow.bitsback.models.files.model_file import read_model, write_model
from ansflow.bitsback.nets import (
    Activation,
    Add,
    Concatenate,
    Crop,
    Dense,
    Graph,
    Node,
    Upsample,
)
from ansflow.errors import ModelError

GRAPH = small_graph()
DESCRIPTION, ARRAYS = GRAPH.describe("g")
DENSE = Dense.quantized(np.eye(3), np.zeros(3), False)

# So that no release gives other integers.
DIGEST = "dda9f3f9bbe19351"


def inputs_of(seed, batch, height, width):
    rng = np.random.default_rng(seed)
    image = rng.integers(-(1 << 14), 1 << 14, (batch, height, width, 3)).astype(np.int32)
    return {"image": image, "time": rng.integers(-9000, 9000, (batch, 4)).astype(np.int32)}


@given(st.integers(0, 99), st.integers(1, 9), st.integers(1, 9))
@settings(max_examples=15)
def test_a_graph_equals_the_oracle(seed, height, width):
    inputs = inputs_of(seed, 2, height, width)
    results = GRAPH(**inputs)
    assert list(results) == ["means", "scales", "features"]
    for name, shape in GRAPH.output_shapes.items():
        assert results[name].dtype == np.int32
        assert shape[:2] == (None, None)
        assert results[name].shape[3:] == shape[2:]
    for i in range(2):
        given = {name: x[i].tolist() for name, x in inputs.items()}
        expected = oracle.run_graph(DESCRIPTION, ARRAYS, "g", given)
        assert {name: y[i].tolist() for name, y in results.items()} == expected


@pytest.mark.parametrize(("batch", "threads"), [(1, 1), (3, 1), (2, 4)])
def test_the_same_results_as_ever(batch, threads):
    assert graph_digest(batch, threads) == DIGEST


def test_a_stored_graph():
    """As JSON and arrays, in the file of a model, and pickled."""
    file = io.BytesIO()
    write_model(file, {"net": DESCRIPTION}, ARRAYS)
    description, arrays = read_model(file)
    again = Graph.from_description(description["net"], arrays, "g")
    assert again.describe("g")[0] == DESCRIPTION
    assert again.output_shapes == GRAPH.output_shapes
    inputs = inputs_of(0, 1, 5, 6)
    for other in (again, pickle.loads(pickle.dumps(GRAPH))):
        for name, y in other(**inputs).items():
            assert np.array_equal(y, GRAPH(**inputs)[name])


def test_layers_of_graphs_and_networks_have_names_of_their_own():
    assert all(name.startswith("g.") for name in ARRAYS)
    assert {name.split(".")[1] for name in ARRAYS} <= {node.name for node in GRAPH.nodes}


def test_inputs_as_results_and_results_that_nobody_needs():
    graph = Graph(
        {"a": (3,), "b": (3,)},
        [Node("c", Add(), ["a", "b"]), Node("d", DENSE, ["c"]), Node("e", Add(), ["a", "a"])],
        ["a", "c", "e"],
    )
    results = graph(a=[[1.0, 2, 3]], b=[[4.0, 5, 6]])
    assert {name: (y[0] / 4096).tolist() for name, y in results.items()} == {
        "a": [1, 2, 3],
        "c": [5, 7, 9],
        "e": [2, 4, 6],
    }


def test_inputs_that_the_graph_does_not_take():
    inputs = inputs_of(0, 2, 4, 4)
    with pytest.raises(TypeError, match="image, time"):
        GRAPH(image=inputs["image"])
    with pytest.raises(TypeError, match="image, time"):
        GRAPH(**inputs, noise=inputs["time"])
    with pytest.raises(ValueError, match="batch"):
        GRAPH(image=inputs["image"], time=inputs["time"][:1])
    with pytest.raises(ValueError, match="image"):
        GRAPH(image=inputs["image"][..., :2], time=inputs["time"])
    with pytest.raises(ValueError, match="time"):
        GRAPH(image=inputs["image"], time=np.float64(3))
    with pytest.raises(ModelError, match="NaN"):
        GRAPH(image=inputs["image"], time=np.full((2, 4), np.nan))


def test_a_layer_that_breaks_its_word():
    class Longer(Activation):
        def __call__(self, x):
            return np.repeat(x, 2, axis=-1)

    graph = Graph({"a": (3,)}, [Node("b", Longer("relu"), ["a"])], ["b"])
    with pytest.raises(ModelError, match="'b' must return"):
        graph(a=np.zeros((1, 3)))


ILLEGAL = {
    "no inputs": lambda: Graph({}, [], []),
    "an unknown input": lambda: Graph({"a": (3,)}, [Node("b", DENSE, ["c"])], ["b"]),
    "a node after": lambda: Graph(
        {"a": (3,)}, [Node("b", DENSE, ["c"]), Node("c", DENSE, ["a"])], ["b"]
    ),
    "a node itself": lambda: Graph({"a": (3,)}, [Node("b", DENSE, ["b"])], ["b"]),
    "an unknown output": lambda: Graph({"a": (3,)}, [], ["b"]),
    "a name twice": lambda: Graph({"a": (3,)}, [Node("a", DENSE, ["a"])], ["a"]),
    "an output twice": lambda: Graph({"a": (3,)}, [], ["a", "a"]),
    "two inputs of a layer": lambda: Graph({"a": (3,)}, [Node("b", DENSE, ["a", "a"])], ["b"]),
    "no inputs of a node": lambda: Graph({"a": (3,)}, [Node("b", Add(), [])], ["b"]),
    "text as inputs": lambda: Graph({"a": (3,)}, [Node("b", DENSE, "a")], ["b"]),
    "text as outputs": lambda: Graph({"a": (3,)}, [], "a"),
    "a name with a dot": lambda: Graph({"a": (3,)}, [Node("b.0", DENSE, ["a"])], []),
    "a long name": lambda: Graph({"a" * 129: (3,)}, [], []),
    "no name": lambda: Graph({"": (3,)}, [], []),
    "a name of another script": lambda: Graph({"é": (3,)}, [], []),
    "a number as a name": lambda: Graph({"a": (3,)}, [Node(5, DENSE, ["a"])], []),
    "shapes that don't fit": lambda: Graph({"a": (4,)}, [Node("b", DENSE, ["a"])], []),
    "channels without bound": lambda: Graph(
        {"0": (3,)},
        [Node(str(i + 1), Concatenate(), [str(i)] * 2) for i in range(1000)],
        ["1000"],
    ),
    "too many nodes": lambda: Graph(
        {"a": (3,)}, [Node(str(i), DENSE, ["a"]) for i in range(10_001)], []
    ),
}


@pytest.mark.parametrize("name", ILLEGAL)
def test_illegal_graphs(name):
    with pytest.raises(ModelError):
        ILLEGAL[name]()


ADD = {"kind": "add", "relu": False, "name": "b", "inputs": ["a", "a"]}


def described(**changes):
    return {"inputs": {"a": [3]}, "nodes": [ADD], "outputs": ["b"]} | changes


DESCRIPTIONS = {
    "nothing": None,
    "a list": [],
    "no nodes": {"inputs": {"a": [3]}, "outputs": []},
    "inputs as a list": described(inputs=[["a", [3]]]),
    "a number as a shape": described(inputs={"a": 3}),
    "text as a shape": described(inputs={"a": "3"}),
    "a number as nodes": described(nodes=3),
    "a number as a node": described(nodes=[3]),
    "an unknown kind": described(nodes=[ADD | {"kind": "multiply"}]),
    "no name": described(nodes=[{"kind": "add", "relu": False, "inputs": ["a", "a"]}]),
    "a list as a name": described(nodes=[ADD | {"name": []}]),
    "numbers as inputs": described(nodes=[ADD | {"inputs": [1, 2]}]),
    "lists as inputs": described(nodes=[ADD | {"inputs": [[], []]}]),
    "text as inputs": described(nodes=[ADD | {"inputs": "aa"}]),
    "a field too many": described(nodes=[ADD | {"stride": 1}]),
    "a field missing": described(nodes=[{k: v for k, v in ADD.items() if k != "relu"}]),
    "a merge in a residual": described(
        nodes=[{"kind": "residual", "relu": True, "layers": [ADD], "name": "b", "inputs": ["a"]}]
    ),
    "a number as outputs": described(outputs=3),
    "numbers as outputs": described(outputs=[3]),
    "no arrays": described(
        nodes=[{"kind": "dense", "relu": True, "shift": 1, "name": "b", "inputs": ["a"]}]
    ),
}


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_illegal_descriptions(name):
    assert Graph.from_description(described(), {}, "g").output_shapes == {"b": (3,)}
    with pytest.raises(ModelError):
        Graph.from_description(DESCRIPTIONS[name], {}, "g")


def test_images_of_odd_sizes_come_back():
    graph = Graph(
        {"x": (None, None, 1)},
        [Node("up", Upsample(2), ["x"]), Node("crop", Crop(), ["up", "x"])],
        ["crop"],
    )
    assert json.loads(json.dumps(graph.describe("g")[0]))["inputs"] == {"x": [None, None, 1]}
    x = np.arange(15).reshape(1, 3, 5, 1)
    assert graph(x=x)["crop"].shape == x.shape
