"""Two commits, timed in turn: what ``python -m benchmarks.compare`` is made of."""
