"""Graphs: large ones with labels by random edge coding, small ones without by shuffle coding.

The order of edges carries no information, and often the numbers of vertices do not either. The
first table is of graphs whose vertices count only for their edges: what they cost with labels under
the Erdos-Renyi model, what is left of that if labels are given back, and the ideal, which is
log2(n! / |Aut|) bits less. The second one is of graphs that have grown by preferential attachment
(Barabasi & Albert 1999), with labels: what an edge costs by random edge coding, whose model has no
parameters, the ideal under that model, and what the sorted edges take as an array compressed by
ansflow. Plots the second table, if matplotlib is installed (``pip install "ansflow[plot]"``).

``--edges FILE`` is for a graph of your own: a text file with an edge a line, two names each.
Everything is decoded and compared.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from random import Random

import numpy as np

import ansflow
from ansflow.bitsback import Codec, ErdosRenyi, Graph, RandomEdges, Shuffled, Stack
from ansflow.errors import ModelError

MOST_PAIRS = 1 << 22  # that are coded one by one
PER_VERTEX = 3


def from_smaller_neighbours(rows: str) -> Graph:
    """A graph by the neighbours of each vertex that have smaller numbers."""
    neighbours = [row.split() for row in rows.split("|")]
    edges = [(int(a), b) for b, smaller in enumerate(neighbours) for a in smaller]
    return Graph(len(neighbours), edges)


SMALL = {
    # Zachary 1977: friendships.
    "karate": from_smaller_neighbours(
        "|0|0 1|0 1 2|0|0|0 4 5|0 1 2 3|0 2|2|0 4 5|0|0 3|0 1 2 3|||5 6|0 1||0 1||0 1||||23 24||"
        "2 23 24|2|23 26|1 8|0 24 25 28|2 8 14 15 18 20 22 23 29 30 31|8 9 13 14 15 18 19 20 22 "
        "23 26 27 28 29 30 31 32"
    ),
    # Breiger & Pattison 1986: marriages.
    "florentine": from_smaller_neighbours("|0||2|2 3|1 2|1 4|1 6|1|1|9|3 4|7 8 11|8|12"),
}


def barabasi_albert(edges: int, seed: int = 0) -> Graph:
    """A graph in which new vertices have edges to three, in proportion to their degrees."""
    random, ends, pairs = Random(seed), list(range(PER_VERTEX)), []
    for vertex in range(PER_VERTEX, PER_VERTEX + edges // PER_VERTEX):
        chosen: set[int] = set()
        while len(chosen) < PER_VERTEX:
            chosen.add(ends[int(random.random() * len(ends))])
        for other in sorted(chosen):
            pairs.append((other, vertex))
            ends += other, vertex
    return Graph(PER_VERTEX + edges // PER_VERTEX, np.array(pairs))


def read(file: Path) -> Graph:
    """A graph of a text file. Its vertices are numbered in the order in which they occur."""
    numbers: dict[str, int] = {}
    edges = []
    for line in file.read_text().splitlines():
        names = line.split("#")[0].replace(",", " ").split()[:2]
        if len(names) == 2:
            edges.append([numbers.setdefault(name, len(numbers)) for name in names])
    return Graph(len(numbers), np.array(edges, np.int64).reshape(-1, 2))


def coded(codec: Codec, graph: Graph, expected: Graph) -> tuple[float, float]:
    """The net rate of a graph, and the time to push it, or to pop it if that is more."""
    stack = Stack(seed=0)
    start, began = stack.mark(), time.process_time()
    codec.push(stack, graph)
    pushed = time.process_time()
    net = stack.rates(start).net
    middle = time.process_time()
    found = codec.pop(stack)
    popped = time.process_time()
    if found != expected or stack != Stack(seed=0):
        raise AssertionError("the graph has not come back")
    return net, max(pushed - began, popped - middle)


def shuffled(graph: Graph) -> dict[str, float]:
    """What a graph costs with labels and without, and the ideal of the latter."""
    n, edges = graph.n, len(graph.edges)
    pairs = n * (n - 1) // 2
    codec: ErdosRenyi | RandomEdges = RandomEdges(n, edges)
    if pairs <= MOST_PAIRS and graph.is_simple:
        codec = ErdosRenyi(n, edges / max(1, pairs))
    exact = Shuffled(codec, exact=True)
    try:
        expected = exact.representative(graph)
    except ModelError:  # too large, or too regular
        exact = Shuffled(codec)
        expected = exact.representative(graph)
    labelled, _ = coded(codec, graph, graph)
    net, _ = coded(exact, graph, expected)
    ideal = codec.bits(graph) - exact.discount(graph).bits
    return {"labelled_bits": labelled, "net_bits": net, "ideal_bits": ideal}


def random_edges(graph: Graph) -> dict[str, float]:
    """What an edge costs with labels, the ideal, and the time that it takes."""
    codec, edges = RandomEdges(graph.n, len(graph.edges)), max(1, len(graph.edges))
    net, seconds = coded(codec, graph, graph)
    return {
        "edges": len(graph.edges),
        "bits_per_edge": net / edges,
        "ideal": codec.bits(graph) / edges,
        "us_per_edge": 1e6 * seconds / edges,
    }


def as_array(graph: Graph) -> float:
    """Bits for an edge of the sorted edges, compressed as an array."""
    edges = graph.edges.astype(np.int32)
    data = ansflow.compress(edges)
    if not np.array_equal(ansflow.decompress(data), edges):
        raise AssertionError("the edges have not come back")
    return 8 * len(data) / max(1, len(edges))


def draw(file: Path, rows: list[dict[str, float]], arrays: list[float]) -> None:
    """Plot bits against the number of edges."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ModuleNotFoundError:
        print("(no figure: it needs matplotlib)")
        return
    figure, axes = pyplot.subplots(figsize=(6, 4))
    edges = [row["edges"] for row in rows]
    axes.plot(edges, arrays, marker="o", label="sorted, as an array")
    axes.plot(edges, [row["bits_per_edge"] for row in rows], marker="o", label="random edge coding")
    axes.plot(edges, [row["ideal"] for row in rows], linestyle="--", label="ideal")
    axes.set(xscale="log", xlabel="edges", ylabel="bits an edge", ylim=(0, None))
    axes.legend()
    figure.tight_layout()
    figure.savefig(file, dpi=120)
    print(f"The figure is in {file}")


