"""
Graphs, with the numbers of their vertices and without
======================================================

Whoever stores a graph numbers its vertices and writes its edges down one after the other. Often
neither the numbers nor the order of edges mean anything. Shuffle coding gives back what numbers
cost, and random edge coding what the order of edges costs, of graphs with millions of them.
"""

# %%
# In both, the latent variable is what means nothing: H(X) = H(X, Z) - H(Z | X), where Z is the
# numbering of vertices (Kunze et al. 2024, arXiv:2408.08837), or the order of edges and of the two
# ends of each (Severo et al. 2023, arXiv:2305.09705). It is popped from the stack before X and Z
# are pushed. :doc:`multisets` does this by hand for numbers.

# region Imports and options
import argparse
import json
import sys
import time
from pathlib import Path
from random import Random

import numpy as np

import ansflow
from ansflow.bitsback import Codec, ErdosRenyi, Graph, RandomEdges, Shuffled, Stack
from ansflow.errors import ModelError

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    plt = None
    print('The figures need matplotlib: pip install "ansflow[plot]"')

parser = argparse.ArgumentParser(description="Graphs, with and without labels, as bits.")
parser.add_argument("--edges", type=Path, help="a text file with an edge a line, two names each")
parser.add_argument(
    "--size", type=int, help="edges of the largest graph: 100,000, or 1,200,000 with --json"
)
parser.add_argument("--figure", type=Path, help="where to save the figure of small graphs")
parser.add_argument("--json", action="store_true", help="end with a line of JSON")
options = parser.parse_args(sys.argv[1:] if "__file__" in globals() else [])  # in a notebook: none
# endregion
size = options.size or (1_200_000 if options.json else 100_000)

MOST_PAIRS = 1 << 22  # that are coded one by one
PER_VERTEX = 3

# %%
# Two famous small graphs: who was a friend of whom in a karate club that was about to split
# (Zachary 1977), and who married whom in Florence in the 15th century (Breiger and Pattison 1986).


# region Their edges
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
# endregion

# %%
# Without labels
# --------------
# The vertices of these have no names here, so that a graph is the same in all n! numberings of its
# n vertices. But some numberings are the same already, since vertices can be exchanged: these
# exchanges are the *automorphisms*. If there are A of them, n! / A labelled graphs are one and the
# same without labels, and log2(n! / A) bits can be saved. Labelled, these graphs are coded under
# the Erdős-Rényi model: each pair of vertices has an edge with the same probability.


# region Measuring
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


# endregion


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


# region A table, and graphs of one's own
def show_small(found: dict[str, dict[str, float]]) -> None:
    print(f"{'':12} {'labelled bits':>14} {'net bits':>10} {'ideal bits':>10}")
    for name, row in found.items():
        print(
            f"{name:12} {row['labelled_bits']:14.3f} {row['net_bits']:10.3f} "
            f"{row['ideal_bits']:10.3f}"
        )


def read(file: Path) -> Graph:
    """A graph of a text file. Its vertices are numbered in the order in which they occur."""
    numbers: dict[str, int] = {}
    edges = []
    for line in file.read_text().splitlines():
        names = line.split("#")[0].replace(",", " ").split()[:2]
        if len(names) == 2:
            edges.append([numbers.setdefault(name, len(numbers)) for name in names])
    return Graph(len(numbers), np.array(edges, np.int64).reshape(-1, 2))


# endregion


graph_of_ones_own = read(options.edges) if options.edges else None
given = {"graph": graph_of_ones_own} if graph_of_ones_own else SMALL
small = {name: shuffled(graph) for name, graph in given.items()}
show_small(small)

# %%
# The karate club, drawn with springs: edges pull, and all vertices push each other away. Vertices
# of one colour look alike, from as far away as one cares to look: five have the same two friends. A
# *refinement* finds them: each vertex gets a colour by its neighbours' colours, again and again.
# They can be exchanged, in 480 ways in all. On the right is the same graph in two numberings.
# As tables of who knows whom they have little in common, and yet both become the same bits.


def renumbered(graph: Graph, seed: int) -> Graph:
    return Graph(graph.n, np.random.default_rng(seed).permutation(graph.n)[graph.edges])


karate = SMALL["karate"]
pairs = karate.n * (karate.n - 1) / 2
codec = Shuffled(ErdosRenyi(karate.n, len(karate.edges) / pairs), exact=True)
twice = [renumbered(karate, seed) for seed in (1, 2)]
messages = []
for graph in twice:
    stack = Stack(seed=0)
    codec.push(stack, graph)
    messages.append(stack.to_bytes())
    assert codec.pop(stack) == codec.representative(karate)
assert messages[0] == messages[1]

# region Drawing
BLUE, ORANGE, GREEN, PINK = "#0072B2", "#E69F00", "#009E73", "#CC79A7"
VERMILION, GREY = "#D55E00", "#BBBBBB"


def table(graph: Graph) -> np.ndarray:
    """Who is adjacent to whom."""
    adjacent = np.zeros((graph.n, graph.n), bool)
    adjacent[tuple(graph.edges.T)] = adjacent[tuple(graph.edges.T[::-1])] = True
    return adjacent


def refinement(adjacent: np.ndarray) -> np.ndarray:
    """Numbers of vertices, which are the same if the vertices look alike."""
    colours = np.zeros(len(adjacent), int)
    for _ in range(5):
        seen = [(colours[i], *sorted(colours[row])) for i, row in enumerate(adjacent)]
        colours = np.array([sorted({*seen}).index(what) for what in seen])
    return colours


