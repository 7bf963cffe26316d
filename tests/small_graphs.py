"""Graphs for tests: two that everybody knows, and any."""

from hypothesis import strategies as st

from ansflow.bitsback import Graph


def _graph(smaller_neighbours):
    """A graph by the neighbours of each vertex that have smaller numbers."""
    rows = smaller_neighbours.split("|")
    return Graph(len(rows), [(int(a), b) for b, row in enumerate(rows) for a in row.split()])


# Zachary 1977: friendships in a karate club, with 480 automorphisms.
KARATE = _graph(
    "|0|0 1|0 1 2|0|0|0 4 5|0 1 2 3|0 2|2|0 4 5|0|0 3|0 1 2 3|||5 6|0 1||0 1||0 1||||23 24||"
    "2 23 24|2|23 26|1 8|0 24 25 28|2 8 14 15 18 20 22 23 29 30 31|8 9 13 14 15 18 19 20 22 "
    "23 26 27 28 29 30 31 32"
)
# Breiger & Pattison 1986: marriages of families in Florence.
FLORENTINE = _graph("|0||2|2 3|1 2|1 4|1 6|1|1|9|3 4|7 8 11|8|12")


@st.composite
def simple_graphs(draw, most=9):
    n = draw(st.integers(0, most))
    pairs = [(a, b) for b in range(n) for a in range(b)]
    if not pairs:
        return Graph(n, [])
    return Graph(n, draw(st.lists(st.sampled_from(pairs), unique=True)))