def show_small(found: dict[str, dict[str, float]]) -> None:
    print(f"{'':12} {'labelled bits':>14} {'net bits':>10} {'ideal bits':>10}")
    for name, row in found.items():
        print(
            f"{name:12} {row['labelled_bits']:14.3f} {row['net_bits']:10.3f} "
            f"{row['ideal_bits']:10.3f}"
        )


def show_large(rows: list[dict[str, float]], arrays: list[float]) -> None:
    print(f"{'edges':>12} {'bits an edge':>14} {'ideal':>10} {'array':>10} {'us an edge':>10}")
    for row, bits in zip(rows, arrays, strict=True):
        print(
            f"{row['edges']:12,} {row['bits_per_edge']:14.5f} {row['ideal']:10.5f} {bits:10.5f} "
            f"{row['us_per_edge']:10.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edges", type=Path, help="a text file with an edge a line")
    parser.add_argument("--size", type=int, default=1_200_000, help="edges of the largest graph")
    parser.add_argument("--figure", type=Path, default=Path("graphs.png"))
    parser.add_argument("--json", action="store_true", help="end with a line of JSON")
    options = parser.parse_args()

    random_edges(SMALL["karate"])  # which compiles the kernels
    found: dict[str, dict[str, float]]
    if options.edges:
        graph = read(options.edges)
        small, large = {"graph": shuffled(graph)}, [graph]
    else:
        small = {name: shuffled(graph) for name, graph in SMALL.items()}
        sizes = [size for size in (100, 1000, 10_000, 100_000) if size < options.size]
        large = [barabasi_albert(size) for size in [*sizes, options.size]]
    rows, arrays = [random_edges(graph) for graph in large], [as_array(graph) for graph in large]
    show_small(small)
    print()
    show_large(rows, arrays)
    print("All graphs were restored, and so were the stacks, bit for bit.")
    if options.edges:
        found = {"graph": {**small["graph"], **rows[0]}}
    else:
        found = {**small, "random_edges": rows[-1]}
        draw(options.figure, rows, arrays)
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