def springs(adjacent: np.ndarray, steps: int = 400) -> np.ndarray:
    """Places of vertices in a plane (Fruchterman and Reingold 1991)."""
    places = np.random.default_rng(3).normal(size=(len(adjacent), 2))
    wanted = 2 / np.sqrt(len(adjacent))
    for step in range(steps):
        apart = places[:, np.newaxis] - places
        distance = np.sqrt((apart**2).sum(axis=2, keepdims=True)) + 1e-9
        push = wanted**2 / distance - adjacent[:, :, np.newaxis] * distance**2 / wanted
        force = (apart / distance * push).sum(axis=1)
        length = np.sqrt((force**2).sum(axis=1, keepdims=True)) + 1e-9
        places += force / length * np.minimum(length, 0.15 * (1 - step / steps))
    return places


if plt and not graph_of_ones_own:
    adjacent = table(karate)
    places, colours = springs(adjacent), refinement(adjacent)
    figure = plt.figure(figsize=(11, 5), layout="constrained")
    parts = figure.subplot_mosaic(
        [["club", "first", "bits"], ["club", "second", "bits"]], width_ratios=[5, 2.2, 2.2]
    )
    club = parts["club"]
    for a, b in karate.edges:
        club.plot(*places[[a, b]].T, color=GREY, lw=1, zorder=1)
    sizes = np.bincount(colours)
    club.scatter(*places[sizes[colours] == 1].T, s=120, color="white", edgecolor="black", zorder=2)
    groups = sorted(np.flatnonzero(sizes > 1), key=lambda colour: -sizes[colour])
    for group, colour, marker in zip(groups, (VERMILION, BLUE, GREEN, PINK), "os^D", strict=True):
        alike = places[colours == group]
        club.scatter(*alike.T, s=120, color=colour, marker=marker, edgecolor="black", zorder=2)
    club.set_title("vertices of one colour look alike", fontsize=10)
    club.set_aspect("equal")
    club.axis("off")
    for part, graph in zip(("first", "second"), twice, strict=True):
        parts[part].imshow(table(graph), cmap="Greys", interpolation="nearest")
        parts[part].set(xticks=[], yticks=[])
        parts[part].set_title(f"the {part} numbering", fontsize=10)
    bits, row = parts["bits"], small["karate"]
    labelled, net = row["labelled_bits"], row["net_bits"]
    bits.bar(["with\nlabels", "without"], [labelled, net], color=[ORANGE, BLUE], width=0.6)
    bits.annotate("", (1, net), (1, labelled), arrowprops={"arrowstyle": "<->"})
    saved = f"{labelled - net:.1f}\n= log2(34! / 480)"
    bits.text(1, labelled + 4, saved, ha="center", va="bottom", fontsize=9)
    for x, value in enumerate((labelled, net)):
        bits.text(x, 6, f"{value:.1f}", ha="center", color="black" if x == 0 else "white")
    bits.set(ylabel="bits", ylim=(0, labelled * 1.15), xlim=(-0.5, 1.7))
    bits.spines[["top", "right"]].set_visible(False)
    if options.figure:
        figure.savefig(options.figure, dpi=120)
# endregion

# %%
# Large ones with labels
# ----------------------
# Where vertices are users or pages, their numbers are kept, since something else refers to them.
# The order of edges still means nothing. Random edge coding gives it back, and its model has no
# parameters and yet knows that popular vertices become more popular: the next end of an edge is a
# vertex with a probability that grows with the edges that it has already, which is Pólya's urn. It
# is tried here on graphs that have grown in that way, by preferential attachment (Barabási and
# Albert 1999), next to what people do today, the sorted edges compressed as an array.


# region Graphs that grow
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


# endregion


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


random_edges(SMALL["karate"])  # which compiles the kernels
if graph_of_ones_own:
    large = [graph_of_ones_own]
else:
    steps = [edges for edges in (100, 1000, 10_000, 100_000) if edges < size]
    large = [barabasi_albert(edges) for edges in [*steps, size]]
rows, arrays = [random_edges(graph) for graph in large], [as_array(graph) for graph in large]
print(f"{'edges':>12} {'bits an edge':>14} {'ideal':>10} {'array':>10} {'us an edge':>10}")
for row, bits in zip(rows, arrays, strict=True):
    print(
        f"{row['edges']:12,} {row['bits_per_edge']:14.5f} {row['ideal']:10.5f} {bits:10.5f} "
        f"{row['us_per_edge']:10.2f}"
    )
print("All graphs were restored, and so were the stacks, bit for bit.")

# %%
# Bits of an edge, and microseconds that it takes.

# region Drawing
if plt and len(large) > 1:
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), width_ratios=[3, 2])
    edges = [row["edges"] for row in rows]
    coded_bits = [row["bits_per_edge"] for row in rows]
    ideal = [row["ideal"] for row in rows]
    left.plot(edges, arrays, marker="s", color=ORANGE, ls="--", label="sorted, as an array")
    left.plot(edges, coded_bits, marker="o", color=BLUE, label="random edge coding")
    left.plot(edges, ideal, "+", ms=12, color="black", label="its ideal")
    left.set(ylabel="bits an edge", ylim=(0, None))
    left.legend(frameon=False, loc="lower right")
    right.plot(edges, [row["us_per_edge"] for row in rows], marker="o", color=BLUE)
    right.set(ylabel="microseconds of CPU time an edge", ylim=(0, None))
    for axes in (left, right):
        axes.set(xscale="log", xlabel="edges")
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()

if options.json:
    if graph_of_ones_own:
        print(json.dumps({"graph": {**small["graph"], **rows[0]}}))
    else:
        print(json.dumps({**small, "random_edges": rows[-1]}))
# endregion
