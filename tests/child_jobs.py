"""What child processes of tests run: importable there by this name."""

from functools import partial

import ansflow
from ansflow.engine.threads import ordered


def square(n):
    return n * n


def in_child(seed):
    """Use threads, and code something."""
    assert sum(ordered([partial(square, n) for n in range(seed)], 3)) == sum(
        n * n for n in range(seed)
    )
    blob = ansflow.compress(bytes(seed) * 300)
    assert ansflow.decompress(blob) == bytes(seed) * 300
    return seed
